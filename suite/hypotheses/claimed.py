"""The declared claims of a study, decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from suite.hypotheses.values import measure_words, plain, sample, values
from suite.study import Cell, Claim, ClaimPart, Study
from suite.study.file import Outcome

if TYPE_CHECKING:
    import pandas as pd

    from suite.statistics import ClaimFinding, Part, PartFinding
    from suite.tidy import Results

SAVING_MARGIN = 0.02
""""About 36 %" is 34 to 38 % unless a claim declares its own margin."""


@dataclass(frozen=True)
class Statement:
    """One part of a claim, on two cells, decided.

    Attributes:
        sentence: Spelt out, e.g. "LSET has higher test accuracy than AccSET".
        cell: The cell that it is about.
        against: The other.
        outcome: In what.
        direction: higher, lower, equivalent or saves.
        paper: The paper's difference, or the share saved, where it has one.
        found: The figures.
    """

    sentence: str
    cell: Cell
    against: Cell
    outcome: Outcome
    direction: str
    paper: float | None
    found: PartFinding

    def row(self) -> dict[str, Any]:
        """Return names and figures as one flat mapping for a table or JSON; None if not there."""
        names = {
            "statement": self.sentence,
            "cell": self.cell.label,
            "against": self.against.label,
            "outcome": self.outcome,
            "direction": self.direction,
            "paper": self.paper,
        }
        return names | plain(asdict(self.found))


@dataclass(frozen=True)
class Claimed:
    """One declared claim, decided.

    Attributes:
        claim: As declared.
        measure: Which epochs were read, in words.
        statements: Its parts, one for each two cells.
        found: The verdict; `found.parts` are the findings of `statements`.
    """

    claim: Claim
    measure: str
    statements: tuple[Statement, ...]
    found: ClaimFinding

    def row(self) -> dict[str, Any]:
        """Return the claim as a mapping for JSON, its statements as rows under `parts`."""
        names = {
            "claim": self.claim.sentence,
            "source": self.claim.source,
            "measure": self.measure,
        }
        parts = {"parts": [statement.row() for statement in self.statements]}
        return names | plain(asdict(replace(self.found, parts=()))) | parts


def claims(results: Results) -> list[Claimed]:
    """Decide the study's declared claims.

    Args:
        results: The study and its finished runs; those missing are counted, not passed over.

    Returns:
        One finding a claim, in the order declared.
    """
    from suite.statistics import judge

    study = results.study
    declared = study.file.comparisons
    outcomes = {part.outcome for claim in study.file.claims for part in claim.parts}
    tables = {outcome: values(results, outcome) for outcome in outcomes}
    statements = [list(_statements(study, claim)) for claim in study.file.claims]
    findings = judge(
        [[_part(results, tables, statement) for statement in claim] for claim in statements],
        alpha=declared.alpha,
        correction=declared.correction,
    )
    words = measure_words(study)
    return [
        Claimed(
            claim,
            words,
            tuple(
                Statement(
                    _spell(part, cell, against),
                    cell,
                    against,
                    part.outcome,
                    part.direction,
                    part.paper,
                    found,
                )
                for (part, cell, against), found in zip(parts, finding.parts, strict=True)
            ),
            finding,
        )
        for claim, parts, finding in zip(study.file.claims, statements, findings, strict=True)
    ]


def _statements(study: Study, claim: Claim) -> Iterator[tuple[ClaimPart, Cell, Cell]]:
    """Yield each part of a claim once for each two cells that it is about."""
    for part in claim.parts:
        cells = [study.cell(name) for name in part.cells]
        others = [study.cell(name) for name in part.against]
        two = zip(cells, others, strict=True) if part.one_to_one else product(cells, others)
        yield from ((part, cell, other) for cell, other in two if cell is not other)


def _part(
    results: Results,
    tables: Mapping[Outcome, pd.DataFrame],
    statement: tuple[ClaimPart, Cell, Cell],
) -> Part:
    from suite.statistics import Part

    part, cell, against = statement
    margin = {
        "saves": part.margin or SAVING_MARGIN,
        "equivalent": part.margin or results.study.file.comparisons.equivalence_margin,
    }.get(part.direction)
    share = part.paper if part.direction == "saves" else None
    found = sample(results, tables[part.outcome], cell, against)
    return Part(found, part.direction, margin, share)


def _spell(part: ClaimPart, cell: Cell, against: Cell) -> str:
    outcome = part.outcome.replace("_", " ")
    if part.direction == "saves":
        return f"{cell.title} saves {part.paper:.1%} of {against.title}'s {outcome}"
    if part.direction == "equivalent":
        return f"{cell.title} does not differ from {against.title} in {outcome}"
    return f"{cell.title} has {part.direction} {outcome} than {against.title}"
