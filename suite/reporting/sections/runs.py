"""What failed, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable

from suite.reporting.numbers import count, every, listing
from suite.reporting.section import Grid, Material, Section, head, number, words
from suite.store.table import RunState

_SHOWN = 200


def section(material: Material) -> Section:
    """Return the runs that are not done, by cell."""
    results = material.results
    undone = [run for run in results.runs if run.state != "done"]
    title = "Failed and missing runs"
    if not undone:
        return Section("runs", title, (f"None: {every(len(results.runs))} done.",))
    titles = {cell.label: cell.title for cell in results.study.cells}
    rows = [
        (
            words(titles[run.cell]),
            number(run.seed, str(run.seed)),
            words(run.state, mark="bad" if run.state == "failed" else "open"),
            words(run.reason or "–"),
            words(run.key),
        )
        for run in undone[:_SHOWN]
    ]
    more = len(undone) - len(rows)
    caption = "Every run of the study that is not done; numbers in this report leave them out."
    if more:
        caption += f" {count(more, 'further run is', 'further runs are')} not listed."
    grid = Grid(
        "runs-grid",
        caption,
        head("Cell", "Seed", "State", "Reason", "Run", names=(0, 2, 3, 4)),
        tuple(rows),
    )
    return Section("runs", title, (f"{tally(undone)}.", grid))


def tally(undone: Iterable[RunState]) -> str:
    """Count the runs that are not done, e.g. 5 runs are not done: 3 failed and 2 missing."""
    states: list[str] = [run.state for run in undone]
    kinds = {"failed": "failed", "partial": "unfinished", "missing": "missing"}
    counts = [(states.count(state), word) for state, word in kinds.items()]
    listed = listing(f"{n:,} {word}" for n, word in counts if n)
    return f"{count(len(states), 'run is', 'runs are')} not done: {listed}"
