"""One driver a study and store: a lock with a heartbeat in the store itself.

A driver writes its identity and a unique token to the store, and repeats that every few seconds.
That one file is

* the lock: a second driver of the same study refuses while the first lives;
* the sign for workers that they see the driver's store, not another one of that name;
* the order for workers to stop, and the sign for orphans that another driver has taken over.

No file system that a store can be on has to offer locks or atomic creation. Two drivers that start
at the same moment both write; the one whose token is gone at the next look stops, and
until then both do the same work with the same result.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import psutil

from suite.errors import UserError
from suite.store.store import RunStore

SECONDS_BETWEEN_BEATS = 5.0

STALE_AFTER = 60.0
"""A driver that has been silent for this many seconds counts as dead."""

BEATS_TO_WATCH = 3
"""A driver that misses this many beats is dead, even if its clock differs from ours."""

Order = Literal["go on", "stop", "unknown"]

_log = logging.getLogger(__name__)


class Lock:
    """A held lock. Use `hold`.

    Args:
        store: The run store that holds it.
        study: The study's name.
        file: The study's file.

    Attributes:
        study: The study's name.
        token: A unique name.
        started: When, in seconds since the epoch.
        displaced: Token of the driver that it replaced.
        lost: The sentence to stop with, once another driver has taken over.
        seconds_left: Asked at every beat how long the study still takes, None where unknown.
    """

    def __init__(self, store: RunStore, study: str, file: Path | None = None) -> None:
        self.study = study
        self._about = _about(file)
        self.token = uuid.uuid4().hex
        self.lost: str | None = None
        self._store = store
        self.displaced: str | None = None
        self.seconds_left: Callable[[], float | None] = lambda: None
        self._stopping = False
        self.started = time.time()
        self._released = threading.Event()
        self._writing = threading.Lock()

    def order_stop(self) -> None:
        """Tell the workers to stop after their epoch; the second time, do nothing.

        Raises:
            OSError: If the store cannot be written.
        """
        if not self._stopping:
            self._stopping = True
            self.beat()

    def beat(self) -> None:
        """Report that this driver is alive, unless another has taken over.

        Raises:
            OSError: If the store cannot be used now; the lock is not lost because of that.
        """
        with self._writing:
            if self._released.is_set():
                return  # a beat that was under way when the lock was released
            now = self._store.driver(self.study)
            if now is not None and now["token"] not in (self.token, self.displaced):
                self.lost = f"{self.study} has been taken over by {describe(now)}; this one stops."
            else:
                self._write()

    def shows(self) -> bool:
        """Whether this driver can be read from the store now."""
        try:
            now = self._store.driver(self.study)
        except OSError:
            return False
        return now is not None and now["token"] == self.token

    def claim(self, holder: dict[str, Any] | None = None) -> None:
        """Write this driver's name over its holder's.

        The holder may have been about to beat, and write itself back: it is then displaced again.
        """
        self.displaced = holder["token"] if holder else None
        self._write()

    def keep_beating(self) -> None:
        """Beat until the lock is released or lost; runs in a separate thread."""
        while not self._released.wait(SECONDS_BETWEEN_BEATS) and self.lost is None:
            try:
                self.beat()
            except OSError:
                continue  # no reason to stop; others see the age of the beat

    def release(self) -> None:
        """Release the lock, unless another driver has taken over."""
        self._released.set()
        with self._writing:
            try:
                now = self._store.driver(self.study)
                if now is not None and now["token"] == self.token:
                    self._store.release_driver(self.study)
            except OSError:
                return  # it will be seen to be dead

    def _write(self) -> None:
        self._store.note_driver(
            self.study,
            {
                "token": self.token,
                "host": socket.gethostname(),
                "machine": _machine(),
                "pid": os.getpid(),
                **self._about,
                "started": self.started,
                "time": time.time(),
                "stopping": self._stopping,
                "seconds_left": self.seconds_left(),
            },
        )


@contextmanager
def hold(
    store: RunStore, study: str, *, file: Path | None = None, takeover: bool = False
) -> Iterator[Lock]:
    """Hold the lock on driving a study into a store.

    Args:
        store: The run store.
        study: The study's name.
        file: The study's file, by which another study of that name is noticed.
        takeover: Take the lock even from a driver that is alive, which then stops.

    Raises:
        UserError: If another driver is alive.
        OSError: If the store cannot be used.
    """
    holder = store.driver(study)
    another = holder is not None and is_another(holder, file)
    if holder is not None and (another or not takeover) and _lives(store, study, holder):
        if another:
            raise UserError(
                f"Another study named {study} ({holder['file']}) is being driven into "
                f"{store.location} by {describe(holder)}. Give this one another name, use another "
                "--store, or wait."
            )
        raise UserError(
            f"{study} is being driven into {store.location} by {describe(holder)}. "
            "Wait for it, stop it, or replace it with --takeover."
        )
    lock = Lock(store, study, file)
    lock.claim(holder)
    threading.Thread(target=lock.keep_beating, name="suite-heartbeat", daemon=True).start()
    try:
        yield lock
    finally:
        lock.release()


def is_another(driver: dict[str, Any], file: Path | None) -> bool:
    """Whether a driver drives a different study: another file with other content."""
    ours = _about(file)
    return all(key in driver and driver[key] != value for key, value in ours.items()) and ours != {}


def _lives(store: RunStore, study: str, holder: dict[str, Any]) -> bool:
    """Whether the holder of the lock is alive; one on another machine is watched to find out.

    Its clock may differ from ours, so the beats count, not the times that it reports.
    """
    if is_here(holder):
        return alive(holder)
    least = BEATS_TO_WATCH * SECONDS_BETWEEN_BEATS
    seconds = max(least, STALE_AFTER - silent_for(holder))
    _log.warning(
        "%s was driven by %s: waiting up to %.0f s to see whether it is still alive.",
        study,
        describe(holder),
        seconds,
    )
    return next_beat(store, study, holder, seconds) is not None


def next_beat(
    store: RunStore, study: str, driver: dict[str, Any], seconds: float | None = None
) -> dict[str, Any] | None:
    """Watch a driver until it reports again, and return its report.

    Args:
        store: The run store.
        study: The study's name.
        driver: Its last report.
        seconds: How long to watch, three beats by default.

    Returns:
        None if it stays silent, or releases the lock.
    """
    seconds = BEATS_TO_WATCH * SECONDS_BETWEEN_BEATS if seconds is None else seconds
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(min(1.0, seconds / 10))
        if (now := store.driver(study)) != driver:
            return now
    return None


def alive(driver: dict[str, Any]) -> bool:
    """Whether a driver is alive, judged by its last report.

    It is dead after `STALE_AFTER` seconds of silence and, on this machine, if its process is gone.
    """
    if is_here(driver) and not _has_process(driver):
        return False
    return silent_for(driver) <= STALE_AFTER


def is_here(driver: dict[str, Any]) -> bool:
    """Whether a driver's machine is this one."""
    return bool(driver["machine"] == _machine())


