"""The progress of a study: read from its store, on any machine that sees it, at any time.

A run reports to the store every few seconds, and so does its driver. One that has been silent for
too long is called stale, not running.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal

from suite.files import Stamp
from suite.store import lock
from suite.store.known import known_fingerprints, known_runs
from suite.store.store import RunStore, State, keys_of
from suite.store.tally import CellStatus, Condition, Tally, seconds_left
from suite.store.tuned import Tuning, progress, standing
from suite.study import Study
from suite.study.chains import with_earlier
from suite.study.runs import Run

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

DriverCondition = Literal["driving", "stopping", "stale", "none"]

SECONDS_OF_A_FIRST_EPOCH = 600.0
"""How long a run may be silent before it has reported how long its epochs take."""

SECONDS_BETWEEN_LOOKS = 2.0

WARNINGS_SHOWN = 5

Note = dict[str, Any]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Status:
    """The progress of a study.

    Attributes:
        study: The study's name.
        store: The store's location.
        driver: Whether it is being driven; "stale" where its driver has been silent for too long.
        driven_by: Host, process and age of its driver, for people.
        cells: One a cell, in the study's order.
        begun: Whether the store holds anything of the study.
        seconds_left: Until the study is done at its present pace; None while it is tuned and if
            nothing is running.
        tuning: How far its tuning is; None where nothing is tuned.
        warnings: What its runs warn of, with cell and seed.
    """

    study: str
    store: str
    begun: bool
    driver: DriverCondition
    driven_by: str
    cells: list[CellStatus]
    seconds_left: float | None
    tuning: Tuning | None = None
    warnings: list[str] = field(default_factory=list)

    def count(self, what: str) -> int:
        """Return the sum of a number over the cells."""
        return int(sum(getattr(cell, what) for cell in self.cells))

    @property
    def complete(self) -> bool:
        """Whether every run is done."""
        return self.count("done") == self.count("runs")

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen: each run is done, or has failed and has no driver."""
        ended = self.count("done") + self.count("failed")
        return self.complete or (self.driver == "none" and ended == self.count("runs"))

    @property
    def summary(self) -> str:
        """One line, e.g. 3 of 7 runs done, 2 running, time left 0:12:30."""
        parts = [f"{self.count('done')} of {self.count('runs')} runs done"]
        counts = {what: self.count(what) for what in ("running", "stale", "failed")}
        parts += [f"{number} {what}" for what, number in counts.items() if number]
        if self.driver == "stopping":
            parts.append("stopping")
        elif self.seconds_left is not None and not self.complete:
            parts.append(f"time left {_time(self.seconds_left)}")
        return ", ".join(parts)

    def document(self) -> dict[str, Any]:
        """Return all of it as one JSON document."""
        names = ("runs", "done", "running", "stale", "failed", "epochs", "epochs_in_all")
        return {**asdict(self), "counts": {name: self.count(name) for name in names}}


def look(study: Study, store: RunStore, notes: dict[str, Note] | None = None) -> Status:
    """Return the progress of a study.

    Args:
        study: The study.
        store: Its store.
        notes: The last reports of finished runs, kept here so that the next look need not read
            them again.

    Raises:
        OSError: If the store cannot be read.
    """
    notes = {} if notes is None else notes
    lying = store.lying()
    runs, states = stand(study, store, lying)
    tuning = progress(standing(study, store, known_fingerprints(study, store)))
    driver, now = _driver_and_its_time(study, store)
    begun = keys_of(lying) - set(notes)
    asked = [run.key for run in runs if run.key in begun]
    reported = dict(zip(asked, store.reports(asked, lying), strict=True))
    reports = notes | {key: note for key, note in reported.items() if note is not None}
    notes.update({key: reports[key] for key in reports if states.get(key) == "done"})
    counted = Tally()
    for run in runs:
        note = reports.get(run.key)
        condition = _condition(states[run.key], note, driver, now)
        counted.put(run, condition, note["epoch"] if note else 0)
    timed: dict[str, list[Note]] = {}
    for run in runs:
        if run.key in reports and reports[run.key]["seconds"] is not None:
            timed.setdefault(run.cell, []).append(reports[run.key])
    pace = {cell: fmean(note["seconds"] for note in found) for cell, found in timed.items()}
    losses = {
        cell: max(found, key=lambda note: note["time"])["train_loss"]
        for cell, found in timed.items()
    }
    left = _by_driver(driver, now) if driver is not None and now is not None else None
    if tuning is not None and tuning.winners < tuning.cells:
        left = None  # a driver counts what it trains now, and that is one rung
    elif left is None:
        left = seconds_left(counted.left(), pace, counted.count("running"))
    return Status(
        study.name,
        store.location,
        driver is not None
        or (tuning is not None and tuning.ended > 0)
        or any(run.key in reports or states[run.key] != "missing" for run in runs),
        _driver_condition(driver, now),
        lock.describe(driver) if driver else "",
        counted.cells(pace, losses),
        left,
        tuning,
        [
            f"{run.cell}, seed {run.seed}: {sentence}"
            for run in runs
            for sentence in reports.get(run.key, {}).get("warnings", ())
        ],
    )


