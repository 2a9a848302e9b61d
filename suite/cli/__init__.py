"""The command line: parse, call, print."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

from suite.cli import runs, tables, vocabulary  # noqa: F401  each registers its verbs
from suite.cli.app import BAD_INPUT, INTERRUPTED, app
from suite.errors import UserError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; say a user's mistakes without a traceback."""
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    try:
        app()
    except UserError as error:
        with suppress(OSError):  # the exit code says it too
            for sentence in error.sentences:
                sys.stderr.write(f"{sentence}\n")
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
