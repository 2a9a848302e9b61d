"""What the user sees while runs go on: a live table on a terminal, plain lines in a batch log."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from suite.execution.stopping import Watcher
from suite.store.status import DriverCondition, Status, as_text
from suite.store.tally import Condition, Tally, seconds_left
from suite.study.runs import Run

if TYPE_CHECKING:
    from suite.execution.attempt import Outcome

SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_REMARKS = 2.0

CELLS_IN_A_LINE = 4

SECONDS_OF_SHORT_RUNS = 30.0
"""Where a run ends more often than this, the time left is that of runs, not that of epochs: much
of it goes by between runs, and few of them are seen at an epoch."""


class Progress(Watcher):
    """Shows how a study is getting on while it runs.

    Args:
        study: The study's name.
        runs: All runs of the study.
        missing: Those that are executed now; the others are done.
        console: Where to show it: standard error.
        epochs: Epochs that earlier attempts have completed, by run key.
        until: The epoch that a run is to reach, by key, where that is not its settings' last.
    """

    def __init__(
        self,
        study: str,
        runs: Sequence[Run],
        missing: Sequence[Run],
        console: Console,
        epochs: Mapping[str, int] = MappingProxyType({}),
        until: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._study = study
        self._missing = {run.key: run for run in missing}
        self._shown: dict[str, dict[str, Run]] = {}  # by key and cell: two cells may share a run
        self._conditions: dict[str, Condition] = {}
        self._epochs = dict(epochs)
        self._epochs_before = dict(epochs)
        self._tally = Tally(until)
        self._show(runs)
        self._stopping = False
        self._first_start: float | None = None
        self._done = 0
        self._epochs_done: Counter[str] = Counter()  # by cell, since the start
        self._reached: dict[str, tuple[float, int]] = {}  # when, and which epoch
        self._pace: dict[str, float] = {}
        self._console = console
        self._live: Live | None = None
        self._printed = time.monotonic()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(
                get_renderable=self._table,
                console=self._console,
                refresh_per_second=2,
                redirect_stdout=False,
            )
            self._live.start()
        elif self._shown:
            self._say(f"{self.status().summary}, starting")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def asked(self, runs: Sequence[Run], sentence: str) -> None:
        """More runs of the study are asked for."""
        self._show(runs)
        self._say(f"{sentence}; {self.status().summary}")

    def started(self, key: str) -> None:
        """A run begins, or begins again."""
        self._count(key, "running")
        if self._first_start is None:
            self._first_start = time.monotonic()
        self._reached.pop(key, None)

    def reached(self, key: str, epoch: int, seconds: float) -> None:
        """A run has reached an epoch.

        The pace is the time from one epoch to the next, checkpoints and waiting included. At first
        it is the time that the epoch itself took.
        """
        now, cell = time.monotonic(), self._missing[key].cell
        then, before = self._reached.get(key, (now - seconds, epoch - 1))
        self._reached[key] = now, epoch
        self._epochs[key] = epoch
        self._count(key)
        took = (now - then) / max(1, epoch - before)
        self._pace[cell] = 0.8 * self._pace.get(cell, took) + 0.2 * took
        self._line(SECONDS_BETWEEN_LINES)

    def retried(self, key: str, reason: str) -> None:
        """An attempt at a run died, and another will be made."""
        self._count(key, "waiting")
        self._say(f"trying again: {self._name(key)}: {reason} ({key})")

    def ended(self, key: str, outcome: Outcome) -> None:
        """A run has ended."""
        self._count(key, "waiting" if outcome == "stopped" else outcome)
        if outcome == "stopped":
            return
        if outcome == "done":
            run = self._missing[key]
            self._done += 1
            self._epochs_done[run.cell] += self._tally.last(run) - self._epochs_before.get(key, 0)
        if outcome == "failed":
            self._say(f"failed: {self._name(key)} ({key})")
        self._line(1.0 if self._tally.count("waiting", "running") else 0)

    def waiting(self) -> None:
        """Nothing has been running for a while: the cluster has no room for a run."""
        self._say("waiting: no node of the cluster has room for a run now (see ray status)")

    def warned(self, sentence: str) -> None:
        """Something is wrong that ends no run."""
        self._say(f"warning: {sentence}")

    def stopping(self, seconds: float) -> None:
        """An interrupt came: runs may finish their epoch within this many seconds."""
        self._stopping = True
        self._say(
            f"Stopping: runs finish their epoch, within {seconds:.0f} s at most. "
            "Press Ctrl-C again to stop them at once."
        )

    def status(self) -> Status:
        """Return how the study is getting on, as its driver sees it."""
        driver: DriverCondition = "stopping" if self._stopping else "driving"
        pace = dict(self._pace)
        left = self._seconds_left_by_runs(pace)
        if left is None:
            left = seconds_left(self._tally.left(), pace, self._tally.count("running"))
        return Status(self._study, "", True, driver, "", self._tally.cells(pace), left)

    def seconds_left(self) -> float | None:
        """Return how long the study still takes, None where unknown; any thread may ask."""
        return self.status().seconds_left

    def _show(self, runs: Sequence[Run]) -> None:
        for run in runs:
            self._shown.setdefault(run.key, {})[run.cell] = run
            self._count(run.key, "waiting" if run.key in self._missing else "done")

    def _count(self, key: str, condition: Condition | None = None) -> None:
        """Count a run in its condition, which may be a new one, and at its epoch."""
        if condition is not None:
            self._conditions[key] = condition
        # None for a run that is not asked for, from whose network one starts.
        for run in self._shown.get(key, {}).values():
            self._tally.put(run, self._conditions[key], self._epochs.get(key, 0))

    def _seconds_left_by_runs(self, pace: Mapping[str, float]) -> float | None:
        """Return the same by the runs that have ended since the start, None unless they are short.

        A cell's epochs count by their pace, so that what is left may be dearer than what is done.
        """
        if not self._done or self._first_start is None:
            return None
        passed = time.monotonic() - self._first_start
        if passed > SECONDS_OF_SHORT_RUNS * self._done:
            return None
        mean = sum(pace.values()) / len(pace) if pace else 1.0

        def cost(epochs: Mapping[str, int]) -> float:
            return sum(number * pace.get(cell, mean) for cell, number in epochs.items())

        done = cost(dict(self._epochs_done))
        return passed * cost(self._tally.left()) / done if done else None

    def _name(self, key: str) -> str:
        run = self._missing[key]
        return f"{run.cell}, seed {run.seed}"

    def _table(self) -> Group:
        status = self.status()
        bar = Table.grid()
        bar.add_row(ProgressBar(status.count("epochs_in_all"), status.count("epochs"), width=60))
        return Group(bar, as_text(status))

    def _line(self, at_least: float) -> None:
        """Print a plain line, unless one was printed a moment ago or a table is shown."""
        if self._live is not None or time.monotonic() - self._printed < at_least:
            return
        self._printed = time.monotonic()
        status = self.status()
        running = [cell for cell in status.cells if cell.running]
        parts = [
            f"{cell.cell} {cell.epochs}/{cell.epochs_in_all} epochs"
            for cell in running[:CELLS_IN_A_LINE]
        ]
        if (more := len(running) - len(parts)) > 0:
            parts.append(f"and {more} more")
        self._say(f"{status.summary}{': ' if parts else ''}{', '.join(parts)}")

    def _say(self, line: str) -> None:
        say(self._console, line)


class PatientConsole(Console):
    """Prints nothing more once its reader has gone.

    An interrupt from the keyboard ends `2>&1 | tee log` too, and what is printed afterwards must
    not end the driver before the runs have finished their epochs.
    """

    def on_broken_pipe(self) -> None:
        """Continue, and discard what is printed from now on."""
        self.quiet = True
        with Path(os.devnull).open("w") as nowhere:  # what is buffered is written there at the end
            os.dup2(nowhere.fileno(), self.file.fileno())


def say(console: Console, line: str) -> None:
    """Print one plain line; leave it out if it cannot be printed."""
    with contextlib.suppress(OSError):  # a log file on a full disk is no reason to stop
        console.print(line, highlight=False, markup=False, emoji=False, soft_wrap=True)


def reading(console: Console) -> Callable[[str, int, int], None]:
    """Return a function that reports from time to time how many images have been read."""
    said = time.monotonic()

    def remark(what: str, done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said >= SECONDS_BETWEEN_REMARKS or done == total:
            said = time.monotonic()
            say(console, f"{what}: {done:,} of {total:,}")

    return remark
