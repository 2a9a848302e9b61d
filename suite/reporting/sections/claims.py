"""The declared comparisons and claims, with their verdicts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import pandas as pd

from suite import decisions, paper
from suite.decisions import SEVERAL_STATEMENTS, Claimed, Compared
from suite.decisions import columns as of
from suite.decisions.columns import Lines
from suite.reporting.drawing import Shown, write_csv
from suite.reporting.evidence import show_evidence
from suite.reporting.forest import draw_forest
from suite.reporting.numbers import count, listing
from suite.reporting.rank_diagram import draw_ranks
from suite.reporting.section import Block, Grid, Material, Section, Td, Th, head, number, words

if TYPE_CHECKING:
    from suite.statistics import Ranking
    from suite.study import Comparisons

_MANY = 3
"""A remark on this many comparisons is printed once, above their table."""
_UNATTAINABLE = {
    "fixed": "Unattainable: too few pairs differ for the exact test to reach the needed p. A small "
    "p of the t test or of TOST then rests on normality alone, and does not count.",
    "anytime": "Unattainable: too few pairs differ for any e-value to reach what is needed.",
}
_TOO_FEW = {
    "fixed": "no exact test could reach the needed p",
    "anytime": "no e-value could reach what is needed",
}
INTERVALS = {"fixed": "t intervals", "anytime": "confidence sequences"}
"""What bars in a figure of differences are."""
_MARKS = {
    "supported": "good",
    "contradicted": "bad",
    "better": "good",
    "worse": "bad",
    "equivalent": "good",
    "unattainable": "open",
    "inconclusive": "open",
}


def section(material: Material) -> Section | None:
    """Return the verdicts; None where the study declares neither comparisons nor claims."""
    blocks = _ranking(material)
    if not (material.claims or material.comparisons or blocks):
        return None
    if material.claims:
        blocks = [_claims(material), _statements(material), *blocks]
    if material.comparisons:
        for remark, n in _remarks(material.comparisons)[1].items():
            which = "all" if n == len(material.comparisons) else f"{n} of the"
            blocks.append(f"For {which} comparisons below: {remark}")
        blocks += [_show(material), _comparisons(material)]
        if material.results.study.file.comparisons.inference == "anytime":
            blocks.append(show_evidence(material))
    return Section("claims", "Claims and comparisons", tuple(blocks))


def cells_of(row: Any, columns: Sequence[Lines]) -> tuple[Td, ...]:
    """Return a decided row's cells of a table."""
    return tuple(
        Td(
            first.text(row),
            first.sort(row),
            second.text(row) if second else "",
            _MARKS.get(first.of(row), "") if first.name == "verdict" else "",
        )
        for first, second in columns
    )


def heads_of(columns: Sequence[Lines], declared: Comparisons) -> tuple[Th, ...]:
    """Return the heads of a table of decided rows."""
    return tuple(
        Th(
            first.heading(declared),
            first.kind != "words",
            below=second.heading(declared) if second else "",
        )
        for first, second in columns
    )


def _claims(material: Material) -> Grid:
    declared = material.results.study.file.comparisons
    columns = of.shown(of.CLAIM_TABLE, of.CLAIM, declared)
    rows = [row for claim in material.claims for row in claim.rows()]
    write_csv(pd.DataFrame(rows), material.out / "claims.csv")
    material.files.append(("Claims", (("claims.csv", "CSV"),)))
    caption = (
        "A claim is supported if each of its statements below is shown, and contradicted if the "
        f"opposite of one is shown; by the {material.claims[0].measure}. {SEVERAL_STATEMENTS} "
        f"{of.legend(columns, declared)} {_unattainable(declared)}"
    )
    found = tuple(cells_of(row, columns) for row in material.claims)
    return Grid("claims-grid", caption, heads_of(columns, declared), found)


def _statements(material: Material) -> Grid:
    declared = material.results.study.file.comparisons
    columns = of.shown(of.STATEMENT_TABLE, of.STATEMENT, declared)
    caption = (
        f"Every statement of the claims. {of.legend(columns, declared)} The paper's values are for "
        f"CIFAR-10 and {paper.EPOCHS:,} epochs (Table 2). –: too few seeds to reach the "
        "needed p, nothing to test, or no value in the paper."
    )
    rows = []
    for row in material.claims:
        for statement in row.statements:
            cells = dict(zip(columns, cells_of(statement, columns), strict=True))
            if not statement.found.agrees and math.isfinite(statement.found.estimate):
                cells = {
                    lines: replace(cell, mark="bad") if lines[0].name == "estimate" else cell
                    for lines, cell in cells.items()
                }
            rows.append(tuple(cells.values()))
    return Grid("statements-grid", caption, heads_of(columns, declared), tuple(rows))


def _comparisons(material: Material) -> Grid:
    compared = material.comparisons
    declared = material.results.study.file.comparisons
    names, *columns = of.shown(of.COMPARISON_TABLE, of.COMPARISON, declared)
    remarks, shared = _remarks(compared)
    rows = []
    for row, said in zip(compared, remarks, strict=True):
        first = words(row.title, small=" ".join(one for one in said if one not in shared))
        rows.append((first, *cells_of(row, columns)))
    first_row = compared[0]
    caption = (
        f"Declared comparisons in {first_row.outcome.replace('_', ' ')} ({first_row.measure}), "
        f"over n pairs of runs (or runs a cell). {of.legend([names, *columns], declared)} "
        f"{_unattainable(declared)}"
    )
    heads = (Th("Comparison", numeric=False), *heads_of(columns, declared))
    looks = tuple(material.looks[row.cell.label] for row in compared)
    return Grid("comparisons-grid", caption, heads, tuple(rows), looks)