def silent_for(driver: dict[str, Any]) -> float:
    """Return how many seconds ago a driver last reported."""
    return max(0.0, time.time() - float(driver["time"]))


def describe(driver: dict[str, Any]) -> str:
    """Return a driver's process, host and age in words."""
    age = timedelta(seconds=round(max(0.0, time.time() - driver["started"])))
    seen = f"seen {silent_for(driver):.0f} s ago"
    return f"process {driver['pid']} on {driver['host']}, started {age} ago, last {seen}"


def order(
    store: RunStore, study: str, token: str, *, since: float = 0.0, displaced: str | None = None
) -> Order:
    """Return the order of a driver to its workers.

    Args:
        store: The run store.
        study: The study's name.
        token: The driver's.
        since: When the driver started, in seconds since the epoch; what started before that has
            not taken over from it.
        displaced: Token of the driver whose place it took, which may write itself back once.

    Returns:
        "stop" also if another driver has taken over: its workers do the work.
        "unknown" if the store does not know the driver: it is another store, or the driver is gone.

    Raises:
        OSError: If the store cannot be read.
    """
    driver = store.driver(study)
    if driver is None or driver["token"] == displaced:
        return "unknown"
    if driver["token"] != token and driver["started"] < since:
        return "unknown"
    return "stop" if driver["stopping"] or driver["token"] != token else "go on"


def _machine() -> str:
    """Return an identifier of this machine since its last start."""
    parts = [socket.gethostname()]
    for read in (
        lambda: Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
        lambda: str(Path("/proc/self/ns/pid").readlink()),  # containers count processes from 1
    ):
        try:
            parts.append(read())
        except OSError:
            continue
    return " ".join(parts)


def _about(file: Path | None) -> dict[str, str]:
    """Return what distinguishes studies of one name: the path and the content of the file.

    Of a file that has gone since it was loaded, the path alone.
    """
    if file is None:
        return {}
    about = {"file": str(file.absolute())}
    with suppress(OSError):
        about["content"] = hashlib.sha256(file.read_bytes()).hexdigest()
    return about


def _has_process(driver: dict[str, Any]) -> bool:
    """Whether a driver's process exists: not a zombie, nor a later one of the same number.

    A later one was created after the driver last reported. Both times follow this machine's clock.
    """
    try:
        process = psutil.Process(driver["pid"])
        zombie = process.status() == psutil.STATUS_ZOMBIE
        return not zombie and process.create_time() <= driver["time"] + 1
    except psutil.AccessDenied:
        return True
    except psutil.NoSuchProcess:
        return _is_hidden(driver["pid"])


def _is_hidden(pid: int) -> bool:
    """Whether a process is another user's on a system that hides those (hidepid)."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except ProcessLookupError:
        return False
    return False  # a process of this user would have been seen
