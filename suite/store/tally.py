"""How far the runs of each cell are, and how long they still take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
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


class Tally:
    """A study's runs, counted by cell.

    Args:
        until: The epoch that a run is to reach, by key, where that is not its settings' last.
    """

    def __init__(self, until: Mapping[str, int] = MappingProxyType({})) -> None:
        self._until = until
        self._cells: dict[str, Counter[str]] = {}
        self._runs: dict[tuple[str, str], tuple[Condition, int, int]] = {}

    def put(self, run: Run, condition: Condition, epochs: int) -> None:
        """Count a run as it is now, and no longer as it was before.

        Args:
            run: The run.
            condition: Its condition.
            epochs: Epochs completed; all, where it is done.
        """
        last = self.last(run)
        completed = last if condition == "done" else epochs
        left = 0 if condition == "failed" else last - completed
        name = (run.key, run.cell)  # two cells may share a run
        before, now = self._runs.get(name), (condition, completed, left)
        self._runs[name] = now
        cell = self._cells.setdefault(run.cell, Counter())
        _count(cell, 1, last, *now)  # first: another thread that looks now counts no run too few
        if before is not None:
            _count(cell, -1, last, *before)

    def last(self, run: Run) -> int:
        """Return the epoch that a run is to reach."""
        return self._until.get(run.key, run.settings.epochs)

    def count(self, *conditions: Condition) -> int:
        """Return how many runs are in some conditions."""
        cells = tuple(self._cells.values())
        return sum(cell[condition] for cell in cells for condition in conditions)

    def left(self) -> dict[str, int]:
        """Return the epochs left, by cell; failed runs have none."""
        return {cell: counts["left"] for cell, counts in tuple(self._cells.items())}

    def cells(
        self, pace: Mapping[str, float], losses: Mapping[str, float] = MappingProxyType({})
    ) -> list[CellStatus]:
        """Return the cells in the order in which they came.

        Args:
            pace: Seconds an epoch, by cell, where that is known.
            losses: The last training loss, by cell, where that is known.
        """
        return [
            CellStatus(
                cell=cell,
                runs=counts["runs"],
                done=counts["done"],
                running=counts["running"],
                stale=counts["stale"],
                failed=counts["failed"],
                epochs=counts["epochs"],
                epochs_in_all=counts["epochs_in_all"],
                last_loss=losses.get(cell),
                seconds_left=seconds_left({cell: counts["left"]}, pace, counts["running"]),
            )
            for cell, counts in tuple(self._cells.items())
        ]


def _count(
    cell: Counter[str], times: int, last: int, condition: Condition, completed: int, left: int
) -> None:
    cell["runs"] += times
    cell[condition] += times
    cell["epochs"] += times * completed
    cell["epochs_in_all"] += times * last
    cell["left"] += times * left


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
