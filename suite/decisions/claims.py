"""The declared claims of a study, decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from suite.decisions.columns import CLAIM, STATEMENT, record
from suite.decisions.values import measure_words, published, sample, values
from suite.measures import MEASURES, Outcome, plain
from suite.study import Cell, Claim, ClaimPart, Study

if TYPE_CHECKING:
    import pandas as pd

    from suite.decisions.comparisons import Compared
    from suite.statistics import ClaimFinding, Part, PartFinding
    from suite.store.table import Results

SAVING_MARGIN = 0.02
""""About 36 %" is 34 to 38 % unless a claim declares its own margin."""
SEVERAL_STATEMENTS = (
    "A claim of several statements is supported only if each of them is shown by itself, so the p "
    "of its support is the largest of theirs and no further correction for their number is due (an "
    "intersection-union test). It is contradicted if the opposite of one is shown, whose p counts "
    "times the number of statements. The claim's p is the smaller of the two."
)


@dataclass(frozen=True)
class Statement:
    """One part of a claim, on two cells, decided.

    Attributes:
        place: Number of its claim, from 1.
        sentence: Spelt out, e.g. "LSET has higher test accuracy than AccSET".
        cell: The cell that it is about.
        against: The other.
        outcome: In what.
        direction: higher, lower, equivalent or saves.
        margin: What still counts as the same, for equivalent and saves; else None.
        paper: The paper's difference, or the share saved: as declared, else the difference of the
            rows of its Table 2; None where it has none.
        found: The figures.
    """

    place: int
    sentence: str
    cell: Cell
    against: Cell
    outcome: Outcome
    direction: str
    margin: float | None
    paper: float | None
    found: PartFinding

    @property
    def unit(self) -> str:
        """What its amounts are written as: values of the outcome, or shares of them."""
        return "share" if self.direction == "saves" else self.outcome

    def row(self) -> dict[str, Any]:
        """Return names and figures as one flat mapping for a table or JSON; None if not there."""
        return record(self, STATEMENT)


@dataclass(frozen=True)
class Claimed:
    """One declared claim, decided.

    Attributes:
        place: Its number, from 1.
        claim: As declared.
        measure: Which epochs were read, in words.
        statements: Its parts, one for each pair of cells.
        found: The verdict; `found.parts` are the findings of `statements`.
    """

    place: int
    claim: Claim
    measure: str
    statements: tuple[Statement, ...]
    found: ClaimFinding

    def row(self) -> dict[str, Any]:
        """Return the claim as a mapping for JSON, its statements as rows under `parts`."""
        return record(self, CLAIM) | {"parts": [statement.row() for statement in self.statements]}

    def rows(self) -> list[dict[str, Any]]:
        """Return the statements as flat rows of one table, each with its claim's verdict."""
        claim = {
            "claim": self.claim.sentence,
            "claim_verdict": self.found.verdict,
            "claim_p_adjusted": plain(self.found.p_adjusted),
            "inference": self.found.inference,
            "measure": self.measure,
        }
        return [claim | statement.row() for statement in self.statements]


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
    outcomes = {s.part.outcome for claim in study.claims for s in claim.statements}
    tables = {outcome: values(results, outcome) for outcome in outcomes}
    statements = [[(s.part, s.cell, s.against) for s in claim.statements] for claim in study.claims]
    findings = judge(
        [[_part(results, tables, statement) for statement in claim] for claim in statements],
        alpha=declared.alpha,
        correction=declared.correction,
        inference=declared.inference,
    )
    words = measure_words(study)
    return [
        Claimed(
            place,
            claim,
            words,
            tuple(
                Statement(
                    place,
                    _spell(part, cell, against, _margin(study, part)),
                    cell,
                    against,
                    part.outcome,
                    part.direction,
                    _margin(study, part),
                    _paper(study, part, cell, against),
                    found,
                )
                for (part, cell, against), found in zip(parts, finding.parts, strict=True)
            ),
            finding,
        )
        for place, (claim, parts, finding) in enumerate(
            zip(study.claims, statements, findings, strict=True), start=1
        )
    ]


def _part(
    results: Results,
    tables: Mapping[Outcome, pd.DataFrame],
    statement: tuple[ClaimPart, Cell, Cell],
) -> Part:
    from suite.statistics import Part

    part, cell, against = statement
    share = part.paper if part.direction == "saves" else None
    found = sample(results, tables[part.outcome], cell, against)
    return Part(found, part.direction, _margin(results.study, part), share)


def _margin(study: Study, part: ClaimPart) -> float | None:
    return {
        "saves": part.margin or SAVING_MARGIN,
        "equivalent": part.margin or study.file.comparisons.equivalence_margin,
    }.get(part.direction)


def rows(compared: Sequence[Compared], claimed: Sequence[Claimed]) -> list[dict[str, Any]]:
    """Return comparisons and the statements of claims as rows; `kind` says which each is."""
    found = [{"kind": "comparison", **row.row()} for row in compared]
    return found + [{"kind": "statement", **part} for claim in claimed for part in claim.rows()]


def _paper(study: Study, part: ClaimPart, cell: Cell, against: Cell) -> float | None:
    """Return the paper's figure for a statement: as declared, else from the rows of its Table 2."""
    if part.paper is not None or part.direction == "saves":
        return part.paper
    if cell.settings.dataset != against.settings.dataset:
        return None  # the paper compares nothing across data sets
    rows, column = [published(study, one) for one in (cell, against)], MEASURES[part.outcome]
    values = [row.value(column.published) for row in rows if row and column.published]
    return values[0] - values[1] if len(values) == 2 else None


def _spell(part: ClaimPart, cell: Cell, against: Cell, margin: float | None) -> str:
    from suite.statistics.wording import percent

    outcome = part.outcome.replace("_", " ")
    if part.direction == "saves" and margin is not None and part.paper is not None:
        points = f"{100 * margin:g} {'point' if margin == 0.01 else 'points'}"
        share = f"{percent(part.paper)} ± {points}"
        default = "" if part.margin else " (the margin by default)"
        return f"{cell.title} saves {share} of {against.title}'s {outcome}{default}"
    if part.direction == "equivalent":
        return f"{cell.title} differs from {against.title} in {outcome} by less than {margin:g}"
    return f"{cell.title} has {part.direction} {outcome} than {against.title}"