def stand(
    study: Study, store: RunStore, lying: Mapping[str, Stamp] | None = None
) -> tuple[list[Run], dict[str, State]]:
    """Return a study's runs and what the store holds of each.

    While one is not done, the earlier runs are listed too that others start from.

    Raises:
        OSError: If the store cannot be read.
    """
    lying = store.lying() if lying is None else lying
    runs = known_runs(study, store)
    states = store.states((run.key for run in runs), lying)
    if any(state != "done" for state in states.values()):
        runs = with_earlier(runs)
        states = store.states((run.key for run in runs), lying)
    return runs, states


def watch(study: Study, store: RunStore) -> Iterator[Status]:
    """Look again every few seconds, until nothing more will happen.

    Raises:
        OSError: If the store cannot be read at first; later it waits until it can.
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


def _driver_and_its_time(study: Study, store: RunStore) -> tuple[Note | None, float | None]:
    """Return who drives a study, and the time on its machine; None if it is not alive.

    The clocks of two machines may differ. A driver that has just reported is alive, and so is one
    that reports again while it is watched.
    """
    driver = store.driver(study.name)
    if driver is None or lock.is_another(driver, study.path):
        return None, None
    if lock.is_here(driver):
        return driver, time.time() if lock.alive(driver) else None
    if abs(time.time() - driver["time"]) > lock.BEATS_TO_WATCH * lock.SECONDS_BETWEEN_BEATS:
        report = lock.next_beat(store, study.name, driver)
        return (driver, None) if report is None else (report, report["time"])
    return driver, driver["time"]


def _by_driver(driver: Note, now: float) -> float | None:
    """Return the seconds left by the driver's own count.

    It sees runs that end between two looks, and how long every epoch takes: the last one reported
    may be the first of its process, which takes longer.

    Drivers of version 0.1.0 do not report it.
    """
    left = driver.get("seconds_left")
    return None if left is None else max(0.0, left - (now - driver["time"]))


def _condition(
    state: State, note: Note | None, driver: Note | None, now: float | None
) -> Condition:
    if state in ("done", "failed"):
        return state
    if note is None or driver is None or note["driver"] != driver["token"]:
        return "waiting"  # begun by another driver, or not begun yet
    seconds = note["seconds"]
    patience = SECONDS_OF_A_FIRST_EPOCH if seconds is None else lock.STALE_AFTER + 3 * seconds
    return "running" if now is not None and now - note["time"] <= patience else "stale"


def _driver_condition(driver: Note | None, now: float | None) -> DriverCondition:
    if driver is None:
        return "none"
    if now is None:
        return "stale"
    return "stopping" if driver["stopping"] else "driving"


def as_text(status: Status) -> Group:
    """Return a status as something that rich prints: a table below one or two sentences."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    troubles = [what for what in ("stale", "failed") if status.count(what)]
    losses = ["last loss"] if any(cell.last_loss is not None for cell in status.cells) else []
    table = Table(box=None, pad_edge=False)
    table.add_column("cell", no_wrap=True)
    for heading in ("done", "running", *troubles, "epochs", *losses, "time left"):
        table.add_column(heading, justify="right")
    for cell in status.cells:
        loss = "" if cell.last_loss is None else f"{cell.last_loss:.4f}"
        table.add_row(
            Text(cell.cell),
            f"{cell.done}/{cell.runs}",
            str(cell.running or ""),
            *(Text(str(getattr(cell, what) or ""), style="red") for what in troubles),
            f"{cell.epochs}/{cell.epochs_in_all}",
            *([loss] if losses else []),
            "" if cell.seconds_left is None else _time(cell.seconds_left),
        )
    tuning = [f"{status.tuning.sentence}."] if status.tuning else []
    sentences = [f"{status.study}: {status.summary}.", *tuning, *_driver(status)]
    return Group(*map(Text, sentences), table, *_warnings(status))


def _warnings(status: Status) -> list[Text]:
    """Return the first warnings, and how many more there are."""
    from rich.text import Text

    more = len(status.warnings) - WARNINGS_SHOWN
    lines = [f"Warning: {sentence}" for sentence in status.warnings[:WARNINGS_SHOWN]]
    lines += [f"{more} more warnings: suite status --json has all."] if more > 0 else []
    return [Text(line, style="yellow") for line in lines]


def _driver(status: Status) -> list[str]:
    """Return a sentence on the driver; none where the driver itself shows the status."""
    by = status.driven_by
    match status.driver:
        case "stale":
            return [f"Stale: it was driven by {by}. Resume it with suite run."]
        case "none" if status.begun:
            return ["Nobody is driving it now."]
        case "none":
            return [f"Nobody is driving it now, and {status.store} holds nothing of it."]
    return [f"Driven by {by}."] if by else []


_LONGEST = 86_400.0 * 999_999
"""Seconds that are shown: a study of more days than this ends for another reason."""


def _time(seconds: float) -> str:
    return str(timedelta(seconds=round(min(seconds, _LONGEST))))
