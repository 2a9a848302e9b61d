"""Mistakes in a study file as sentences: where, what, and what is allowed.

What is allowed at a place, the schema for editors says too, so it is read from there.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from suite.errors import nearest, suggestion
from suite.settings import ContradictionError
from suite.study.document import Document, Where, as_yaml, read_value

_LONGEST = 60
"""Characters of a wrong text that a sentence repeats."""

_MOST_KEYS = 5
"""Keys of a wrong mapping that a sentence repeats."""

Schemas = list[dict[str, Any]]
"""The alternatives that the schema allows at one place."""


def note_problems(
    document: Document,
    error: ValidationError,
    mistakes: list[str],
    *,
    block: Where = (),
    elsewhere: Mapping[str, Where] = MappingProxyType({}),
    without: Set[str] = frozenset(),
) -> None:
    """Add one sentence to `mistakes` for each place of the file that pydantic found wrong.

    Args:
        document: The file.
        error: What pydantic found.
        mistakes: The sentences so far.
        block: Where the mapping that was validated stands in the file.
        elsewhere: Where a field's value stands if not in that block: in the defaults, or a grid.
        without: Settings that were left out: what contradicts one of them says nothing.
    """
    at_place: dict[Where, list[ErrorDetails]] = {}
    for problem in error.errors(include_url=False):
        cause = problem.get("ctx", {}).get("error")
        if isinstance(cause, ContradictionError):
            for found in (one for one in cause.found if not one.among & without):
                way = elsewhere.get(found.field, (*block, found.field))
                mistakes.append(f"{document.place(document.existing(way))}: {found.sentence}")
        elif not _follows_from_another(problem):
            name, *inside = problem["loc"] or ("",)
            start = elsewhere.get(str(name), (*block, name))
            at_place.setdefault(document.existing((*start, *inside)), []).append(problem)
    for where, problems in at_place.items():
        if where in document.unread or _is_about_an_alternative(where, problems, at_place):
            continue
        place = document.place(where)
        mistakes += [f"{place}: {text}" for text in _sentences(document, where, problems)]


def line_of(sentence: str) -> int:
    """Return the line that a sentence begins with, after its file, to sort mistakes by."""
    line = sentence.partition(":")[2].partition(":")[0]
    return int(line) if line.isdigit() else 0


def _follows_from_another(problem: ErrorDetails) -> bool:
    """Whether a list is called too short because some of its entries are wrong."""
    return (
        problem["type"] == "too_short"
        and len(problem["input"]) >= problem.get("ctx", {})["min_length"]
    )


def _is_about_an_alternative(
    where: Where, problems: Sequence[ErrorDetails], places: Iterable[Where]
) -> bool:
    """Whether a value is only called of another kind than one that fits but for what is inside."""
    kinds = {problem["type"] for problem in problems}
    inside = any(way[: len(where)] == where and way != where for way in places)
    return inside and all(kind.endswith(("_type", "literal_error")) for kind in kinds)


def _sentences(document: Document, where: Where, problems: Sequence[ErrorDetails]) -> Iterator[str]:
    """Say what is wrong with one value, and what is allowed."""
    missing = [p["loc"][-1] for p in problems if p["type"] == "missing"]
    if names := [name for name in missing if isinstance(name, str)]:
        for name in names:
            yield f'"{name}" must be given: {_words(_allowed((*where, name)))}.'
        return
    for problem in problems:
        if problem["type"] == "extra_forbidden":
            yield _unknown(document, where)
            return
        if problem["type"] in ("unknown_name", "value_error"):
            yield problem["msg"].removeprefix("Value error, ")
            return
    allowed, value = _allowed(where), document.at(where)
    hint = _hint(where, value, allowed)
    ending = f"; {hint}" if hint else "."
    yield f"must be {_words(allowed)}, not {_shown(value)}{ending}"


def _unknown(document: Document, where: Where) -> str:
    """Say that a field does not exist, and which was meant."""
    if where == ("defaults", "grid"):
        return "a grid stands in a cell; defaults have one value each."
    beside = set(document.at(where[:-1]))
    blocks = [block for block in _allowed(where[:-1]) if "properties" in block]
    meant = [block for block in blocks if beside.issuperset(block.get("required", ()))] or blocks
    name, names = str(where[-1]), [name for block in meant for name in block["properties"]]
    if name in names:  # that of another alternative; the first counts
        return f"stands beside {meant[0]['required'][0]}; keep one of them."
    return f'there is no "{name}" here{suggestion(name, names)}'


def _shown(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case str():
            line = " ".join(value.splitlines())
            return f'"{line if len(line) <= _LONGEST else line[:_LONGEST] + "..."}"'
        case float():
            return as_yaml(value) if value - value else repr(value)
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case dict():
            return _mapping_words([*value][:_MOST_KEYS])
    return as_yaml(value)


def _hint(where: Where, value: Any, allowed: Schemas) -> str:
    """Return what was probably meant, "" where there is no telling."""
    if isinstance(value, str):
        names = [name for block in allowed for name in _choices(block) if isinstance(name, str)]
        if guess := nearest(value, names):
            return f'did you mean "{guess}"?'
        kinds = {block.get("type") for block in allowed}
        if kinds & {"number", "integer", "boolean"} and _is_number_or_truth(value):
            return "leave out the quotes."
    elif isinstance(value, list) and where[0] == "cells" and "grid" not in where and where[2:]:
        if all(block.get("type") != "array" for block in allowed):
            return "lists to multiply out stand under grid."
    elif isinstance(value, bool | int | float) and any(map(_any_text, allowed)):
        return "put it in quotes."
    return ""


def _is_number_or_truth(text: str) -> bool:
    try:
        return isinstance(read_value(text), bool | int | float)
    except ValueError:
        return False


def _any_text(block: Mapping[str, Any]) -> bool:
    return block.get("type") == "string" and not _choices(block)


@functools.cache
def _schema() -> dict[str, Any]:
    from suite.study.schema import study_schema  # needed only where something is wrong

    return study_schema()


def _allowed(where: Where) -> Schemas:
    """Return the alternatives that the schema allows at a place of the file."""
    here = list(_alternatives(_schema()))
    for step in where:
        here = [
            alternative
            for block in here
            for inner in _inside(block, step)
            for alternative in _alternatives(inner)
        ]
    return here


def _alternatives(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in block:
        yield from _alternatives(_schema()["$defs"][block["$ref"].rpartition("/")[2]])
    elif "anyOf" in block or "oneOf" in block:
        for alternative in block.get("anyOf") or block["oneOf"]:
            yield from _alternatives(alternative)
    elif block.get("type") != "null":
        yield block


def _inside(block: Mapping[str, Any], step: str | int) -> Iterator[dict[str, Any]]:
    if isinstance(step, str):
        if step in block.get("properties", {}):
            yield block["properties"][step]
    elif step < len(block.get("prefixItems", ())):
        yield block["prefixItems"][step]
    elif isinstance(block.get("items"), dict):
        yield block["items"]


def _choices(block: Mapping[str, Any]) -> list[Any]:
    return [block["const"]] if "const" in block else block.get("enum", [])


def _words(allowed: Schemas) -> str:
    """Return what is allowed in words, e.g. "test or a number above 0 and below 1"."""
    parts = [part for block in allowed for part in _block_words(block)]
    *most, last = parts or ["something else"]
    return f"{', '.join(most)} or {last}" if most else last


def _block_words(block: Mapping[str, Any]) -> list[str]:
    if choices := _choices(block):
        return [as_yaml(choice) for choice in choices]
    match block.get("type"):
        case "integer":
            return ["a whole number" + _range(block)]
        case "number":
            return ["a number" + _range(block)]
        case "boolean":
            return ["true", "false"]
        case "string":
            meaning = block.get("patternErrorMessage")
            some = " that is not empty" if block.get("minLength") else ""
            return [f"text ({meaning})" if meaning else f"text{some}"]
        case "array":
            return [_list_words(block)]
    if required := block.get("required"):
        return [_mapping_words(required)]
    return ["a mapping"]


def _mapping_words(names: Sequence[str]) -> str:
    return "{" + ", ".join(f"{name}: ..." for name in names) + "}"


def _range(block: Mapping[str, Any]) -> str:
    most = block.get("exclusiveMaximum")
    if "minimum" in block:
        up = f"to below {as_yaml(most)}" if most is not None else "up"
        return f" from {as_yaml(block['minimum'])} {up}"
    if "exclusiveMinimum" in block:
        up = f" and below {as_yaml(most)}" if most is not None else ""
        return f" above {as_yaml(block['exclusiveMinimum'])}{up}"
    return ""


def _list_words(block: Mapping[str, Any]) -> str:
    least, most = block.get("minItems", 0), block.get("maxItems")
    count = str(least) if least == most else f"{least} or more" if least else ""
    entry: dict[str, Any] = block.get("items") or block["prefixItems"][0]
    each = _words(list(_alternatives(entry)))
    return f"a list{f' of {count}' if count else ''}, each {each}"
