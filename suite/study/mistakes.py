"""Mistakes in a study file as sentences: where, what, and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from suite.settings import ContradictionError, Settings
from suite.spelling import nearest, suggestion
from suite.study.document import Document, Where
from suite.study.file import Claim, ClaimPart, Comparisons, Execution, Report, Seeds

_NESTED: dict[str | int, type[BaseModel]] = {
    "seeds": Seeds,
    "execution": Execution,
    "comparisons": Comparisons,
    "report": Report,
    "claims": Claim,
    "parts": ClaimPart,
}
_PLAINER = {
    "Input should be": "must be",
    "Tuple should have": "must have",
    "List should have": "must have",
    "Value error, ": "",
    " after validation": "",
    "a valid tuple": "a list",
    "a valid dictionary": "a mapping",
    "a valid string": "a word",
}


def note_problems(
    document: Document,
    error: ValidationError,
    model: type[BaseModel],
    mistakes: dict[str, None],
    ways: Mapping[str, Where] | None = None,
) -> None:
    """Add one sentence to `mistakes` for each place of the file that pydantic found wrong.

    Args:
        document: The file.
        error: What pydantic found.
        model: What was validated.
        mistakes: The sentences so far, as the keys of a dict (in order, without repeats).
        ways: Where each field's value stands in the file; by default at the top. The empty name
            stands for what is wrong with no field in particular.
    """
    at_place: dict[Where, list[Any]] = {}
    for problem in error.errors():
        cause = problem.get("ctx", {}).get("error")
        if ways is not None and isinstance(cause, ContradictionError):
            for name, finding in cause.found:
                mistakes[f"{document.place(ways.get(name, ways['']))}: {finding}"] = None
            continue
        name, *inside = problem["loc"] or ("",)
        start = (name,) if ways is None else ways.get(str(name), (*ways[""], name))
        at_place.setdefault(existing(document, (*start, *inside)), []).append(problem)
    for where, problems in at_place.items():
        mistakes[f"{document.place(where)}: {_sentence(problems, model)}"] = None


def existing(document: Document, where: Where) -> Where:
    """Drop from an error's way the steps that name no place in the file, but a missing field."""
    kept: Where = ()
    for step in where:
        if (*kept, step) in document.lines:
            kept = (*kept, step)
    return kept


def line_of(sentence: str) -> tuple[str, int]:
    """Return the file and line that a sentence begins with, to sort mistakes by."""
    file, _, rest = sentence.partition(":")
    line = rest.partition(":")[0]
    return file, int(line) if line.isdigit() else 0


def _sentence(problems: list[Any], model: type[BaseModel]) -> str:
    """Say what is wrong with one value, and what is allowed."""
    first = problems[0]
    loc, value = first["loc"], first["input"]
    if first["type"] == "extra_forbidden":
        name = str(loc[-1])
        return f"there is no setting {name!r} here{suggestion(name, _fields_beside(loc, model))}"
    if first["type"] == "missing":
        return f"{loc[-1]} must be given."
    shown = "" if isinstance(value, dict | list) else f", not {value!r}"
    described = model.model_fields.get(str(loc[0]) if loc else "")
    about = (described.description or "").rstrip(".") if described else ""
    allowed = " or ".join(map(_allowed, problems)) + shown
    return allowed + (f" ({about})" if about else "") + _hint(first)


def _allowed(problem: Any) -> str:
    if problem["type"] == "string_pattern_mismatch":
        return "must be written otherwise"
    text = problem["msg"]
    for pydantics, plain in _PLAINER.items():
        text = text.replace(pydantics, plain)
    return text


def _hint(problem: Any) -> str:
    if problem["type"] != "literal_error" or not isinstance(problem["input"], str):
        return "."
    names = problem["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
    guess = nearest(problem["input"], names)
    return f'; did you mean "{guess}"?' if guess else "."


def _fields_beside(loc: tuple[str | int, ...], model: type[BaseModel]) -> list[str]:
    """Return the names that are allowed where an unknown one stands."""
    inner = next((_NESTED[step] for step in reversed(loc[:-1]) if step in _NESTED), model)
    fields = [info.alias or name for name, info in inner.model_fields.items()]
    return [*fields, "grid"] if inner is Settings else fields
