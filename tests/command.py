"""The command line, called in this process."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple
from unittest.mock import patch

from suite import cli


class Done(NamedTuple):
    """Exit code, standard output and standard error."""

    code: int
    out: str
    err: str


def suite(*arguments) -> Done:
    """Call `suite ARGUMENTS`."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        patch.object(sys, "argv", ["suite", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as exit_:
            code = exit_.code or 0
    return Done(code, out.getvalue(), err.getvalue())
