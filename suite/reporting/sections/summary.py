"""The verdict in three sentences, and how complete the study is."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from suite import decisions
from suite.decisions import Compared
from suite.reporting.numbers import count, every, in_a_sentence, listing_some, percent
from suite.reporting.section import Material
from suite.reporting.sections import claims
from suite.reporting.sections.runs import tally
from suite.reporting.table2 import BEST, BETTER, SAME, UNTESTED, Row


def lede(material: Material) -> list[str]:
    """Return which cell is best, what the sparsest one saves, and how the claims were decided."""
    table = material.table
    sentences = []
    for dataset in table.datasets:
        rows = [row for row in table.rows if row.dataset == dataset and row.accuracy.estimate.n]
        if rows:
            alone = len(table.datasets) == 1
            sentences.append(_verdict(rows, "" if alone else dataset, material.comparisons))
            if alone:
                sentences += _saving(material, rows)
    return [*sentences, *filter(None, [claims.tally(material.claims, material.comparisons)])]


def _verdict(rows: list[Row], dataset: str, compared: Sequence[Compared]) -> str:
    on = f"On {dataset}, " if dataset else ""
    accuracy = {row.cell.label: row.accuracy for row in rows}
    best = _most_accurate(rows)
    entry = accuracy[best.cell.label]
    half = f" ± {entry.half}" if entry.half else ""
    over = count(entry.estimate.n, "run")
    name = in_a_sentence(best.cell.brief)
    if len(rows) == 1:
        return f"{on}{name} reaches an accuracy of {entry.mean}{half} over {over}."
    first = f"{on}{name} reaches the highest accuracy, {entry.mean}{half} over {over}"
    same, untested, better = (
        [in_a_sentence(row.cell.brief) for row in rows if accuracy[row.cell.label].mark == mark]
        for mark in (SAME, UNTESTED, BETTER)
    )
    if len(same) == len(rows) - 1:
        first += ", and no other is shown to differ from it"
    elif same:
        verb = "is" if len(same) == 1 else "are"
        first += f"; {listing_some(same)} {verb} not shown to differ from it"
    if len(untested) == len(rows) - 1:
        first += ", and there are too few runs, or pairs that differ, to test another against it"
    elif untested:
        first += f"; too few runs of {listing_some(untested)} differ from its own to be tested"
    if better:
        verb = "is" if len(better) == 1 else "are"
        first += f"; over the seeds of both, {listing_some(better)} {verb} better"
    return f"{first}.{_declared(best, rows, compared)}"


def _declared(best: Row, rows: list[Row], compared: Sequence[Compared]) -> str:
    """Say what the declared comparisons do not show, though the marks of the table may seem to.

    The marks test each cell against the best one, which is picked from the same runs.
    """
    marks = {row.cell.label: row.accuracy.mark for row in rows}
    open_ = {
        row.cell.label if row.against.label == best.cell.label else row.against.label: row
        for row in compared
        if row.outcome == "test_accuracy"
        and best.cell.label in (row.cell.label, row.against.label)
        and row.found.verdict not in ("better", "worse")
    }
    said = [
        f"{in_a_sentence(row.cell.brief)} ({open_[row.cell.label].found.verdict})"
        for row in rows
        if row.cell.label in open_ and marks[row.cell.label] == ""
    ]
    if not said:
        return ""
    return f" The declared comparisons do not show that it is better than {listing_some(said)}."


def _most_accurate(rows: list[Row]) -> Row:
    """Return the row that the table marks; where it compares none, the best network that lives."""
    marked = [row for row in rows if row.accuracy.mark == BEST]
    alive = [row for row in rows if not row.dead and isfinite(row.accuracy.estimate.mean)]
    return max(marked or alive or rows, key=lambda row: row.accuracy.estimate.mean)


def _saving(material: Material, rows: list[Row]) -> list[str]:
    """Say which cell has the fewest connections, and what that costs, over the seeds of both."""
    rows = [row for row in rows if not row.dead]
    if not rows:
        return []
    best = _most_accurate(rows)
    least = min(rows, key=lambda row: row.connections.estimate.mean)
    alike = [row for row in rows if row.connections.mean == least.connections.mean]
    fewest = _most_accurate(alike)
    if best in alike:
        return []
    labels = [fewest.cell.label, best.cell.label]
    accuracy, connections = (
        decisions.values(material.results, material.table.columns[index].outcome, "last")[labels]
        for index in (0, 2)
    )
    shared = (accuracy * connections).dropna().index
    if shared.empty:
        return []
    few, many = connections.loc[shared].mean()
    saved = 1 - few / many
    if saved < 0.005:
        return []
    low, high = accuracy.loc[shared].mean()
    lost = fewest.accuracy.format.text(abs(high - low))
    name, other = in_a_sentence(fewest.cell.brief), in_a_sentence(best.cell.brief)
    fewer = len(shared) < max(fewest.n, best.n)
    over = f", over the {count(len(shared), 'seed')} of both" if fewer else ""
    return [
        f"{name} has the fewest connections{_others(len(alike) - 1)}, {percent(saved)} fewer than "
        f"{other}; its accuracy is "
        f"{lost} {'lower' if low <= high else 'higher'}{over}."
    ]


def _others(number: int) -> str:
    """Say how many cells have as few connections, of which the most accurate is named."""
    if not number:
        return ""
    return f" (as {'does' if number == 1 else 'do'} {count(number, 'other')})"


def progress(material: Material) -> dict[str, str]:
    """Return how much of the study is done: a sentence, and the share in percent."""
    runs = material.results.runs
    undone = [run for run in runs if run.state != "done"]
    done = len(runs) - len(undone)
    share = f"{100 * done / max(len(runs), 1):.2f}"
    if not undone:
        return {"share": share, "text": f"Complete: {every(done)} done."}
    if decisions.decided(material.results):
        text = (
            "All comparisons and claims are decided, with "
            f"{done:,} of at most {count(len(runs), 'run')}."
        )
        return {"share": share, "text": text}
    text = (
        f"Incomplete: {done:,} of {count(len(runs), 'run')} are done. {tally(undone)}. This "
        "report uses the finished runs only."
    )
    return {"share": share, "text": text}
