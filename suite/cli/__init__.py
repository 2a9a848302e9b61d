"""The command line: parse, call, print."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import typer

from suite.cli import networks, results, runs, tuning, vocabulary  # noqa: F401  each registers its verbs
from suite.cli.app import BAD_INPUT, INTERRUPTED, SOME_FAILED, app
from suite.cli.usage import UsageError, usage_sentence
from suite.errors import RunsFailedError, UserError

VERBS = (
    *("check", "plan", "run", "tune", "status", "logs", "export", "import", "report", "compare"),
    *("power", "methods", "datasets", "network", "evaluate", "bench"),
)
"""In the order in which the help lists them: as a study goes."""

app.registered_commands.sort(
    key=lambda verb: VERBS.index(verb.name or verb.callback.__name__)  # type: ignore[union-attr]
)

__all__ = ["app", "main"]

_CANNOT_BE_WRITTEN = (errno.ENOSPC, errno.EBADF, errno.EIO)
"""What writing to a full disk or to a closed file ends in."""


def main() -> None:
    """Run the command line; print a user's mistakes without a traceback."""
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    # A shell has what it starts in the background ignore SIGINT; here it always ends the verb, and
    # so does SIGTERM, by which batch systems and containers end a program.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    for name in ("stdout", "stderr"):  # closed, as some daemons start their children
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115  for the whole process
    try:
        try:
            code = app(standalone_mode=False)
        finally:
            sys.stdout.flush()
        sys.exit(code)
    except OSError as error:
        if error.errno not in _CANNOT_BE_WRITTEN:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        with suppress(OSError):
            what = error.filename or "Standard output"
            sys.stderr.write(f"{what} cannot be written ({error.strerror}).\n")
        sys.exit(BAD_INPUT)
    except (UserError, UsageError) as error:
        said = error.sentences if isinstance(error, UserError) else [usage_sentence(error)]
        with suppress(OSError):  # the exit code shows it too
            for sentence in said:
                sys.stderr.write(f"{sentence}\n" if sentence else "")
        sys.exit(SOME_FAILED if isinstance(error, RunsFailedError) else BAD_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(INTERRUPTED)
