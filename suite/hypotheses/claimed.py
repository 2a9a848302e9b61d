"""The declared claims of a study, decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from suite.hypotheses.values import measure_words, plain, sample, values
from suite.study import Cell, Claim, ClaimPart, Study
from suite.study.file import Outcome

if TYPE_CHECKING:
    import pandas as pd

    from suite.statistics import ClaimFinding, PartFinding
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

    Raises:
        UserError: If the study's measure cannot be taken (see `values`).
    """
    from suite.statistics import Part, judge

    study = results.study
    declared = study.file.comparisons
    tables: dict[Outcome, pd.DataFrame] = {}
    parts: list[list[tuple[ClaimPart, Cell, Cell, Part]]] = []
    for claim in study.file.claims:
        parts.append([])
        for part in claim.parts:
            margin, share = _margin_and_share(study, part)
            if part.outcome not in tables:
                tables[part.outcome] = values(results, part.outcome)
            for cell, against in _cell_pairs(study, part):
                values_ = sample(results, tables[part.outcome], cell, against)
                parts[-1].append(
                    (part, cell, against, Part(values_, part.direction, margin, share))
                )
    findings = judge(
        [[entry[-1] for entry in claim] for claim in parts],
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
                for (part, cell, against, _), found in zip(entries, finding.parts, strict=True)
            ),
            finding,
        )
        for claim, entries, finding in zip(study.file.claims, parts, findings, strict=True)
    ]


def _margin_and_share(study: Study, part: ClaimPart) -> tuple[float | None, float | None]:
    if part.direction == "saves":
        return part.margin or SAVING_MARGIN, part.paper
    if part.direction == "equivalent":
        return part.margin or study.file.comparisons.equivalence_margin, None
    return None, None


def _cell_pairs(study: Study, part: ClaimPart) -> Iterator[tuple[Cell, Cell]]:
    cells = [study.cell(name) for name in part.cells]
    others = [study.cell(name) for name in part.against]
    if part.one_to_one:
        yield from zip(cells, others, strict=True)
    else:
        yield from ((cell, other) for cell, other in product(cells, others) if cell is not other)


def _spell(part: ClaimPart, cell: Cell, against: Cell) -> str:
    outcome = part.outcome.replace("_", " ")
    if part.direction == "saves":
        return f"{cell.title} saves {part.paper:.1%} of {against.title}'s {outcome}"
    if part.direction == "equivalent":
        return f"{cell.title} does not differ from {against.title} in {outcome}"
    return f"{cell.title} has {part.direction} {outcome} than {against.title}"
