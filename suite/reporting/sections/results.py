"""The last epoch; Table 2 where it is compared with the paper's."""

from __future__ import annotations

from collections.abc import Sequence

from suite import paper
from suite.datasets.sources import title as source_title
from suite.methods.answer import Answer
from suite.methods.parts import KINDS
from suite.reporting.numbers import listing, listing_some
from suite.reporting.section import Grid, Material, Section, Td, Th, number, words
from suite.reporting.sections.cut_off import warned_of
from suite.reporting.table2 import UNTESTED, Entry, Row, Table2
from suite.reporting.table2_files import (
    NOTE,
    as_csv,
    as_markdown,
    as_tabular,
    as_tex,
    left_out,
    marks,
)
from suite.settings import Settings
from suite.store.table import Results
from suite.study.cells import Cell, restates_regrowth_figures
from suite.study.document import as_yaml

_SHOWN_DIFFERENCES = 8


def section(material: Material) -> Section:
    """Return the table of the last epoch, and write it as CSV, Markdown and LaTeX."""
    table, results = material.table, material.results
    _write(material)
    caption = (
        f"{NOTE} {marks(table)} The tests against the best are "
        f"{results.study.file.comparisons.design}"
        f"{' (independent where too few seeds are shared)' if table.unpaired else ''}"
        ", Holm-corrected over the column"
        f"{' of each data set' if len(table.datasets) > 1 else ''}."
    )
    blocks: list[str | Grid] = [_grid(table, material, caption)]
    warnings = []
    if table.has_paper:
        blocks.append(
            f"The small lines give {table.of_paper} ({paper.AUTHOR}, {paper.YEAR}; "
            f"CIFAR-10, {paper.EPOCHS:,} epochs, number of runs not stated). The paper's "
            "values stand only next to runs on this data set, or on a copy named after it, with "
            f"the same hidden layers ({plain(paper.HIDDEN)})."
        )
        if differing := differences_from_paper(results):
            listed = listing_some(differing, most=_SHOWN_DIFFERENCES)
            warnings.append(
                "This is not the paper's experiment: differences from its values do not test "
                f"them. What differs: {listed}."
            )
    if restates_regrowth_figures(results.study.cells):
        differing = differences_from_paper(results)
        blocks.append(
            f"The paper shows such runs, over {paper.REGROWTH_EPOCHS} epochs, in Figures 2 and 3 "
            f"and gives no numbers for them. Its Table 2 is for {paper.EPOCHS:,} epochs, so it is "
            "not shown." + (f" What differs: {listing_some(differing)}." if differing else "")
        )
    if dead := [row.cell.title for row in table.rows if row.dead]:
        warnings.append(
            f"No connections are left in the last epoch: {listing_some(dead)}. Such a network "
            "computes nothing, so it is never marked as best."
        )
    warnings += warned_of(results)
    if lost := left_out(table):
        warnings.append(lost)
    declared = results.study.file.comparisons
    least, word = (6, "six") if declared.design == "paired" else (4, "four")
    few = {row.n for row in table.rows if 0 < row.n < least and row.accuracy.mark == UNTESTED}
    every = all(0 < row.n < least for row in table.rows)
    which = "All cells have" if every else "Some cells have"
    if few and declared.inference == "fixed":
        runs = "run" if few == {1} else "runs"
        warnings.append(
            f"{which} {listing(map(str, sorted(few)), 'or')} {runs}: with fewer than {word} "
            "seeds no two-sided exact test can reach p = 0.05."
        )
    title = "Table 2: the last epoch" if table.has_paper else "The last epoch"
    return Section("table2", title, tuple(blocks), tuple(warnings))


def _write(material: Material) -> None:
    table, file = material.table, material.results.study.file
    title = material.results.study.title
    decimal = file.report.decimal
    texts = {
        "table2.csv": ("CSV", as_csv(table)),
        "table2.md": ("Markdown", as_markdown(table, title)),
        "table2.tex": ("LaTeX", as_tex(table, title, decimal)),
        "table2-tabular.tex": ("LaTeX tabular alone", as_tabular(table, decimal)),
    }
    for name, (_, text) in texts.items():
        (material.out / name).write_text(text, encoding="utf-8")
    called = "Table 2" if table.has_paper else "The last epoch"
    material.files.append((called, tuple((name, kind) for name, (kind, _) in texts.items())))


def _grid(table: Table2, material: Material, caption: str) -> Grid:
    several = len(table.datasets) > 1
    heads = [Th("Method", numeric=False), *([Th("Data set", numeric=False)] if several else [])]
    heads += [Th("n"), *(Th(column.title, unit=column.unit) for column in table.columns)]
    rows = []
    for row in table.rows:
        first = [words(row.cell.brief), *([words(row.dataset)] if several else [])]
        rows.append((*first, number(row.n, row.runs), *_entries(row)))
    looks = tuple(material.looks[row.cell.label] for row in table.rows)
    return Grid("table2-grid", caption, tuple(heads), tuple(rows), looks)


def _entries(row: Row) -> tuple[Td, ...]:
    return tuple(_entry(entry) for entry in row.entries)


def _entry(entry: Entry) -> Td:
    text = entry.mean + (f" ± {entry.half}" if entry.half else "")
    small = "; ".join(filter(None, [entry.own_n, entry.paper, entry.difference]))
    return number(entry.estimate.mean, text, small=small, mark=entry.mark)


def differences_from_paper(results: Results) -> list[str]:
    """Return the settings in which the study's cells differ from the paper, e.g. epochs (60).

    Settings that make the methods (method, metric, regrowth and so on) do not count.
    """
    ours: dict[str, dict[str, None]] = {}
    paper_has = papers_settings(results.study.cells)
    for cell in results.study.cells:
        for name in cell.settings.deciding():
            if name in _MAKE_METHODS or name not in Settings.model_fields:
                continue
            if (
                name in KINDS
                and cell.settings.recipe.answer(name) == cell.settings.preset.parts[name]
            ):
                continue  # the method's own
            value = getattr(cell.settings, name)
            if name in KINDS:
                answer = cell.settings.recipe.answer(name)
                ours.setdefault(name, {})[part_text(answer, whole=False)] = None
            elif value != getattr(paper_has, name):
                ours.setdefault(name, {})[plain(value)] = None
        if cell.settings.dataset != paper.DATASET:
            ours.setdefault("dataset", {})[source_title(cell.settings.dataset)] = None
    order = ["dataset", "epochs", *Settings.model_fields]
    names = sorted(ours, key=order.index)
    return [f"{name} ({listing(ours[name])})" for name in names]


def part_text(answer: Answer, *, whole: bool = True) -> str:
    """Return a part with its options, e.g. every_steps (n=100, until=0.75).

    Args:
        answer: The part.
        whole: All of its options; else those that are not at their defaults.
    """
    fields = answer.part.schema().get("properties", {})
    options = ", ".join(
        f"{name}={plain(value)}"
        for name, value in answer.options.items()
        if whole or as_yaml(value) != as_yaml(fields[name].get("default"))
    )
    return f"{answer.name} ({options})" if options else answer.name


def papers_settings(cells: Sequence[Cell]) -> Settings:
    """Return the paper's settings: of Figures 2 and 3 where cells restate them, else of Table 2."""
    if restates_regrowth_figures(cells):
        return Settings(epochs=paper.REGROWTH_EPOCHS)
    return Settings()


_MAKE_METHODS = {"method", "metric", "rule", "gate", "regrow", "neighbourhood", "prune"}


def plain(value: object) -> str:
    """Return a setting's value as a reader would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
