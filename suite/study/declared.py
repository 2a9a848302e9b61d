"""What comparisons and claims declare, checked against the cells before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from suite.errors import UserError
from suite.study.cells import Cell, find_cell, named_settings
from suite.study.document import Document, Where
from suite.study.file import CellName, Claim, ClaimPart, Comparisons, StudyFile


def check_declared(
    document: Document, file: StudyFile, cells: Sequence[Cell] | None
) -> Iterator[str]:
    """Yield a sentence for each mistake in comparisons and claims.

    Args:
        document: The file.
        file: What it says.
        cells: Its cells; None where some are wrong, so that there is no telling whether a name
            means one of them.
    """
    found = {}
    for where, name in _named_cells(file):
        try:
            if cells is None:
                named_settings(name)
            else:
                found[where] = find_cell(cells, name)
        except UserError as error:
            yield f"{document.place(where)}: {error}"
    for where, sentence in (*_pairs(file.comparisons, found), *_parts(file, found)):
        yield f"{document.place(where)}: {sentence}"
    yield from _measure(document, file.comparisons, cells or ())


def _named_cells(file: StudyFile) -> Iterator[tuple[Where, CellName]]:
    if file.comparisons.baseline is not None:
        yield ("comparisons", "baseline"), file.comparisons.baseline
    for number, pair in enumerate(file.comparisons.pairs):
        for side, name in enumerate(pair):
            yield ("comparisons", "pairs", number, side), name
    for way, part in _ways_of_parts(file.claims):
        for field, names in (("cells", part.cells), ("against", part.against)):
            for side, name in enumerate(names):
                yield (*way, field, side), name


def _ways_of_parts(claims: Sequence[Claim]) -> Iterator[tuple[Where, ClaimPart]]:
    for number, claim in enumerate(claims):
        for part_number, part in enumerate(claim.parts):
            yield ("claims", number, "parts", part_number), part


def _pairs(comparisons: Comparisons, found: dict[Where, Cell]) -> Iterator[tuple[Where, str]]:
    for number in range(len(comparisons.pairs)):
        way: Where = ("comparisons", "pairs", number)
        first, second = found.get((*way, 0)), found.get((*way, 1))
        if first is not None and first is second:
            yield way, f"{first.label} is compared with itself."


def _parts(file: StudyFile, found: dict[Where, Cell]) -> Iterator[tuple[Where, str]]:
    comparisons = file.comparisons
    for way, part in _ways_of_parts(file.claims):
        if part.direction == "saves" and (part.paper is None or not 0 < part.paper < 1):
            yield way, "saves needs the share that is saved under paper, e.g. 0.36."
        if part.direction == "equivalent" and part.margin is None:
            shared = part.outcome == comparisons.outcome
            if not shared or comparisons.equivalence_margin is None:
                yield way, f"equivalent needs a margin, in the unit of {part.outcome}."
        if part.one_to_one and len(part.cells) != len(part.against):
            yield way, "one_to_one needs as many cells as there are against them."
            continue
        sides = range(len(part.cells)), range(len(part.against))
        couples = zip(*sides, strict=True) if part.one_to_one else product(*sides)
        with_itself = [
            (*way, "cells", one) in found
            and found[*way, "cells", one] is found.get((*way, "against", other))
            for one, other in couples
        ]
        if any(with_itself) if part.one_to_one else all(with_itself):
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
