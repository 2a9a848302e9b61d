"""When driving a study ends before its last run has: an interrupt, or what cannot go on.

Knows nothing of Ray: who schedules runs asks it, tells it what dies, and tells a watcher.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from suite.store.lock import Lock

if TYPE_CHECKING:
    from suite.execution.attempt import Outcome

SECONDS_TO_STOP = 30.0
"""After an interrupt, runs may take so long to end their epoch."""

_log = logging.getLogger(__name__)


class StrangerError(Exception):
    """A worker sees another store than the driver."""


class Watcher(Protocol):
    """Who is told what runs do."""

    def started(self, key: str) -> None:
        """A run begins, or begins again."""

    def reached(self, key: str, epoch: int, seconds: float) -> None:
        """A run has reached an epoch, which took so many seconds."""

    def retried(self, key: str, reason: str) -> None:
        """An attempt at a run died, and another will be made."""

    def ended(self, key: str, outcome: Outcome) -> None:
        """A run has ended."""

    def waiting(self) -> None:
        """Nothing has been running for a while: the cluster has no room for a run."""

    def warned(self, sentence: str) -> None:
        """Something is wrong that ends no run."""

    def stopping(self, seconds: float) -> None:
        """An interrupt came: runs get so many seconds to end their epoch."""


class Ending:
    """Decides when to end before the last run has: an interrupt, or what cannot go on.

    Attributes:
        interrupted: Whether an interrupt came.
        reason: The sentence to stop with, where the study cannot go on.
        running: Keys of the runs that are going on.
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
                _log.warning("the store is in trouble: %s", error)
            if self._awaited:
                self._watcher.stopping(SECONDS_TO_STOP)
        self._awaited &= self.running
        return not self._awaited or time.monotonic() > self._deadline

    def hear(self, error: Exception) -> None:
        """Take note of what a worker died of.

        One that does not see the store ends the study, unless the driver does not see it either:
        then the store is in trouble and the run is tried again.
        """
        cause = getattr(error, "cause", None)
        if isinstance(cause, StrangerError) and self._lock.shows():
            self.reason = str(cause)

    def hear_stopped(self, host: str) -> None:
        """Take note that a worker on some host found an order to stop.

        Where neither this driver gave it nor one that took its place, somebody else did, in what
        that host takes for the store.
        """
        if self.interrupted or self.reason is not None:
            return
        try:
            self._lock.beat()  # notices who has taken over
        except OSError:
            return
        if self._lock.lost is None:
            self.reason = (
                f"{host} was told to stop by another driver, of which the store shows nothing "
                "here: it must be one that all nodes share (a network file system, s3://)."
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
        """Let no interrupt break in; what came meanwhile is obeyed at the end.

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
