"""Two studies compared: what changed, by how much, and whether that is more than noise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from suite import decisions
from suite.decisions import Compared
from suite.decisions import columns as of
from suite.decisions.values import counted
from suite.errors import UserError
from suite.measures import MEASURES, Outcome
from suite.reporting.appearance import Look, looks
from suite.reporting.drawing import Shown, write_figure
from suite.reporting.folder import INDEX, KICKER, report_folder
from suite.reporting.forest import draw_forest
from suite.reporting.numbers import count, in_a_sentence, listing_some, runs_a_cell
from suite.reporting.page import render
from suite.reporting.section import Grid, Section, Th, words
from suite.reporting.sections.claims import INTERVALS, cells_of, heads_of
from suite.reporting.write import NothingToReportError, Written
from suite.statistics.samples import FEW_SEEDS, Sample, match
from suite.store.table import Results
from suite.study import Cell
from suite.study.cells import source_name
from suite.study.file import Comparisons

_OUTCOMES: tuple[Outcome, ...] = ("test_accuracy", "test_loss", "connections")


@dataclass(frozen=True)
class Pair:
    """A cell of the first study and its counterpart in the second.

    Attributes:
        before: In the first study.
        after: In the second.
        changed: Settings that differ between the two, as name: first → second.
    """

    before: Cell
    after: Cell
    changed: tuple[str, ...]


def compare_reports(
    before: Results, after: Results, out: Path, stores: tuple[str, str] = ("", "")
) -> Written:
    """Write a page that compares two studies, or one study before and after a change.

    Args:
        before: What a store holds of the first study.
        after: What a store holds of the second.
        out: Folder to write to.
        stores: Where the two were read from: what they are called where they have one title.

    Raises:
        NothingToReportError: If either has no finished run.
        UserError: If they have no cell in common, or the folder cannot be written.
    """
    for results in (before, after):
        if results.frame.empty:
            raise NothingToReportError(
                f"No run of {results.study.name} is done, so there is nothing to compare."
            )
    pairs = counterparts(before.study.cells, after.study.cells)
    if not pairs:
        raise UserError(
            f"{before.study.name} and {after.study.name} have no cell in common, so there is "
            "nothing to lay side by side."
        )
    first, second = _names(before, after, stores)
    title = f"{first} against {second}"
    if first in stores:
        title = f"{before.study.title}: {title}"
    moved = [_moved(before, after, pairs, outcome) for outcome in _OUTCOMES]
    declared = after.study.file.comparisons
    look = looks(after.study.cells)
    with report_folder(out) as folder:
        sections = [
            _section(rows, pairs, (first, second), declared, look, folder) for rows in moved
        ]
        sections.append(_what_differs(before, after, pairs, (first, second)))
        page = render(
            title,
            f"{KICKER} · two studies side by side",
            _lede(moved[0], (first, second)),
            sections,
            look,
        )
        (folder / INDEX).write_text(page, encoding="utf-8")
    return Written(out / INDEX, before.complete and after.complete)


def _names(before: Results, after: Results, stores: tuple[str, str]) -> tuple[str, str]:
    """Return what to call the two: their titles, else their stores, else A and B."""
    first, second = before.study.title, after.study.title
    if first != second:
        return first, second
    return stores if stores[0] != stores[1] else (f"{first} (A)", f"{second} (B)")


def counterparts(before: Sequence[Cell], after: Sequence[Cell]) -> list[Pair]:
    """Return the cells that are in both: the same settings, or else the same label.

    The data set belongs to the settings; its name may differ where one cell alone has the others.
    """
    by_all = {_settings(cell): cell for cell in before}
    by_label = {cell.label: cell for cell in before}
    alone = {decides: cell for (decides, _), cell in by_all.items()}
    often = Counter(decides for decides, _ in by_all)
    pairs = []
    for cell in after:
        decides, _ = _settings(cell)
        same = by_all.get(_settings(cell)) or by_label.get(cell.label)
        if same is None and often[decides] == 1:
            same = alone[decides]
        if same is not None:
            pairs.append(Pair(same, cell, tuple(_changes(same, cell))))
    return pairs


def _settings(cell: Cell) -> tuple[str, str]:
    """Return what decides a cell's result, and its data set."""
    return repr(cell.settings.deciding()), source_name(cell.settings.dataset)


def _changes(before: Cell, after: Cell) -> list[str]:
    first, second = (c.settings.model_dump(mode="json") for c in (before, after))
    deciding = before.settings.deciding().keys() | after.settings.deciding().keys() | {"dataset"}
    return [
        f"{name}: {first[name]} → {second[name]}"
        for name in first
        if name in deciding and first[name] != second[name]
    ]


def _moved(before: Results, after: Results, pairs: list[Pair], outcome: Outcome) -> list[Compared]:
    """Decide, as one family, how each cell's last epoch moved: the second study against the first.

    Level, correction and design are those that the second study declares.
    """
    declared = after.study.file.comparisons
    first, second = (decisions.values(results, outcome, "last") for results in (before, after))
    samples = [
        _matched(
            (second[pair.after.label].to_dict(), first[pair.before.label].to_dict()),
            (counted(after, pair.after)[0], counted(before, pair.before)[0]),
            declared,
        )
        for pair in pairs
    ]
    found = decisions.decide(samples, outcome, declared)
    return [
        Compared(pair.after, pair.before, outcome, "last epoch", it)
        for pair, it in zip(pairs, found, strict=True)
    ]


