"""The options of a part: its function's keyword-only parameters, with type, range and meaning."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from suite.errors import UserError

if TYPE_CHECKING:
    from pydantic import BaseModel

REQUIRED: Any = inspect.Parameter.empty
"""Stands for the default of an option that has none."""


@dataclass(frozen=True)
class Option:
    """An option of a part.

    Attributes:
        name: As a study file writes it.
        annotation: Its type with its range, as pydantic reads it; `Any` if the part names none.
        default: `REQUIRED` if it has none.
        description: What it is, from the docstring.
    """

    name: str
    annotation: Any = Any
    default: Any = REQUIRED
    description: str = ""

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is REQUIRED


def model_of(name: str, options: Iterable[Option]) -> type[BaseModel]:
    """Return a pydantic model whose fields are options: strict, and no others allowed."""
    from pydantic import ConfigDict, Field, create_model

    fields: dict[str, Any] = {}
    for option in options:
        default = ... if option.required else option.default
        described = Field(default, description=option.description or None)
        fields[option.name] = (option.annotation, described)
    config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)
    return create_model(name, __config__=config, **fields)


def check_writable(options: Iterable[Option], where: str) -> None:
    """Check that a study file can give options.

    Raises:
        UserError: If one has a type that no study can write, or a name that cannot be used.
    """
    try:
        model_of("options", options).model_json_schema()
    except Exception as error:  # pydantic's errors have no class in common
        reason = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")
        raise UserError(
            f"{where} has options that a study cannot give ({reason}); annotate them as numbers, "
            "text, true or false, or lists of these."
        ) from None


def options_of(
    function: Callable[..., Any], expected: Sequence[str], where: str, *, typed: bool
) -> dict[str, Option]:
    """Return the options of a function, in the order of its parameters.

    Args:
        function: A part's.
        expected: What it is called with by position.
        where: The part, for errors.
        typed: Whether annotations say what an option may be.

    Raises:
        UserError: If the function takes something else by position, or an annotation cannot be
            read.
    """
    parameters = list(inspect.signature(function).parameters.values())
    by_position = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    options = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    if len(by_position) != len(expected) or len(by_position) + len(options) != len(parameters):
        raise UserError(
            f"{where} must take ({', '.join(expected)}) and, after a *, options by name; "
            f"it takes {inspect.signature(function)}."
        )
    described = _described(inspect.getdoc(function) or "")
    return {
        p.name: Option(
            p.name,
            _annotation(p, function, where) if typed else Any,
            p.default,
            described.get(p.name, ""),
        )
        for p in options
    }


def _annotation(parameter: inspect.Parameter, function: Callable[..., Any], where: str) -> Any:
    """Return an option's annotation, evaluated where it is written as a string."""
    if parameter.annotation is parameter.empty:
        return Any
    if not isinstance(parameter.annotation, str):
        return parameter.annotation
    try:
        return eval(parameter.annotation, inspect.unwrap(function).__globals__)
    except Exception as error:
        raise UserError(
            f"{where} annotates the option {parameter.name} with {parameter.annotation}, which "
            f"cannot be read: {error}."
        ) from error


def _described(docstring: str) -> dict[str, str]:
    """Return what the `Args` section of a Google-style docstring says of each name."""
    _, found, section = docstring.partition("\nArgs:\n")
    described: dict[str, str] = {}
    name = ""
    for line in section.splitlines() if found else ():
        if not line.startswith(" "):
            break
        if start := re.match(r" {4}(\w+): (.*)", line):
            name = start[1]
            described[name] = start[2].strip()
        elif name:
            described[name] += " " + line.strip()
    return described
