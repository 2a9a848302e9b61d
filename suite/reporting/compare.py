"""Two studies side by side: what moved, by how much, and whether that is more than noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from suite.errors import UserError
from suite.reporting.appearance import Look, looks
from suite.reporting.drawing import inline, save, style, write_csv
from suite.reporting.figures import Shown
from suite.reporting.folder import INDEX, KICKER, report_folder
from suite.reporting.forest import Difference, draw_forest
from suite.reporting.numbers import (
    Format,
    count,
    estimate,
    format_for,
    in_a_sentence,
    listing_some,
    runs_a_cell,
)
from suite.reporting.page import render
from suite.reporting.section import Grid, Section, Td, head, number, words
from suite.reporting.table2 import last_epochs
from suite.reporting.write import NothingToReportError, Written
from suite.statistics.comparisons import Comparison, Question, compare
from suite.statistics.samples import match
from suite.store.table import Results
from suite.study import Cell

_MEASURES = (("accuracy", "Accuracy", True), ("loss", "Loss", False))
_COUNTED = ("connections", "Connections", False)
_SAID = {
    "better": ("better, beyond noise", "good"),
    "worse": ("worse, beyond noise", "bad"),
    "inconclusive": ("within noise", ""),
    "unattainable": ("too few runs to tell", "open"),
}
_IDENTICAL = "identical in every run"


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


@dataclass(frozen=True)
class Moved:
    """How one measure moved from the first study to the second, cell by cell.

    Attributes:
        name: Of the measure.
        title: For readers.
        format: How its numbers are written.
        before: Seed -> value in the first study, by pair.
        after: The same in the second.
        comparisons: One a pair: second less first.
    """

    name: str
    title: str
    format: Format
    before: list[dict[int, float]]
    after: list[dict[int, float]]
    comparisons: list[Comparison]


def compare_reports(
    before: Results, after: Results, out: Path, stores: tuple[str, str] = ("", "")
) -> Written:
    """Write a page that lays two studies, or one before and after a change, side by side.

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
    moved = [_moved(before, after, pairs, *measure) for measure in (*_MEASURES, _COUNTED)]
    look = looks(after.study.cells)
    with report_folder(out) as folder:
        sections = [_section(which, pairs, (first, second), look, folder) for which in moved]
        sections.append(_what_differs(before, after, pairs, (first, second)))
        page = render(
            title,
            f"{KICKER} · two studies side by side",
            _lede(moved[0], pairs, (first, second)),
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
    """Return the cells that are in both: the same settings, or else the same label."""
    by_settings = {repr(cell.settings.deciding()): cell for cell in before}
    by_label = {cell.label: cell for cell in before}
    pairs = []
    for cell in after:
        same = by_settings.get(repr(cell.settings.deciding())) or by_label.get(cell.label)
        if same is not None:
            pairs.append(Pair(same, cell, tuple(_changes(same, cell))))
    return pairs


def _changes(before: Cell, after: Cell) -> list[str]:
    first, second = (c.settings.model_dump(mode="json") for c in (before, after))
    deciding = before.settings.deciding().keys() | after.settings.deciding().keys() | {"dataset"}
    return [
        f"{name}: {first[name]} → {second[name]}"
        for name in first
        if name in deciding and first[name] != second[name]
    ]


def _moved(
    before: Results, after: Results, pairs: list[Pair], name: str, title: str, higher: bool
) -> Moved:
    runs = [last_epochs(results.frame) for results in (before, after)]
    first = [_by_seed(runs[0], pair.before, name) for pair in pairs]
    second = [_by_seed(runs[1], pair.after, name) for pair in pairs]
    questions = [
        Question(match(b, a), higher_is_better=higher) for a, b in zip(first, second, strict=True)
    ]
    values = [value for side in (*first, *second) for value in side.values()]
    form = format_for(name, values)
    return Moved(name, title, form, first, second, compare(questions))


def _by_seed(runs: pd.DataFrame, cell: Cell, name: str) -> dict[int, float]:
    own = runs[runs["cell"] == cell.label]
    return dict(zip(own["seed"].astype(int), own[name].astype(float), strict=True))


def _section(
    moved: Moved, pairs: list[Pair], names: tuple[str, str], look: dict[str, Look], out: Path
) -> Section:
    rows = [_row(moved, index, pair) for index, pair in enumerate(pairs)]
    caption = (
        f"{moved.title} of the last epoch: means over runs ± half the 95 % t interval; the change "
        f"is {names[1]} less {names[0]}, paired by seed where seeds are shared. Beyond noise: "
        "its t test holds at 0.05 after Holm's correction over the cells of this table."
    )
    heads = head("Method", names[0], names[1], "Change", "Interval", "Verdict", names=(0, 5))
    grid = Grid(
        f"{moved.name}-grid",
        caption,
        heads,
        tuple(rows),
        tuple(look[pair.after.label] for pair in pairs),
    )
    blocks: tuple[Grid | Shown, ...] = (grid,)
    if moved.name == "accuracy":
        blocks = (_show(moved, pairs, look, out, names), grid)
    return Section(moved.name, moved.title, blocks)


def _row(moved: Moved, index: int, pair: Pair) -> tuple[Td, ...]:
    form, comparison = moved.format, moved.comparisons[index]
    cells = [words(pair.after.title, small="; ".join(pair.changed))]
    for side in (moved.before[index], moved.after[index]):
        mean = estimate(side.values())
        half = f" ± {form.text(mean.half)}" if mean.n > 1 else ""
        cells.append(number(mean.mean, form.text(mean.mean) + half, small=f"n = {mean.n}"))
    cells.append(number(comparison.difference, form.signed(comparison.difference)))
    interval = f"{form.signed(comparison.low)} to {form.signed(comparison.high)}"
    cells.append(number(comparison.low, interval if comparison.low == comparison.low else "–"))
    text, mark = said(comparison)
    return (*cells, words(text, mark=mark))


def said(comparison: Comparison) -> tuple[str, str]:
    """Return in words whether a change is more than noise, and how to mark it."""
    if comparison.n and comparison.ties == comparison.n:
        return _IDENTICAL, ""
    return _SAID.get(comparison.verdict, (comparison.verdict, ""))


def _lede(moved: Moved, pairs: list[Pair], names: tuple[str, str]) -> list[str]:
    kinds: dict[str, list[str]] = {}
    for pair, comparison in zip(pairs, moved.comparisons, strict=True):
        kinds.setdefault(said(comparison)[0], []).append(in_a_sentence(pair.after.title))
    sentences = [f"From {names[0]} to {names[1]}, {count(len(pairs), 'cell')} can be compared."]
    order = [*(text for text, _ in _SAID.values()), _IDENTICAL]
    sentences += [
        f"Accuracy: {kind} for {listing_some(kinds[kind])}." for kind in order if kind in kinds
    ]
    return sentences


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
    moved: Moved, pairs: list[Pair], look: dict[str, Look], out: Path, names: tuple[str, str]
) -> Shown:
    data = pd.DataFrame(
        {
            "cell": [pair.after.label for pair in pairs],
            "title": [pair.after.title for pair in pairs],
            "n": [comparison.n for comparison in moved.comparisons],
            "change": [comparison.difference for comparison in moved.comparisons],
            "low": [comparison.low for comparison in moved.comparisons],
            "high": [comparison.high for comparison in moved.comparisons],
        }
    )
    write_csv(data, out / "change.csv")
    title = f"Change in accuracy from {names[0]} to {names[1]}"
    description = "; ".join(
        f"{pair.after.title} {moved.format.signed(comparison.difference)}"
        for pair, comparison in zip(pairs, moved.comparisons, strict=True)
    )
    with style("change"):
        lines = [
            Difference(pair.after.title, it.difference, it.low, it.high, look[pair.after.label])
            for pair, it in zip(pairs, moved.comparisons, strict=True)
        ]
        picture = save(draw_forest(lines, "Change in accuracy"), "change", out)
    n = runs_a_cell(comparison.n for comparison in moved.comparisons)
    caption = (
        f"Points are mean changes over runs ({n}), bars their 95 % t intervals; zero is no change."
    )
    return Shown("change", "", title, caption, inline(picture, title, description))