def _remarks(compared: list[Compared]) -> tuple[list[list[str]], dict[str, int]]:
    """Return the remarks on each comparison, and those that many share, with their numbers."""
    remarks = []
    for row in compared:
        found = row.found
        identical = found.n and found.ties == found.n
        explained = found.verdict in ("unattainable", "equivalent") or identical
        notes = (f"{note[:1].upper()}{note[1:]}." for note in found.note.split("; ") if note)
        remarks.append([*([found.reason] if explained else []), *notes])
    counts = Counter(chain.from_iterable(remarks))
    return remarks, {remark: n for remark, n in counts.items() if n >= _MANY}


def _ranking(material: Material) -> list[Block]:
    """Return the cells' mean ranks, where the study has several blocks to rank them over."""
    found = decisions.ranking(material.results)
    if found.blocks < 2:
        return []
    rows = [
        (words(str(label)), number(float(rank), f"{rank:.2f}"))
        for label, rank in found.ranks.items()
    ]
    outcome = material.results.study.file.comparisons.outcome.replace("_", " ")
    caption = f"Mean ranks in {outcome} over {found.blocks} data sets or settings; 1 is best."
    shown: list[Block] = [found.reason]
    if not found.p_values.empty:
        shown.append(_show_ranks(material, found, f"Mean ranks in {outcome}"))
    return [*shown, Grid("ranks-grid", caption, head("Cell", "Mean rank"), tuple(rows))]


def _show_ranks(material: Material, found: Ranking, title: str) -> Shown:
    ranks = found.ranks.rename_axis("cell").reset_index(name="rank")
    caption = (
        f"Cells at their mean rank over n = {found.blocks} data sets. A bar joins "
        "cells that are not shown to differ (Friedman's test, then Nemenyi's); the critical "
        f"difference is {found.critical_difference:.2f}."
    )
    description = "; ".join(f"{cell}: {rank:.2f}" for cell, rank in found.ranks.items())
    return material.draw("ranks", lambda: draw_ranks(found), ranks, title, caption, description)


def _show(material: Material) -> Shown:
    compared = material.comparisons
    data = pd.DataFrame([row.row() for row in compared])
    against = {row.against.label for row in compared}
    lines = [
        (
            row.cell.title if len(against) == 1 else row.title,
            row.found,
            material.looks[row.cell.label],
        )
        for row in compared
    ]
    first = compared[0]
    outcome = first.outcome.replace("_", " ")
    title = f"Differences in {outcome}"
    if len(against) == 1:
        title += f" from {first.against.title}"
    margin = material.results.study.file.comparisons.equivalence_margin
    counts = sorted({row.found.n for row in compared})
    n = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    level = of.level(material.results.study.file.comparisons)
    caption = (
        f"Points are mean differences over n = {n} pairs of runs, bars their {level} "
        f"{INTERVALS[first.inference]}."
    )
    if counts == [1]:
        caption = "Points are differences of single runs (n = 1), so there are no intervals."
    designs = {row.found.design for row in compared}
    if "independent" in designs:
        runs = "runs a cell" if len(designs) == 1 else "pairs of runs (or runs a cell)"
        caption = caption.replace("pairs of runs", runs)
    if margin is not None:
        caption += f" Shaded: the declared equivalence margin, ±{margin:g}."
    difference = of.column(of.COMPARISON, "difference")
    description = "; ".join(
        f"{row.title}: {difference.text(row)}, {row.found.verdict}" for row in compared
    )
    return material.draw(
        "comparisons",
        lambda: draw_forest(lines, f"Difference in {outcome}", margin),
        data,
        title,
        caption,
        description,
    )


def _unattainable(declared: Comparisons) -> str:
    """Say what unattainable means."""
    text = _UNATTAINABLE[declared.inference]
    return text if declared.design == "paired" else text.replace("pairs differ", "runs a cell")


def tally(claims: list[Claimed], compared: list[Compared]) -> str:
    """Count the verdicts of the claims or, where none are declared, of the comparisons."""
    verdicts: list[str] = [row.found.verdict for row in claims]
    verdicts = verdicts or [row.found.verdict for row in compared]
    kind = "claim" if claims else "declared comparison"
    counts = [(verdicts.count(verdict), verdict) for verdict in _MARKS if verdict in verdicts]
    if not counts:
        return ""
    if counts == [(len(verdicts), "unattainable")]:
        n = max(
            [part.n for row in claims for part in row.found.parts]
            or [row.found.n for row in compared]
        )
        seeds = f" with {count(n, 'seed')}" if n else ""
        inference = (claims[0].found if claims else compared[0].found).inference
        return f"No {kind} can be decided{seeds}: {_TOO_FEW[inference]}."
    if len(verdicts) == 1:
        return f"The only {kind} is {verdicts[0]}."
    first, *rest = counts
    verb = "is" if first[0] == 1 else "are"
    listed = listing([f"{first[0]} {verb} {first[1]}", *(f"{n} {word}" for n, word in rest)])
    return f"Of the {len(verdicts)} {kind}s, {listed}."
