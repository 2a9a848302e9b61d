"""A verb that was typed wrongly, as one sentence."""

from __future__ import annotations

import re
import sys
from typing import Any

import typer

from suite.errors import suggestion

UsageError: type[Exception] = typer.BadParameter.__base__  # type: ignore[assignment]
"""What Typer raises for wrong arguments and options; it exports only this one of its kinds."""

_VALUES = (
    (r".*valid integer.*", "a whole number"),
    (r".*valid number.*", "a number"),
    (r".*greater than or equal to (\S+)", r"\1 or more"),
    (r".*'(.*)' is not one of (.*?)\.?", r"one of these: \2; not \1"),
)
"""Typer's words for a wrong value, and what follows "must be" in ours."""


def usage_sentence(error: Any) -> str:
    """Return what is wrong with the words of a command line, and where its help is.

    Args:
        error: A `UsageError`.

    Returns:
        One line; "" for `suite` alone, which Typer has answered with the help.
    """
    if type(error).__name__ == "NoArgsIsHelpError":
        return ""
    verb = error.ctx.command_path if error.ctx else _typed()
    return f"{_problem(error, verb)} See {verb} --help."


def _problem(error: Any, verb: str) -> str:
    message = str(error.message or "")
    if (name := getattr(error, "option_name", None)) and message.startswith("No such option"):
        options = [word for of in error.ctx.command.params for word in of.opts]
        known = [word for word in options if word.startswith("--")]
        written = _whole_word(name)
        return f"{verb} has no option {written}{suggestion(written, known)}"
    if unknown := re.match(r"No such command '(.*?)'", message):
        known = error.ctx.command.list_commands(error.ctx)
        return f'There is no verb "{unknown[1]}"{suggestion(unknown[1], known)}'
    if (option := getattr(error, "param", None)) is not None:
        name = next((word for word in option.opts if word.startswith("--")), option.metavar)
        return f"{name} {_wanted(message)}." if message else f"{verb} needs {name}."
    if more := re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", message):
        return f"{verb} takes fewer arguments; leave out {more[1]}."
    if valued := re.match(r"Option '(.*)' (requires an argument|does not take a value)", message):
        return f"{valued[1]} {'needs a value' if valued[2][0] == 'r' else 'takes no value'}."
    return message if message.endswith(".") else f"{message}."


def _typed() -> str:
    """Return the verb that was typed, which Typer does not say of every mistake."""
    return " ".join(["suite", *(word for word in sys.argv[1:2] if not word.startswith("-"))])


def _whole_word(option: str) -> str:
    """Return an option as it was typed: of -store, Typer names -s alone."""
    typed = (word for word in sys.argv[1:] if re.match(rf"{re.escape(option)}\w", word))
    return option if option.startswith("--") else next(typed, option)


def _wanted(message: str) -> str:
    """Return what a value must be, in Typer's words if those are not known."""
    for pattern, words in _VALUES:
        if found := re.fullmatch(pattern, message):
            return f"must be {found.expand(words)}".replace("'", "")
    return f"is wrong: {message.rstrip('.')}"
