"""What comparisons, claims and references declare, checked before anything runs."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import product
from typing import Any

from pydantic import BaseModel, ValidationError

from suite.errors import UserError
from suite.settings import Settings
from suite.study.cells import Cell, find_cell, named_settings
from suite.study.document import Document, Where
from suite.study.file import CellName, ClaimPart, Comparisons


@dataclass(frozen=True)
class Doubt:
    """What is known of a cell that is wrong: names that it may come to fit are no mistakes.

    Attributes:
        given: Its settings, as written.
        open: The settings that may become anything when it is put right.
    """

    given: Mapping[str, Any]
    open: Set[str]

    def may_fit(self, wanted: Mapping[str, Any]) -> bool:
        """Whether the cell may come to have some settings."""
        filled = self.open | ({"rule", "gate", "metric"} - self.given.keys())
        has = {**_defaults(), **self.given}
        return all(name in filled or has.get(name) == value for name, value in wanted.items())


@functools.cache
def _defaults() -> dict[str, Any]:
    return Settings().model_dump(mode="json")


ANY_CELL = Doubt({}, Settings.model_fields.keys())
"""A cell of which nothing is known."""


def check_declared(
    document: Document,
    comparisons: Comparisons,
    cells: Sequence[Cell],
    doubts: Sequence[Doubt],
) -> Iterator[str]:
    """Yield a sentence for each mistake in comparisons, claims and references.

    Types and ranges are checked elsewhere. Here the file is read as it stands, so that what is
    wrong beside a name or a rule does not hide what is wrong with it.

    Args:
        document: The file.
        comparisons: What is right of its comparisons.
        cells: Its cells that are right.
        doubts: The others.
    """
    found = {}
    for where, name in _named_cells(document):
        try:
            wanted = named_settings(name)
            if not _may_be(wanted, doubts):
                found[where] = find_cell(cells, name)
        except UserError as error:
            yield f"{document.place(where)}: {error}"
    for where, sentence in (*_pairs(document, found), *_parts(document, comparisons, found)):
        yield f"{document.place(where)}: {sentence}"
    yield from _measure(document, comparisons, cells)


def _may_be(wanted: Mapping[str, Any], doubts: Sequence[Doubt]) -> bool:
    """Whether a name may mean a cell that is in doubt; with a value that is wrong it cannot."""
    if not any(doubt.may_fit(wanted) for doubt in doubts):
        return False
    return not _wrong(Settings, wanted) - {"regrow"}  # that may be of a plug-in that failed


def _wrong(model: type[BaseModel], value: Any) -> set[str]:
    """Return the fields that are wrong in a mapping."""
    try:
        model.model_validate(value)
    except ValidationError as error:
        return {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
    return set()


def _at(document: Document, *where: str | int) -> Any:
    """Return the value at a way of the file, None where there is no such way."""
    value = document.value
    for step in where:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _listed(document: Document, *where: str | int) -> Iterator[tuple[Where, Any]]:
    """Yield the entries of a list and their ways, none where there is no list."""
    entries = _at(document, *where)
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        yield (*where, number), entry


def _named_cells(document: Document) -> Iterator[tuple[Where, CellName]]:
    ways: list[Where] = [("comparisons", "baseline")]
    for pair, _ in _listed(document, "comparisons", "pairs"):
        ways += [side for side, _ in _listed(document, *pair)]
    for part, _ in _parts_of_claims(document):
        for field in ("cells", "against"):
            ways += [side for side, _ in _listed(document, *part, field)]
    ways += [(*way, "cell") for way, _ in _listed(document, "report", "references")]
    for way in ways:
        if isinstance(name := _at(document, *way), str | dict) and way not in document.unread:
            yield way, name


def _parts_of_claims(document: Document) -> Iterator[tuple[Where, dict[str, Any]]]:
    for claim, _ in _listed(document, "claims"):
        for way, part in _listed(document, *claim, "parts"):
            if isinstance(part, dict):
                yield way, part


def _pairs(document: Document, found: Mapping[Where, Cell]) -> Iterator[tuple[Where, str]]:
    for way, _ in _listed(document, "comparisons", "pairs"):
        cells = [found.get(side) for side, _ in _listed(document, *way)]
        if len(cells) == 2 and cells[0] is not None and cells[0] is cells[1]:
            yield way, f"{cells[0].label} is compared with itself."


def _parts(
    document: Document, comparisons: Comparisons, found: Mapping[Where, Cell]
) -> Iterator[tuple[Where, str]]:
    shared = _at(document, "comparisons", "equivalence_margin") is not None
    unsure = _at(document, "comparisons", "outcome") not in (None, comparisons.outcome)
    for way, written in _parts_of_claims(document):
        wrong = _wrong(ClaimPart, written)
        part = {name: value for name, value in written.items() if name not in wrong}
        if part.get("direction") == "saves" and "paper" not in wrong:
            paper = part.get("paper")
            if paper is None or not 0 < paper < 1:
                yield way, "saves needs the share that is saved under paper, e.g. 0.36."
        if part.get("direction") == "equivalent" and not wrong & {"margin", "outcome"}:
            outcome = part.get("outcome", "test_accuracy")
            has_margin = shared and (unsure or outcome == comparisons.outcome)
            if part.get("margin") is None and not has_margin:
                yield way, f"equivalent needs a margin, in the unit of {outcome}."
        sides = [
            [side for side, _ in _listed(document, *way, field)] for field in ("cells", "against")
        ]
        one_to_one = part.get("one_to_one", False)
        if one_to_one and all(sides) and len(sides[0]) != len(sides[1]):
            yield way, "one_to_one needs as many cells as there are against them."
            continue
        couples = list(zip(*sides, strict=False) if one_to_one else product(*sides))
        with_itself = [one in found and found[one] is found.get(other) for one, other in couples]
        if any(with_itself) if one_to_one else with_itself and all(with_itself):
            yield way, "a cell is compared with itself."


def _measure(document: Document, comparisons: Comparisons, cells: Sequence[Cell]) -> Iterator[str]:
    by_test = [cell.label for cell in cells if cell.settings.validation == "test"]
    if comparisons.measure == "best" and by_test:
        place = document.place(("comparisons", "measure"))
        yield (
            f"{place}: best chooses an epoch by validation, and {by_test[0]} validates on the test "
            "set; hold out a fraction (validation: 0.1) or take last."
        )
    if isinstance(comparisons.measure, str):
        return
    last = comparisons.measure.last
    short = [cell for cell in cells if cell.settings.epochs < last]
    if short:
        place = document.place(("comparisons", "measure", "last"))
        label, epochs = short[0].label, short[0].settings.epochs
        yield f"{place}: {last} epochs are more than the {epochs} of {label}."
