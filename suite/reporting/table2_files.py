"""Table 2 as CSV, Markdown and LaTeX: the same numbers as on the page."""

from __future__ import annotations

import csv
import io

from suite.reporting import tex
from suite.reporting.numbers import MINUS, count, in_a_sentence, listing
from suite.reporting.table2 import BEST, BETTER, SAME, UNTESTED, Column, Entry, Row, Table2
from suite.store.spreadsheet import no_formula

NOTE = (
    "Mean ± half the 95 % t interval over n runs, last epoch. α = accuracy / connections, "
    "β = loss × connections, per run and then averaged."
)
MARKS = (
    "Bold: the best of its column. †: not shown to differ from the best. ‡: too few runs "
    "differ from those of the best to be tested against it. The best is picked from the same runs, "
    "so these marks only describe; the declared comparisons bound the chance of an error."
)
_SIGNS = {SAME: "†", UNTESTED: "‡", BETTER: "§"}
_TEX_SIGNS = {SAME: r"\dagger", UNTESTED: r"\ddagger", BETTER: r"\S"}


def marks(table: Table2) -> str:
    """Return what the marks of a table mean."""
    if not any(entry.mark == BETTER for row in table.rows for entry in row.entries):
        return MARKS
    return f"{MARKS} §: better than the best over the seeds of both; means are over all of a cell."


def left_out(table: Table2) -> str:
    """Say how many runs are left out of entries because a value is not finite; "" if none."""
    runs = [
        f"{count(row.left_out, 'run')} of {in_a_sentence(row.cell.title)}"
        for row in table.rows
        if row.left_out
    ]
    if not runs:
        return ""
    return f"Left out where not finite: {listing(runs)}; an entry with fewer runs gives its own n."


