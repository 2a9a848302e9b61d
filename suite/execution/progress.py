"""What people see while runs go on: a live table on a terminal, plain lines in a batch log."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from suite.store.status import seconds_left
from suite.study.runs import Run

if TYPE_CHECKING:
    from suite.execution.attempt import Outcome

SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_REMARKS = 2.0

RUNS_IN_A_LINE = 4


class Progress:
    """Follows the runs of one `suite run`; a `suite.execution.stopping.Watcher`.

    Args:
        runs: The runs that are executed.
        before: How many of the study's runs were done before.
        console: Where to show it: standard error.
        epochs: What earlier attempts have behind them, by run key.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        before: int,
        console: Console,
        epochs: Mapping[str, int] | None = None,
    ) -> None:
        self._runs = {run.key: run for run in runs}
        self._epochs = dict.fromkeys(self._runs, 0) | dict(epochs or {})
        self._running: dict[str, None] = {}  # in the order that they began
        self._ended: set[str] = set()
        self._failed: set[str] = set()
        self._stopping = False
        self._before = before
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
        else:
            self._say(self._counts())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def started(self, key: str) -> None:
        """A run begins, or begins again."""
        self._running[key] = None
        self._reached.pop(key, None)
        self._ended.discard(key)
        self._failed.discard(key)

    def reached(self, key: str, epoch: int, seconds: float) -> None:
        """A run has reached an epoch.

        What counts is how long epochs take from here, checkpoints and waiting included; how long
        the epoch itself took stands in for that at first.
        """
        now, cell = time.monotonic(), self._runs[key].cell
        then, before = self._reached.get(key, (now - seconds, epoch - 1))
        self._reached[key] = now, epoch
        self._epochs[key] = epoch
        took = (now - then) / max(1, epoch - before)
        self._pace[cell] = 0.8 * self._pace.get(cell, took) + 0.2 * took
        self._line(SECONDS_BETWEEN_LINES)

    def retried(self, key: str, reason: str) -> None:
        """An attempt at a run died, and another will be made."""
        self._running.pop(key, None)
        run = self._runs[key]
        self._say(f"tried again: {run.cell}, seed {run.seed}: {reason} ({key})")

    def ended(self, key: str, outcome: Outcome) -> None:
        """A run has ended."""
        self._running.pop(key, None)
        if outcome == "stopped":
            return
        self._ended.add(key)
        run = self._runs[key]
        if outcome == "failed":
            self._failed.add(key)
            self._say(f"failed: {run.cell}, seed {run.seed} ({key})")
        else:
            self._epochs[key] = run.settings.epochs
        self._line(0 if len(self._ended) == len(self._runs) else 1.0)

    def waiting(self) -> None:
        """Nothing has been running for a while: the cluster has no room for a run."""
        self._say("waiting: no node of the cluster has room for a run now (ray status)")

    def warned(self, sentence: str) -> None:
        """Something is wrong that ends no run."""
        self._say(f"warning: {sentence}")

    def stopping(self, seconds: float) -> None:
        """An interrupt came: runs get so many seconds to end their epoch."""
        self._stopping = True
        self._say(
            f"Stopping: runs end their epoch, for at most {seconds:.0f} s; "
            "Ctrl-C again stops them at once."
        )

    def seconds_left(self) -> float | None:
        """Return an estimate in seconds, or None while nothing can be estimated."""
        left: dict[str, int] = {}
        for key, run in self._runs.items():
            if key not in self._ended:
                left[run.cell] = left.get(run.cell, 0) + run.settings.epochs - self._epochs[key]
        return seconds_left(left, self._pace, len(self._running))

    def _counts(self) -> str:
        done = self._before + len(self._ended) - len(self._failed)
        told = [f"{done} of {self._before + len(self._runs)} runs done"]
        told.append(f"{len(self._running)} running")
        if self._failed:
            told.append(f"{len(self._failed)} failed")
        if self._stopping:
            told.append("stopping")
        elif len(self._ended) < len(self._runs):
            left = self.seconds_left()
            told.append(
                "starting"
                if not self._running and not self._ended
                else f"time left {'unknown' if left is None else timedelta(seconds=round(left))}"
            )
        return ", ".join(told)

    def _table(self) -> Group:
        in_all = sum(run.settings.epochs for run in self._runs.values())
        bar = Table.grid()
        bar.add_row(ProgressBar(in_all, sum(self._epochs.values()), width=60))
        table = Table(box=None, pad_edge=False)
        for heading in ("running", "seed", "epoch", "s an epoch"):
            table.add_column(heading, justify="left" if heading == "running" else "right")
        shown = max(1, self._console.height - 6)
        for key in list(self._running)[:shown]:
            run, pace = self._runs[key], self._pace.get(self._runs[key].cell)
            table.add_row(
                Text(run.cell),
                str(run.seed),
                f"{self._epochs[key]}/{run.settings.epochs}",
                "" if pace is None else f"{pace:.2f}",
            )
        if len(self._running) > shown:
            table.add_row(f"and {len(self._running) - shown} more")
        return Group(Text(self._counts()), bar, *([table] if self._running else []))

    def _line(self, at_least: float) -> None:
        """Print a plain line, unless one was printed a moment ago or a table is shown."""
        if self._live is not None or time.monotonic() - self._printed < at_least:
            return
        self._printed = time.monotonic()
        told = [
            f"{run.cell} seed {run.seed} epoch {self._epochs[run.key]}/{run.settings.epochs}"
            for run in map(self._runs.__getitem__, list(self._running)[:RUNS_IN_A_LINE])
        ]
        if (more := len(self._running) - len(told)) > 0:
            told.append(f"and {more} more")
        self._say(f"{self._counts()}{': ' if told else ''}{', '.join(told)}")

    def _say(self, line: str) -> None:
        say(self._console, line)


class PatientConsole(Console):
    """Prints nothing more where nobody reads it any more.

    An interrupt from the keyboard ends `2>&1 | tee log` too, and what is printed afterwards must
    not end the driver before the runs have ended their epochs.
    """

    def on_broken_pipe(self) -> None:
        """Go on, with what is still printed going nowhere."""
        self.quiet = True
        with Path(os.devnull).open("w") as nowhere:  # what is buffered is written there at the end
            os.dup2(nowhere.fileno(), self.file.fileno())


def say(console: Console, line: str) -> None:
    """Print a plain line, whole; one that cannot be printed is left out."""
    with contextlib.suppress(OSError):  # a log file on a full disk is no reason to stop
        console.print(line, highlight=False, markup=False, emoji=False, soft_wrap=True)


def reading(console: Console) -> Callable[[str, int, int], None]:
    """Return what says how far images are being read, now and then."""
    said = time.monotonic()

    def remark(what: str, done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said >= SECONDS_BETWEEN_REMARKS or done == total:
            said = time.monotonic()
            say(console, f"{what}: {done:,} of {total:,}")

    return remark
