"""Decides when a study ends before its last run: an interrupt, or a failure.

Independent of Ray: the scheduler asks it, reports deaths to it, and notifies a watcher.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from suite.store.lock import Lock

if TYPE_CHECKING:
    from suite.execution.attempt import Outcome

SECONDS_TO_STOP = 30.0
"""After an interrupt, runs may take this long to finish their epoch."""

_log = logging.getLogger(__name__)


class StrangerError(Exception):
    """A worker sees another store than the driver, or has other code."""


class Watcher:
    """Is notified of what runs do; this one takes no notice."""

    def started(self, key: str) -> None:
        """A run begins, or begins again."""

    def reached(self, key: str, epoch: int, seconds: float) -> None:
        """A run has reached an epoch; `seconds` is how long that epoch took."""

    def retried(self, key: str, reason: str) -> None:
        """An attempt at a run died, and another will be made."""

    def ended(self, key: str, outcome: Outcome) -> None:
        """A run has ended."""

    def waiting(self) -> None:
        """Nothing has been running for a while: the cluster has no room for a run."""

    def warned(self, sentence: str) -> None:
        """Something is wrong that ends no run."""

    def stopping(self, seconds: float) -> None:
        """An interrupt came: runs may finish their epoch within this many seconds."""


class Ending:
    """Decides when to end before the last run: an interrupt, or a failure.

    Attributes:
        interrupted: Whether an interrupt came.
        reason: The sentence to stop with, if the study cannot continue.
        running: Keys of the runs that are under way.
        ended: Keys of the runs that have ended, failed ones included, stopped ones not.
    """

    def __init__(self, lock: Lock, watcher: Watcher) -> None:
        self.interrupted = False
        self.reason: str | None = None
        self.running: set[str] = set()
        self.ended: set[str] = set()
        self._awaited: set[str] | None = None
        self._undisturbed = self._impatient = False
        self._deadline = 0.0
        self._lock, self._watcher = lock, watcher

    def now(self) -> bool:
        """Whether to end now; asked several times a second."""
        self.reason = self.reason or self._lock.lost
        if self.reason is not None:
            return True
        if not self.interrupted:
            return False
        if self._awaited is None:
            self._awaited = set(self.running)
            self._deadline = time.monotonic() + SECONDS_TO_STOP
            try:
                self._lock.order_stop()
            except OSError as error:
                _log.warning("the store cannot be used now: %s", error)
            if self._awaited:
                self._watcher.stopping(SECONDS_TO_STOP)
        self._awaited &= self.running
        return not self._awaited or time.monotonic() > self._deadline

    def hear(self, error: Exception) -> None:
        """Record the error that a worker died of.

        One that has other code ends the study, and so does one that does not see the store, unless
        the driver does not see it either: then the store has failed and the run is tried again.
        """
        cause = getattr(error, "cause", None)
        if isinstance(cause, StrangerError) and self._lock.shows():
            self.reason = str(cause)

    def hear_stopped(self, host: str) -> None:
        """Record that a worker on some host found an order to stop.

        If this driver did not give it, nor one that replaced it, the host sees another store.
        """
        if self.interrupted or self.reason is not None:
            return
        try:
            self._lock.beat()  # notices who has taken over
        except OSError:
            return
        if self._lock.lost is None:
            self.reason = (
                f"{host} was stopped by another driver, which the store does not show here; use a "
                "store that all nodes share (a network file system, s3://)."
            )

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Take the first SIGINT or SIGTERM as a wish to stop, and the second as one to stop now."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def interrupt(*_: Any) -> None:
            if self.interrupted and not self._undisturbed:
                raise KeyboardInterrupt
            self._impatient = self.interrupted
            self.interrupted = True

        signals = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, interrupt) for number in signals]
        try:
            yield
        finally:
            for number, handler in zip(signals, before, strict=True):
                signal.signal(number, handler)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Delay interrupts; those that come meanwhile are obeyed at the end.

        Raises:
            KeyboardInterrupt: At the end, if a second interrupt came.
        """
        self._undisturbed = True
        try:
            yield
        finally:
            self._undisturbed = False
        if self._impatient:
            raise KeyboardInterrupt