def as_csv(table: Table2) -> str:
    """Return the table as CSV: plain numbers, one row a cell.

    For each measure: the mean, NAME_half (half the interval), NAME_n (the runs with a finite
    value), NAME_paper and NAME_difference; and NAME_mark: best, same (not shown to differ from
    it), untested (too few runs that differ), better (over the seeds of both), or empty.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    suffixes = ("", "_half", "_n", "_paper", "_difference", "_mark")
    names = [column.name + suffix for column in table.columns for suffix in suffixes]
    writer.writerow(["cell", "title", "dataset", "n", "planned", *names])
    for row in table.rows:
        named = map(no_formula, (row.cell.label, row.cell.title, row.dataset))
        values: list[str | int] = [*named, row.n, row.planned]
        for entry in row.entries:
            values += [*_plain_values(entry), entry.mark]
        writer.writerow(values)
    return stream.getvalue()


def _plain_values(entry: Entry) -> list[str]:
    exponent = f"e{entry.format.exponent}" if entry.format.exponent else ""
    texts = [entry.mean if entry.estimate.n else "", entry.half, entry.paper, entry.difference]
    mean, half, *published = [text and _ascii(text) + exponent for text in texts]
    return [mean, half, str(entry.estimate.n), *published]


def _ascii(text: str) -> str:
    return text.replace(MINUS, "-").replace(",", "").removeprefix("+")


def as_markdown(table: Table2, title: str) -> str:
    """Return the table as Markdown, under a heading.

    Args:
        table: The table.
        title: The study's.
    """
    several = len(table.datasets) > 1
    head = ["Method", *(["Data set"] if several else []), "n"]
    head += [f"{column.title} {column.unit}".strip() for column in table.columns]
    lines = [f"# {_markdown(title)}", "", "| " + " | ".join(head) + " |"]
    left = 1 + several
    lines.append("|" + " :-- |" * left + " --: |" * (len(head) - left))
    for row in table.rows:
        values = [_markdown(row.cell.brief), *([_markdown(row.dataset)] if several else [])]
        values += [row.runs, *map(_markdown_entry, row.entries)]
        lines.append("| " + " | ".join(values) + " |")
    notes = [NOTE, marks(table), *filter(None, [left_out(table)])]
    if table.of_paper:
        notes.append(f"In brackets: {table.of_paper}.")
    return "\n".join([*lines, "", " ".join(notes), ""])


def _markdown_entry(entry: Entry) -> str:
    text = entry.mean + (f" ± {entry.half}" if entry.half else "")
    if entry.mark == BEST:
        text = f"**{text}**"
    elif entry.mark in _SIGNS:
        text += f" {_SIGNS[entry.mark]}"
    if entry.own_n:
        text += f", {entry.own_n}"
    if entry.paper:
        text += f" ({'; '.join(filter(None, [entry.paper, entry.difference]))})"
    return text


def _markdown(text: str) -> str:
    for letter in "\\`*_{}[]<>#|~&$":
        text = text.replace(letter, "\\" + letter)
    return " ".join(text.split())


def as_tabular(table: Table2, decimal: tex.Decimal = "point") -> str:
    """Return the table as a LaTeX tabular (booktabs), to be read in with input."""
    several = len(table.datasets) > 1
    head = ["Method", *(["Data set"] if several else []), "$n$", *map(_tex_title, table.columns)]
    lines = [
        rf"\begin{{tabular}}{{{'l' * (1 + several)}r{'r' * len(table.columns)}}}",
        r"\toprule",
        " & ".join(head) + r" \\",
        r"\midrule",
    ]
    for row in table.rows:
        lines += _tex_rows(row, several, decimal)
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def as_tex(table: Table2, title: str, decimal: tex.Decimal = "point") -> str:
    """Return the table as a LaTeX document of its own."""
    notes = [
        NOTE,
        marks(table),
        *filter(None, [left_out(table)]),
        *([f"Below ours: {table.of_paper}."] if table.of_paper else []),
    ]
    caption = tex.escape(f"{title.strip().rstrip('.')}. {' '.join(notes)}")
    return "\n".join(
        [
            r"\documentclass{article}",
            r"\usepackage[T1]{fontenc}",
            r"\usepackage[utf8]{inputenc}",
            r"\usepackage{textcomp}",
            r"\usepackage{booktabs}",
            r"\usepackage{graphicx}",
            r"\usepackage[margin=2cm]{geometry}",
            r"\pagestyle{empty}",
            r"\begin{document}",
            r"\begin{table}[ht]",
            r"\centering",
            rf"\caption{{{caption}}}",
            r"\medskip",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            as_tabular(table, decimal).rstrip("\n") + "}",
            r"\end{table}",
            r"\end{document}",
            "",
        ]
    )


def _tex_title(column: Column) -> str:
    title = {"α": r"$\alpha$", "β": r"$\beta$"}.get(column.title, column.title)
    exponent = column.format.exponent
    return rf"{title} $(10^{{{exponent}}})$" if exponent else title


def _tex_rows(row: Row, several: bool, decimal: tex.Decimal) -> list[str]:
    first = [tex.escape(row.cell.brief), *([tex.escape(row.dataset)] if several else [])]
    first += [row.runs, *(_tex_entry(entry, decimal) for entry in row.entries)]
    lines = [" & ".join(first) + r" \\"]
    if any(entry.paper for entry in row.entries):
        published = [_tex_published(entry, decimal) for entry in row.entries]
        lines.append(" & ".join([*[""] * several, "", "", *published]) + r" \\ \addlinespace")
    return lines


def _tex_entry(entry: Entry, decimal: tex.Decimal) -> str:
    if not entry.estimate.n:
        return r"\textendash{}" + (f", ${entry.own_n}$" if entry.own_n else "")
    mean = tex.number(entry.mean, decimal)
    if entry.mark == BEST:
        mean = rf"\mathbf{{{mean}}}"
    half = rf" \pm {tex.number(entry.half, decimal)}" if entry.half else ""
    sign = _TEX_SIGNS.get(entry.mark)
    raised = rf"\rlap{{$^{{{sign}}}$}}" if sign else ""
    own = f", ${entry.own_n}$" if entry.own_n else ""
    return f"${mean}{half}{raised}${own}"


def _tex_published(entry: Entry, decimal: tex.Decimal) -> str:
    if not entry.paper:
        return ""
    values = filter(None, [entry.paper, entry.difference])
    shown = "; ".join(f"${tex.number(value, decimal)}$" for value in values)
    return rf"{{\footnotesize ({shown})}}"
