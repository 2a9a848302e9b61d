"""How a study is getting on, read from its store: on any machine that sees it, at any time.

A run that is under way says so in the store every few seconds, and so does its driver; who has not
been heard of for too long is called stale and not running.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Literal

from suite.store import lock
from suite.store.store import RunStore, State, at_once
from suite.store.table import known_runs
from suite.study import Study
from suite.study.runs import Run

Condition = Literal["done", "running", "stale", "failed", "waiting"]
DriverCondition = Literal["driving", "stopping", "stale", "none"]

SECONDS_OF_A_FIRST_EPOCH = 600.0
"""So long is a run believed that has not said yet how long its epochs take."""

SECONDS_BETWEEN_LOOKS = 2.0

Note = dict[str, Any]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CellStatus:
    """How the runs of one cell are getting on.

    Attributes:
        cell: The cell's label.
        runs: How many runs it has: each is done, running, stale, failed or waiting.
        done: Runs that are finished.
        running: Runs under way.
        stale: Runs that were under way and have not been heard of for too long.
        failed: Runs that failed.
        epochs: Epochs that its runs have behind them.
        epochs_in_all: Epochs that its runs have.
        last_loss: Training loss of the epoch last heard of, or None.
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


@dataclass(frozen=True)
class Status:
    """How a study is getting on.

    Attributes:
        study: The study's name.
        store: The store's location.
        driver: Whether it is being driven; "stale" where its driver was not heard of for too long.
        driven_by: Host, process and age of its driver, for people.
        cells: One a cell, in the study's order.
        begun: Whether the store holds anything of the study.
        seconds_left: Until the study is done at its present pace, or None if nothing is running.
    """

    study: str
    store: str
    begun: bool
    driver: DriverCondition
    driven_by: str
    cells: list[CellStatus]
    seconds_left: float | None

    def count(self, what: str) -> int:
        """Return the sum of a number over the cells."""
        return int(sum(getattr(cell, what) for cell in self.cells))

    @property
    def complete(self) -> bool:
        """Whether every run is done."""
        return self.count("done") == self.count("runs")

    @property
    def settled(self) -> bool:
        """Whether nothing more will come: every run is done, or has failed with nobody at it."""
        ended = self.count("done") + self.count("failed")
        return self.complete or (self.driver == "none" and ended == self.count("runs"))

    def document(self) -> dict[str, Any]:
        """Return all of it as one JSON document."""
        names = ("runs", "done", "running", "stale", "failed", "epochs", "epochs_in_all")
        return {**asdict(self), "counts": {name: self.count(name) for name in names}}


def look(study: Study, store: RunStore, notes: dict[str, Note] | None = None) -> Status:
    """Return how a study is getting on.

    Args:
        study: The study.
        store: Its store.
        notes: What finished runs said last: kept here between two looks, so that the second need
            not read it again.

    Raises:
        OSError: If the store cannot be read.
    """
    notes = {} if notes is None else notes
    runs = known_runs(study, store)
    states = store.states(run.key for run in runs)
    driver, now = _driver_and_its_time(study, store)
    begun = set(store.keys()) - set(notes)
    asked = [run.key for run in runs if run.key in begun]
    found = dict(zip(asked, at_once(store.progress, asked), strict=True))
    heard = notes | {key: note for key, note in found.items() if note is not None}
    notes.update({key: heard[key] for key in heard if states.get(key) == "done"})
    conditions = {
        run.key: _condition(states[run.key], heard.get(run.key), driver, now) for run in runs
    }
    by_cell: dict[str, list[Run]] = {}
    for run in runs:
        by_cell.setdefault(run.cell, []).append(run)
    pace = {
        cell: sum(paces) / len(paces)
        for cell, of_cell in by_cell.items()
        if (paces := [heard[r.key]["seconds"] for r in of_cell if _timed(heard.get(r.key))])
    }
    cells = [_cell(cell, of_cell, conditions, heard, pace) for cell, of_cell in by_cell.items()]
    left = {cell.cell: cell.epochs_in_all - cell.epochs for cell in cells}
    return Status(
        study.name,
        store.location,
        driver is not None or any(run.key in heard or states[run.key] != "missing" for run in runs),
        _driver_condition(driver, now),
        lock.describe(driver) if driver else "",
        cells,
        seconds_left(left, pace, sum(cell.running for cell in cells)),
    )


def watch(study: Study, store: RunStore) -> Iterator[Status]:
    """Look again every few seconds, until nothing more will come.

    Raises:
        OSError: If the store cannot be read at first; later that is waited for.
    """
    notes: dict[str, Note] = {}
    status = look(study, store, notes)
    yield status
    while not status.settled:
        time.sleep(SECONDS_BETWEEN_LOOKS)
        try:
            status = look(study, store, notes)
        except OSError as error:
            _log.warning("the store cannot be read now: %s", error)
            continue
        yield status


