"""Checks what comparisons, claims and references declare, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from pydantic import BaseModel, ValidationError

from suite.errors import UserError
from suite.methods.parts import KINDS
from suite.settings import Settings
from suite.study.cells import Cell, find_cell, named_settings
from suite.study.document import Document, Where
from suite.study.expand import Doubt
from suite.study.file import CellName, ClaimPart, Comparisons
from suite.study.mistakes import Mistakes


def check_declared(
    mistakes: Mistakes, comparisons: Comparisons, cells: Sequence[Cell], doubts: Sequence[Doubt]
) -> None:
    """Note the mistakes in comparisons, claims and references.

    Types and ranges are checked elsewhere. This reads the file as it is written, so that one
    mistake does not hide another next to it.

    Args:
        mistakes: Those of the file so far.
        comparisons: The valid part of its comparisons.
        cells: Its valid cells.
        doubts: What is known of the others.
    """
    found = {}
    for where, name in _named_cells(mistakes.document):
        try:
            titled = any(name in (cell.title, cell.brief) for cell in cells)
            if titled or not _may_be(name, doubts):
                found[where] = find_cell(cells, name)
        except UserError as error:
            mistakes.note(where, str(error))
    _check_pairs(mistakes, found)
    for claim in mistakes.document.entries("claims"):
        for part in mistakes.document.entries(*claim, "parts"):
            _check_part(mistakes, part, comparisons, found)
    _check_measure(mistakes, comparisons, cells)
    for way in mistakes.document.entries("report", "references"):
        if (cell := found.get((*way, "cell"))) is not None:
            _check_epochs(mistakes, way, cell)


def _may_be(name: CellName, doubts: Sequence[Doubt]) -> bool:
    """Whether a name may mean a doubtful cell; a name with a wrong value cannot."""
    if any(doubt.title == name for doubt in doubts):
        return True
    wanted = named_settings(name)
    if not any(doubt.may_fit(wanted) for doubt in doubts):
        return False
    return not _wrong(Settings, wanted) - {*KINDS}  # those may be of a plug-in that failed


def _wrong(model: type[BaseModel], value: Any) -> set[str]:
    """Return the fields that are wrong in a mapping."""
    try:
        model.model_validate(value)
    except ValidationError as error:
        return {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
    return set()


def _named_cells(document: Document) -> Iterator[tuple[Where, CellName]]:
    ways: list[Where] = [("comparisons", "baseline")]
    for pair in document.entries("comparisons", "pairs"):
        ways += document.entries(*pair)
    for claim in document.entries("claims"):
        for part in document.entries(*claim, "parts"):
            ways += document.entries(*part, "cells") + document.entries(*part, "against")
    ways += [(*way, "cell") for way in document.entries("report", "references")]
    for way in ways:
        if isinstance(name := document.get(*way), str | dict) and way not in document.unread:
            yield way, name


def _check_pairs(mistakes: Mistakes, found: Mapping[Where, Cell]) -> None:
    for way in mistakes.document.entries("comparisons", "pairs"):
        cells = [found.get(side) for side in mistakes.document.entries(*way)]
        if len(cells) == 2 and cells[0] is not None and cells[0] is cells[1]:
            mistakes.note(way, f"{cells[0].label} is compared with itself.")


def _check_part(
    mistakes: Mistakes, way: Where, comparisons: Comparisons, found: Mapping[Where, Cell]
) -> None:
    """Check one part of a claim."""
    document = mistakes.document
    written = document.get(*way)
    if not isinstance(written, dict):
        return
    wrong = _wrong(ClaimPart, written)
    part = {name: value for name, value in written.items() if name not in wrong}
    if part.get("direction") == "saves" and "paper" not in wrong:
        paper = part.get("paper")
        if paper is None or not 0 < paper < 1:
            mistakes.note(
                way, "saves needs the share that the paper reports saved, e.g. paper: 0.36."
            )
    if part.get("direction") in ("higher", "lower") and "margin" in part:
        mistakes.note(
            (*way, "margin"),
            f"changes nothing where the direction is {part['direction']}, which any difference "
            "fulfils; leave it out.",
        )
    if part.get("direction") == "equivalent" and not wrong & {"margin", "outcome"}:
        outcome = part.get("outcome", "test_accuracy")
        shared = document.get("comparisons", "equivalence_margin") is not None
        unsure = document.get("comparisons", "outcome") not in (None, comparisons.outcome)
        has_margin = shared and (unsure or outcome == comparisons.outcome)
        if part.get("margin") is None and not has_margin:
            mistakes.note(
                way, f"equivalent needs a margin, e.g. margin: 0.01, in the unit of {outcome}."
            )
    sides = [document.entries(*way, field) for field in ("cells", "against")]
    one_to_one = part.get("one_to_one", False)
    if one_to_one and all(sides) and len(sides[0]) != len(sides[1]):
        mistakes.note(way, "one_to_one needs equally many entries in cells and against.")
        return
    couples = list(zip(*sides, strict=False) if one_to_one else product(*sides))
    with_itself = [one in found and found[one] is found.get(other) for one, other in couples]
    if any(with_itself) if one_to_one else with_itself and all(with_itself):
        mistakes.note(way, "a cell is compared with itself.")


def _check_epochs(mistakes: Mistakes, way: Where, cell: Cell) -> None:
    """Note what a reference records of epochs that its cell does not have."""
    last = cell.settings.epochs
    for entry in mistakes.document.entries(*way, "epochs"):
        epoch = mistakes.document.get(*entry, "epoch")
        if isinstance(epoch, int) and epoch > last:
            mistakes.note((*entry, "epoch"), f"{cell.label} has {last} epochs, fewer than {epoch}.")


def _check_measure(mistakes: Mistakes, comparisons: Comparisons, cells: Sequence[Cell]) -> None:
    by_test = [cell.label for cell in cells if cell.settings.validation == "test"]
    if comparisons.measure == "best" and by_test:
        mistakes.note(
            ("comparisons", "measure"),
            f"best chooses the epoch by validation, but {by_test[0]} validates on the test set; "
            "hold out a share of the training images (validation: 0.1) or use last.",
        )
    if isinstance(comparisons.measure, str):
        return
    last = comparisons.measure.last
    for cell in cells:
        if cell.settings.epochs < last:
            sentence = f"{cell.label} has {cell.settings.epochs} epochs, fewer than {last}."
            mistakes.note(("comparisons", "measure", "last"), sentence)
            break
