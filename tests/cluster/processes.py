"""Real processes: started, waited for, killed by their ids."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster.studies import SUITE


class Driver:
    """A `suite run` that goes on while a test does something to it.

    It leads a process group of its own, as it does when a shell has started it.
    """

    def __init__(self, *arguments: str | Path, command: tuple[str, ...] = SUITE, **env: str):
        self._folder = tempfile.TemporaryDirectory()
        self._told = Path(self._folder.name, "told")
        with self._told.open("wb") as told:
            self._process = subprocess.Popen(
                [*command, "run", *map(str, arguments)],
                stdout=subprocess.DEVNULL,
                stderr=told,
                start_new_session=True,
                env={**os.environ, **env},
            )
        self.pid = self._process.pid
        self.family: list[int] = []

    @property
    def told(self) -> str:
        """What it has said so far."""
        return self._told.read_text()

    def wait(self, seconds: float = 300.0) -> int:
        """Wait for its end and return its exit code."""
        until(
            lambda: self._process.poll() is not None, f"the end of suite run\n{self.told}", seconds
        )
        return self._process.returncode

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something that happens while it goes on."""
        until(lambda: bool(condition()) or self._process.poll() is not None, f"{what}\n{self.told}")
        assert condition(), f"suite run ended before {what}\n{self.told}"

    def kill(self) -> None:
        """Kill the driver alone, and wait until its raylet has noticed and ended its workers.

        Ray's agents linger for a minute; `end` kills them.
        """
        self.family = children(self.pid)
        working = [pid for pid in self.family if "Agent" not in command(pid)]
        self._process.kill()
        self._process.wait()
        until(lambda: not any(map(lives, working)), "the end of a dead driver's workers")

    def end(self) -> None:
        """Kill whatever is left of it."""
        for pid in [*children(self.pid), self.pid, *self.family]:
            kill(pid)
        self._process.wait()

    def interrupt(self) -> None:
        """Do what Ctrl-C does: interrupt the whole process group."""
        os.killpg(self.pid, signal.SIGINT)


@contextmanager
def driving(*arguments: str | Path, **options: Any) -> Iterator[Driver]:
    """Start a `suite run`; whatever is left of it at the end is killed."""
    driver = Driver(*arguments, **options)
    try:
        yield driver
    finally:
        driver.end()


def lives(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def until(condition: Callable[[], bool], what: str, seconds: float = 300.0) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.05)


def children(pid: int) -> list[int]:
    """Return the processes that a process started, and those that these started, and so on."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(folder.name)] = int(stat[1])
    found = [pid]
    for parent in found:
        found += [child for child, its in parents.items() if its == parent]
    return found[1:]


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def kill(pid: int) -> None:
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return
