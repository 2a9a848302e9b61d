"""What one attempt at a run writes down: a log in the store, warnings passed on, lines printed."""

from __future__ import annotations

import io
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from suite.store.store import RunStore
from suite.study.runs import Run


@contextmanager
def warnings_passed_on(*receivers: Callable[[str], None]) -> Iterator[None]:
    """Pass the suite's warnings on: on a worker they would not be seen."""

    class _Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            for receive in receivers:
                receive(record.getMessage())

    handler, logger = _Handler(logging.WARNING), logging.getLogger("suite")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class Lines(io.TextIOBase):
    """A file that passes each line on."""

    def __init__(self, receive: Callable[[str], None]) -> None:
        self._receive, self._rest = receive, ""

    def write(self, text: str) -> int:
        """Pass the lines on that are complete."""
        *lines, self._rest = f"{self._rest}{text}".split("\n")
        for line in lines:
            self._receive(line)
        return len(text)

    def close(self) -> None:
        """Pass on the line that is not complete."""
        if self._rest:
            self._receive(self._rest)
            self._rest = ""
        super().close()


class Log:
    """The log of one attempt, rewritten whole in the store whenever it is kept."""

    def __init__(self, run: Run, store: RunStore) -> None:
        now = datetime.now(UTC)
        self._name = f"{now:%Y%m%dT%H%M%S.%f}-{socket.gethostname()}-{os.getpid()}"
        self._run, self._store = run, store
        self._lines: list[str] = []

    def add(self, text: str) -> None:
        """Add a line with the time."""
        self._lines.append(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text.rstrip()}\n")

    def keep(self) -> None:
        """Write the log to the store."""
        self.if_possible(
            lambda: self._store.keep_log(self._run.key, self._name, "".join(self._lines))
        )

    def if_possible(self, write: Callable[[], None]) -> None:
        """Write something that is not essential; if it cannot be written, log why."""
        try:
            write()
        except OSError as error:
            self.add(f"the store cannot be used now: {error}")
