"""How far the runs of each cell are, and how long they still take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from suite.study.runs import Run

Condition = Literal["done", "running", "stale", "failed", "waiting"]


@dataclass(frozen=True)
class CellStatus:
    """The progress of the runs of one cell.

    Attributes:
        cell: The cell's label.
        runs: How many runs it has: each is done, running, stale, failed or waiting.
        done: Runs that are finished.
        running: Runs under way.
        stale: Runs that were under way and have been silent for too long.
        failed: Runs that failed.
        epochs: Epochs that its runs have completed.
        epochs_in_all: Epochs that its runs have in total.
        last_loss: Training loss of the epoch reported last, or None.
        seconds_left: Until its runs are done at their present pace, or None if none is running.
    """

    cell: str
    runs: int
    done: int
    running: int
    stale: int
    failed: int
    epochs: int
    epochs_in_all: int
    last_loss: float | None
    seconds_left: float | None


def tally(
    runs: Sequence[Run],
    conditions: Mapping[str, Condition],
    epochs: Mapping[str, int],
    pace: Mapping[str, float],
    losses: Mapping[str, float] = MappingProxyType({}),
    until: Mapping[str, int] = MappingProxyType({}),
) -> tuple[list[CellStatus], float | None]:
    """Count a study's runs by cell, and estimate how long they still take.

    Args:
        runs: All runs.
        conditions: The condition of each run, by key.
        epochs: Epochs completed, by key; those of runs that are done need not be given.
        pace: Seconds an epoch, by cell, where that is known.
        losses: The last training loss, by cell, where that is known.
        until: The epoch that a run is to reach, by key, where that is not its settings' last.

    Returns:
        The cells in the order of the runs; and the seconds left, or None where that is unknown.
    """
    by_cell: dict[str, list[Run]] = {}
    for run in runs:
        by_cell.setdefault(run.cell, []).append(run)
    last = {run.key: until.get(run.key, run.settings.epochs) for run in runs}
    completed = {
        key: end if conditions[key] == "done" else epochs.get(key, 0) for key, end in last.items()
    }
    cells: list[CellStatus] = []
    left: dict[str, int] = {}
    for cell, of_cell in by_cell.items():
        counts = Counter(conditions[run.key] for run in of_cell)
        going = [run for run in of_cell if conditions[run.key] != "failed"]
        left[cell] = sum(last[run.key] - completed[run.key] for run in going)
        cells.append(
            CellStatus(
                cell=cell,
                runs=len(of_cell),
                done=counts["done"],
                running=counts["running"],
                stale=counts["stale"],
                failed=counts["failed"],
                epochs=sum(completed[run.key] for run in of_cell),
                epochs_in_all=sum(last[run.key] for run in of_cell),
                last_loss=losses.get(cell),
                seconds_left=seconds_left({cell: left[cell]}, pace, counts["running"]),
            )
        )
    return cells, seconds_left(left, pace, sum(cell.running for cell in cells))


def seconds_left(
    epochs: Mapping[str, int], pace: Mapping[str, float], running: int
) -> float | None:
    """Estimate how long runs still take.

    Each cell keeps its own pace, or the mean pace until it has one, and as many runs go on at once
    as now.

    Args:
        epochs: Epochs left, by cell.
        pace: Seconds an epoch, by cell, where that is known.
        running: How many runs go on at once.

    Returns:
        Seconds, or None where nothing is running or no epoch has been timed.
    """
    if not pace or not running:
        return None
    mean = sum(pace.values()) / len(pace)
    return sum(left * pace.get(cell, mean) for cell, left in epochs.items()) / running