def seconds_left(
    epochs: Mapping[str, int], pace: Mapping[str, float], running: int
) -> float | None:
    """Estimate how long runs still take.

    Each cell goes at its own pace, at the mean pace until it has one, and as many runs go on at
    once as do now.

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


def _driver_and_its_time(study: Study, store: RunStore) -> tuple[Note | None, float | None]:
    """Return who drives a study, and what time it is there; None if it does not live.

    The clock there may be another than here. One that has just been heard of lives, and so does
    one that is heard of again while it is watched.
    """
    driver = store.driver(study.name)
    if driver is None or lock.is_another(driver, study.path):
        return None, None
    if lock.is_here(driver):
        return driver, time.time() if lock.alive(driver) else None
    if abs(time.time() - driver["time"]) > lock.BEATS_TO_WATCH * lock.SECONDS_BETWEEN_BEATS:
        heard = lock.next_beat(store, study.name, driver)
        return (driver, None) if heard is None else (heard, heard["time"])
    return driver, driver["time"]


def _condition(
    state: State, note: Note | None, driver: Note | None, now: float | None
) -> Condition:
    if state in ("done", "failed"):
        return state
    if note is None or driver is None or note["driver"] != driver["token"]:
        return "waiting"  # what another driver had begun, or nobody yet
    seconds = note["seconds"]
    patience = SECONDS_OF_A_FIRST_EPOCH if seconds is None else lock.STALE_AFTER + 3 * seconds
    return "running" if now is not None and now - note["time"] <= patience else "stale"


def _driver_condition(driver: Note | None, now: float | None) -> DriverCondition:
    if driver is None:
        return "none"
    if now is None:
        return "stale"
    return "stopping" if driver["stopping"] else "driving"


def _timed(note: Note | None) -> bool:
    return note is not None and note["seconds"] is not None


def _cell(
    cell: str,
    runs: Sequence[Run],
    conditions: dict[str, Condition],
    heard: dict[str, Note],
    pace: dict[str, float],
) -> CellStatus:
    counts = Counter(conditions[run.key] for run in runs)
    epochs = sum(
        run.settings.epochs
        if conditions[run.key] == "done"
        else heard.get(run.key, {}).get("epoch", 0)
        for run in runs
    )
    in_all = sum(run.settings.epochs for run in runs)
    told = [heard[run.key] for run in runs if _timed(heard.get(run.key))]
    last = max(told, key=lambda note: note["time"], default=None)
    running = counts["running"]
    return CellStatus(
        cell=cell,
        runs=len(runs),
        done=counts["done"],
        running=running,
        stale=counts["stale"],
        failed=counts["failed"],
        epochs=epochs,
        epochs_in_all=in_all,
        last_loss=last["train_loss"] if last else None,
        seconds_left=seconds_left({cell: in_all - epochs}, pace, running),
    )


def as_text(status: Status) -> Any:
    """Return the status as something that rich prints: a table under two sentences."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column("cell", no_wrap=True)
    troubles = [what for what in ("stale", "failed") if status.count(what)]
    for heading in ("done", "running", *troubles, "epochs", "last loss", "time left"):
        table.add_column(heading, justify="right")
    for cell in status.cells:
        left = cell.seconds_left
        table.add_row(
            Text(cell.cell),
            f"{cell.done}/{cell.runs}",
            str(cell.running or ""),
            *(Text(str(getattr(cell, what) or ""), style="red") for what in troubles),
            f"{cell.epochs}/{cell.epochs_in_all}",
            "" if cell.last_loss is None else f"{cell.last_loss:.4f}",
            "" if left is None else str(timedelta(seconds=round(left))),
        )
    return Group(Text(_counts(status)), Text(_driver(status)), table)


def _counts(status: Status) -> str:
    parts = [f"{status.count('done')} of {status.count('runs')} runs done"]
    parts += [
        f"{status.count(what)} {what}"
        for what in ("running", "stale", "failed")
        if status.count(what)
    ]
    if status.seconds_left is not None and not status.complete:
        parts.append(f"time left {timedelta(seconds=round(status.seconds_left))}")
    return f"{status.study}: {', '.join(parts)}."


def _driver(status: Status) -> str:
    return {
        "driving": f"Driven by {status.driven_by}.",
        "stopping": f"Stopping: driven by {status.driven_by}.",
        "stale": f"Stale: it was driven by {status.driven_by}; go on with suite run.",
        "none": "Nobody drives it now."
        if status.begun
        else f"Nobody drives it now, and {status.store} holds nothing of it.",
    }[status.driver]
