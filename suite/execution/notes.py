"""What an attempt tells the store on its way: how far it is, and its checkpoints."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable
from typing import Any

from suite import measures
from suite.execution.log import Log
from suite.methods.cut_off import CutOff
from suite.store.store import RunStore
from suite.study.runs import Run
from suite.training.train import Epoch

SECONDS_BETWEEN_NOTES = 5.0
"""How often a run reports its progress to the store."""

_log = logging.getLogger(__name__)


class Notes:
    """The progress of one attempt; what cannot be written is left out.

    Args:
        run: Which.
        store: Where it is noted.
        log: Where each epoch has a line.
        driver: Token of the driver, which distinguishes this attempt from earlier ones.

    Attributes:
        epochs: How many epochs this attempt has trained.
        checkpoint: The last one, also if the store could not take it; empty before the first.
    """

    def __init__(self, run: Run, store: RunStore, log: Log, driver: str) -> None:
        self.epochs, self.checkpoint = 0, b""
        self._run, self._store, self._log, self._driver = run, store, log, driver
        self._began, self._noted, self._reached = time.monotonic(), 0.0, 0
        self._before: dict[str, Any] | None = None  # what an earlier attempt had noted
        self._warnings: list[str] = []

    @property
    def seconds(self) -> float:
        """How long this attempt has taken so far."""
        return time.monotonic() - self._began

    def begin(self, *, resumed: bool) -> None:
        """Note that the attempt has begun, at the epoch noted before if it goes on from there."""

        def announce() -> None:
            self._before = self._store.progress(self._run.key)
            epoch = self._before["epoch"] if self._before and resumed else 0
            self._store.note_progress(self._run.key, self._note(epoch))

        self._log.if_possible(announce)
        self._log.keep()

    def epoch(self, record: Epoch) -> None:
        """Log an epoch's record; note it if it is the last, or the last note is old."""
        self.epochs, self._reached = self.epochs + 1, record["epoch"]
        self._log.add(measures.describe(record))
        now, last = time.monotonic(), record["epoch"] == self._run.settings.epochs
        if last or now - self._noted >= SECONDS_BETWEEN_NOTES:
            self._noted = now
            pace = self.seconds / self.epochs  # includes checkpoints and waiting
            note = self._note(record["epoch"], record["train_loss"], pace)
            self._write(lambda: self._store.note_progress(self._run.key, note))

    def warn(self, warning: CutOff) -> None:
        """Warn of a layer that is cut off, here and in each later note."""
        self._warnings.append(warning.sentence)
        _log.warning("%s, seed %d: %s", self._run.cell, self._run.seed, warning.sentence)

    def keep(self, checkpoint: bytes) -> None:
        """Keep a checkpoint."""
        self.checkpoint = checkpoint
        self._write(lambda: self._store.keep_checkpoint(self._run.key, checkpoint))

    def _write(self, write: Callable[[], None]) -> None:
        """Write progress and log; an orphan leaves the progress of its successor alone."""

        def unless_behind() -> None:
            now = self._store.progress(self._run.key)
            mine = (socket.gethostname(), os.getpid())
            if (
                now in (None, self._before)
                or (now["host"], now["pid"]) == mine
                or now["epoch"] <= self._reached
            ):
                write()

        self._log.if_possible(unless_behind)
        self._log.keep()

    def _note(
        self, epoch: int, train_loss: float | None = None, seconds: float | None = None
    ) -> dict[str, Any]:
        return {
            "epoch": epoch,
            "epochs": self._run.settings.epochs,
            "train_loss": train_loss,
            "seconds": seconds,
            "driver": self._driver,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "time": time.time(),
            "warnings": list(self._warnings),
        }
