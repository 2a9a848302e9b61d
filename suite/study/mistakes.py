"""The mistakes of a study file as sentences: where, what, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from suite.errors import nearest, suggestion
from suite.methods.presets import METHODS
from suite.settings import ContradictionError
from suite.study.allowed import Schemas, allowed_at, choices_of, in_words, mapping_words
from suite.study.document import Document, Where, as_yaml, read_value

_LONGEST = 60
"""Characters of a wrong text that a sentence repeats."""

_MOST_KEYS = 5
"""Keys of a wrong mapping that a sentence repeats."""


class Mistakes:
    """Collects the mistakes of one file, so that all are reported at once.

    Args:
        document: The file. Its mistakes of notation are the first ones.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self._lines = {sentence: line for line, sentence in document.mistakes}

    def note(self, where: Where, sentence: str) -> None:
        """Add a mistake, unless it is known already.

        Args:
            where: The path to what is wrong.
            sentence: What is wrong with it, and what is allowed.
        """
        document = self.document
        self._lines.setdefault(f"{document.place(where)}: {sentence}", document.line(where))

    @property
    def sentences(self) -> list[str]:
        """All mistakes in the order of their lines, each with file, line and field."""
        return sorted(self._lines, key=self._lines.__getitem__)

    def note_invalid(
        self,
        error: ValidationError,
        *,
        block: Where = (),
        elsewhere: Mapping[str, Where] = MappingProxyType({}),
        without: Set[str] = frozenset(),
    ) -> None:
        """Add a mistake for each place of the file that pydantic found wrong.

        Args:
            error: What pydantic found.
            block: The place of the validated mapping in the file.
            elsewhere: The places of fields that are not in that block: in the defaults, or a grid.
            without: Settings that were left out: contradictions with them are not reported.
        """
        document = self.document
        at_place: dict[Where, list[ErrorDetails]] = {}
        for problem in error.errors(include_url=False):
            cause = problem.get("ctx", {}).get("error")
            if isinstance(cause, ContradictionError):
                for found in (one for one in cause.found if not one.among & without):
                    way = elsewhere.get(found.field, (*block, found.field))
                    place = document.existing((*way, *found.inside))
                    as_written = found.inside and place[-len(found.inside) :] == found.inside
                    known = as_written and allowed_at(place)  # but for options of plug-ins
                    wrong = must_be(place, document.get(*place)) if known else found.sentence
                    self.note(place, wrong)
            elif not _follows_from_another(problem):
                name, *inside = problem["loc"] or ("",)
                start = elsewhere.get(str(name), (*block, name))
                at_place.setdefault(document.existing((*start, *inside)), []).append(problem)
        for where, problems in at_place.items():
            if where in document.unread or _is_about_an_alternative(where, problems, at_place):
                continue
            for sentence in _sentences(document, where, problems):
                self.note(where, sentence)


def _follows_from_another(problem: ErrorDetails) -> bool:
    """Whether a list is reported as too short because some of its entries are wrong."""
    return (
        problem["type"] == "too_short"
        and len(problem["input"]) >= problem.get("ctx", {})["min_length"]
    )


def _is_about_an_alternative(
    where: Where, problems: Sequence[ErrorDetails], places: Iterable[Where]
) -> bool:
    """Whether only the type of a value is reported, though it fits except for what is inside."""
    kinds = {problem["type"] for problem in problems}
    inside = any(way[: len(where)] == where and way != where for way in places)
    return inside and all(kind.endswith(("_type", "literal_error")) for kind in kinds)


def _sentences(document: Document, where: Where, problems: Sequence[ErrorDetails]) -> Iterator[str]:
    """Yield what is wrong with one value, and what is allowed."""
    missing = [p["loc"][-1] for p in problems if p["type"] == "missing"]
    if names := [name for name in missing if isinstance(name, str)]:
        known = {name for block in allowed_at(where) for name in block.get("properties", ())}
        meant = {nearest(str(key), known) for key in document.get(*where) if key not in known}
        for name in names:
            if name not in meant:  # else it is misspelt, which is said where it stands
                yield f'"{name}" must be given: {in_words(allowed_at((*where, name)))}.'
        return
    for problem in problems:
        if problem["type"] == "extra_forbidden":
            yield _unknown(document, where)
            return
        if problem["type"] in ("unknown_name", "value_error"):
            yield problem["msg"].removeprefix("Value error, ")
            return
    yield must_be(where, document.get(*where))