def _matched(
    values: tuple[dict[Any, float], dict[Any, float]],
    seeds: tuple[set[int], set[int]],
    declared: Comparisons,
) -> Sample:
    """Match a cell's values by the seeds of both studies; if too few are shared, use all of each.

    Args:
        values: By seed, of the second study and of the first.
        seeds: Those that each study declares and that count.
        declared: Design and inference.
    """
    shared = seeds[0] & seeds[1]
    both = [{seed: of[seed] for seed in shared} for of in values]
    sample = match(*both, seeds=shared, design=declared.design, inference=declared.inference)
    if declared.inference == "anytime" or (
        declared.design == "paired" and len(shared) >= min(FEW_SEEDS, *map(len, seeds))
    ):
        return sample
    sample = match(*values, design=declared.design)
    lost = (len(seeds[0]) - sample.a.size, len(seeds[1]) - sample.b.size)
    return replace(sample, dropped=max(lost))


def _section(
    rows: list[Compared],
    pairs: list[Pair],
    names: tuple[str, str],
    declared: Comparisons,
    look: dict[str, Look],
    out: Path,
) -> Section:
    outcome = rows[0].outcome
    # One family, without a margin: no change is called too small to matter.
    _, *columns = of.shown(
        of.COMPARISON_TABLE, of.COMPARISON, declared.model_copy(update={"equivalence_margin": None})
    )
    title = MEASURES[outcome].title.capitalize()
    caption = (
        f"{title} of the last epoch: {names[1]}, and below it {names[0]}; paired by seed where "
        f"seeds are shared. {of.legend(columns, declared)}"
    )
    means = Th(names[1], below=names[0])
    heads = [
        means if first.name == "mean_a" else head
        for (first, _), head in zip(columns, heads_of(columns, declared), strict=True)
    ]
    cells = []
    for row, pair in zip(rows, pairs, strict=True):
        remarks = filter(None, ["; ".join(pair.changed), row.found.note])
        cells.append((words(row.cell.title, small=". ".join(remarks)), *cells_of(row, columns)))
    grid = Grid(
        f"{outcome}-grid",
        caption,
        (Th("Method", numeric=False), *heads),
        tuple(cells),
        tuple(look[row.cell.label] for row in rows),
    )
    blocks: tuple[Grid | Shown, ...] = (grid,)
    if outcome == "test_accuracy":
        blocks = (_show(rows, declared, look, out, names), grid)
    return Section(outcome, title, blocks)


def _lede(rows: list[Compared], names: tuple[str, str]) -> list[str]:
    verdicts: dict[str, list[str]] = {}
    for row in rows:
        identical = row.found.n and row.found.ties == row.found.n
        verdict = "identical in every run" if identical else row.found.verdict
        verdicts.setdefault(verdict, []).append(in_a_sentence(row.cell.title))
    sentences = [f"From {names[0]} to {names[1]}, {count(len(rows), 'cell')} can be compared."]
    return sentences + [
        f"Test accuracy: {verdict} for {listing_some(titles)}."
        for verdict, titles in sorted(verdicts.items())
    ]


def _what_differs(
    before: Results, after: Results, pairs: list[Pair], names: tuple[str, str]
) -> Section:
    matched = {pair.before.label for pair in pairs}, {pair.after.label for pair in pairs}
    blocks = []
    for results, seen, name in zip((before, after), matched, names, strict=True):
        alone = [in_a_sentence(c.title) for c in results.study.cells if c.label not in seen]
        if alone:
            blocks.append(f"Only in {name}: {listing_some(alone, most=12)}.")
        undone = [run for run in results.runs if run.state != "done"]
        if undone:
            blocks.append(f"{name}: {count(len(undone), 'run is', 'runs are')} not done.")
    changed = list(dict.fromkeys(change for pair in pairs for change in pair.changed))
    if changed:
        blocks.append(f"Settings that changed: {listing_some(changed, most=12)}.")
    for key in ("suite", "commit", "engine", "cpu"):
        said_by = [
            sorted(
                {
                    str((run.record or {}).get("provenance", {}).get(key))
                    for run in r.runs
                    if run.record
                }
            )
            for r in (before, after)
        ]
        if said_by[0] != said_by[1]:
            blocks.append(f"{key}: {', '.join(said_by[0])} → {', '.join(said_by[1])}.")
    return Section("differences", "What differs between the two", tuple(blocks or ["Nothing."]))


def _show(
    rows: list[Compared],
    declared: Comparisons,
    look: dict[str, Look],
    out: Path,
    names: tuple[str, str],
) -> Shown:
    title = f"Change in test accuracy from {names[0]} to {names[1]}"
    difference = of.column(of.COMPARISON, "difference")
    description = "; ".join(f"{row.cell.title} {difference.text(row)}" for row in rows)
    lines = [(row.cell.title, row.found, look[row.cell.label]) for row in rows]
    counts = {row.found.n for row in rows}
    bars = f", bars their {of.level(declared)} {INTERVALS[declared.inference]}"
    means = f"mean changes over runs ({runs_a_cell(counts)}){bars}"
    if counts == {1}:
        means = "changes of a single run (n = 1), so there are no intervals"
    caption = f"Points are {means}; zero is no change."
    return write_figure(
        "change",
        lambda: draw_forest(lines, "Change in test accuracy"),
        pd.DataFrame([row.row() for row in rows]),
        out,
        title,
        caption,
        description,
    )
