"""What a study declares about its cells, with the cells themselves in place of their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from suite.study.cells import Cell, find_cell
from suite.study.file import Claim as WrittenClaim
from suite.study.file import ClaimPart, Comparisons, ReferenceEpoch, StudyFile

Pair = tuple[Cell, Cell]
"""A cell, and the cell that it is compared with."""


@dataclass(frozen=True)
class Statement:
    """One part of a claim, about two cells.

    Attributes:
        part: What is stated, as declared.
        cell: The cell that it is about.
        against: The cell that it is compared with.
    """

    part: ClaimPart
    cell: Cell
    against: Cell


@dataclass(frozen=True)
class Claim:
    """A claim that the study can support or contradict.

    Attributes:
        sentence: The claim as a reader would put it.
        source: Where the claim is made, e.g. section 5.1.
        statements: Its parts, in the order declared; all must hold.
    """

    sentence: str
    source: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Reference:
    """Figures of another implementation, to compare a cell's runs with.

    Attributes:
        cell: The cell that it computed.
        source: Where the figures come from, and over how many seeds.
        epochs: What it recorded.
    """

    cell: Cell
    source: str
    epochs: tuple[ReferenceEpoch, ...]


def resolve_pairs(declared: Comparisons, cells: Sequence[Cell]) -> tuple[Pair, ...]:
    """Return the declared family: the other cells against the baseline, and the pairs.

    The baseline is compared with every cell on the same data set; values on different data sets
    have no difference worth a test. Two cells are compared once, the way that is declared first.
    """
    family: dict[frozenset[str], Pair] = {}
    if declared.baseline is not None:
        baseline = find_cell(cells, declared.baseline)
        for cell in cells:
            if cell is not baseline and cell.settings.dataset == baseline.settings.dataset:
                family[frozenset({cell.label, baseline.label})] = (cell, baseline)
    for first, second in declared.pairs:
        pair = find_cell(cells, first), find_cell(cells, second)
        family.setdefault(frozenset(cell.label for cell in pair), pair)
    return tuple(family.values())


def resolve_claims(file: StudyFile, cells: Sequence[Cell]) -> tuple[Claim, ...]:
    """Return the declared claims with their cells."""
    return tuple(
        Claim(claim.sentence, claim.source, tuple(_statements(claim, cells)))
        for claim in file.claims
    )


def _statements(claim: WrittenClaim, cells: Sequence[Cell]) -> Iterator[Statement]:
    """Yield each part of a claim once for each pair of cells that it is about."""
    for part in claim.parts:
        ours = [find_cell(cells, name) for name in part.cells]
        others = [find_cell(cells, name) for name in part.against]
        two = zip(ours, others, strict=True) if part.one_to_one else product(ours, others)
        for cell, other in two:
            if cell is not other:
                yield Statement(part, cell, other)


def resolve_references(file: StudyFile, cells: Sequence[Cell]) -> tuple[Reference, ...]:
    """Return the figures of other implementations with their cells."""
    return tuple(
        Reference(find_cell(cells, reference.cell), reference.source, reference.epochs)
        for reference in file.report.references
    )