def must_be(where: Where, value: Any) -> str:
    """Return what is allowed at a place of a study file, in place of a wrong value."""
    allowed = allowed_at(where)
    hint = _hint(where, value, allowed)
    ending = f"; {hint}" if hint else "."
    return f"must be {in_words(allowed)}, not {_shown(value)}{ending}"


def _unknown(document: Document, where: Where) -> str:
    """Return that a field does not exist, and which was meant."""
    if where == ("defaults", "grid"):
        return "a grid belongs in a cell; defaults have one value each."
    given = set(document.get(*where[:-1]))
    blocks = [block for block in allowed_at(where[:-1]) if "properties" in block]
    meant = [block for block in blocks if given.issuperset(block.get("required", ()))] or blocks
    name, names = str(where[-1]), [name for block in meant for name in block["properties"]]
    if name in names:  # that of another alternative; the first counts
        return f"cannot be combined with {meant[0]['required'][0]}; keep one of them."
    if spaced := _spaced(name, names):
        return f'there is no "{name}" here; {spaced}'
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
            return mapping_words([*value][:_MOST_KEYS])
    return as_yaml(value)


def _hint(where: Where, value: Any, allowed: Schemas) -> str:
    """Return what was probably meant, "" if that is unclear."""
    kinds = {block.get("type") for block in allowed}
    if isinstance(value, dict):
        if kinds == {"array"}:
            dashed = any(str(key).startswith("-") for key in value)
            return f"{'put a space after' if dashed else 'begin each entry with'} a dash."
        keys = [name for block in allowed for name in block.get("required", ())]
        guesses = [guess for key in value if (guess := nearest(str(key), keys)) not in (None, key)]
        return f'did you mean "{guesses[0]}"?' if guesses else ""
    if isinstance(value, bool | int | float | str) and kinds == {"array"}:
        few = all(block.get("minItems", 0) <= 1 for block in allowed)
        return _as_list(where, value) if few else ""
    if isinstance(value, str):
        if where[:1] == ("cells",) and len(where) == 2 and value in METHODS:
            return f"write {{method: {value}}}."
        if spaced := _spaced(value, [n for block in allowed for n in block.get("properties", ())]):
            return spaced
        names = [name for block in allowed for name in choices_of(block) if isinstance(name, str)]
        if guess := nearest(value, names):
            return f'did you mean "{guess}"?'
        if kinds & {"number", "integer", "boolean"} and _is_number_or_truth(value):
            return "leave out the quotes."
    elif isinstance(value, list) and where[0] == "cells" and "grid" not in where and where[2:]:
        if all(block.get("type") != "array" for block in allowed):
            return "put lists to multiply out under grid."
    elif isinstance(value, bool | int | float) and any(map(_any_text, allowed)):
        return "" if kinds & {"number", "integer"} else "put it in quotes."
    return ""


def _as_list(where: Where, value: Any) -> str:
    """Return how to write one value where a list belongs, "" if the list cannot hold it."""
    if where == ("cells",) and value in METHODS:
        return f"write [{{method: {value}}}]."
    if isinstance(value, str) and re.match(r"-\w", value):
        return "put a space after a dash, and after a colon."
    types: dict[str, Any] = {"string": str, "integer": int, "number": int | float, "boolean": bool}
    entry = [block for block in allowed_at((*where, 0)) if not choices_of(block)]
    fits = any(isinstance(value, types.get(block.get("type", ""), ())) for block in entry)
    if not fits or (isinstance(value, bool) and not any(b["type"] == "boolean" for b in entry)):
        return ""
    return f"write [{as_yaml(value, quoted=True)}]."


def _spaced(text: str, names: Sequence[str]) -> str:
    """Return how a key whose colon lacks its space is written, "" where there is none.

    Args:
        text: What YAML took for one word.
        names: The keys that may stand there.
    """
    key, _, value = text.partition(":")
    if key not in names or not value:
        return ""
    plain = re.fullmatch(r"[\w.+-]+", value)
    if not plain:
        return f"put a space after the colon of {key}."
    return f"write {key}: {value}, with a space after the colon."


def _is_number_or_truth(text: str) -> bool:
    try:
        return isinstance(read_value(text), bool | int | float)
    except ValueError:
        return False


def _any_text(block: Mapping[str, Any]) -> bool:
    return block.get("type") == "string" and not choices_of(block)
