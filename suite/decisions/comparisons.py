"""The declared comparisons of a study, decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from suite.decisions.columns import COMPARISON, record
from suite.decisions.values import measure_words, sample, values
from suite.errors import UserError
from suite.measures import MEASURES, Outcome
from suite.study import Cell
from suite.study.file import CellName, Comparisons

if TYPE_CHECKING:
    import pandas as pd

    from suite.statistics import Comparison, Sample
    from suite.statistics.samples import Inference
    from suite.store.table import Results


@dataclass(frozen=True)
class Compared:
    """One declared comparison, decided.

    Attributes:
        cell: Is it better ...
        against: ... than this one?
        outcome: In what.
        measure: Which epochs were read, in words.
        found: The figures and the verdict.
    """

    cell: Cell
    against: Cell
    outcome: Outcome
    measure: str
    found: Comparison

    @property
    def title(self) -> str:
        """Which cell is compared with which; their data set once, if it is the same."""
        alike = self.cell.settings.dataset == self.against.settings.dataset
        return f"{self.cell.brief if alike else self.cell.title} against {self.against.title}"

    @property
    def unit(self) -> str:
        """What its amounts are written as."""
        return self.outcome

    @property
    def inference(self) -> Inference:
        """What its p-values are."""
        return self.found.inference

    def row(self) -> dict[str, Any]:
        """Return names and figures as one flat mapping for a table or JSON; None if not there."""
        return record(self, COMPARISON)


def comparisons(results: Results) -> list[Compared]:
    """Decide the study's declared comparisons.

    Args:
        results: The study and its finished runs; those missing are counted, not passed over.

    Returns:
        One row a pair, in the order declared; none where none are declared.
    """
    return _compare(results, results.study.pairs)


def comparison(results: Results, first: CellName, second: CellName) -> list[Compared]:
    """Decide one comparison of two cells by name.

    Args:
        results: The study and its finished runs.
        first: Is this cell better ...
        second: ... than this one?

    Returns:
        One row. If the study declares the pair, corrected for its whole family; else on its own,
        and the row's note says so.

    Raises:
        UserError: If a name fits no cell or several (the sentence lists them), or both the same.
    """
    cell, against = results.study.cell(first), results.study.cell(second)
    if cell is against:
        raise UserError(f"{cell.label} cannot be compared with itself.")
    family = [(cell, against) if pair == (against, cell) else pair for pair in results.study.pairs]
    if (cell, against) in family:  # which of the two is first changes no other's correction
        return [_compare(results, family)[family.index((cell, against))]]
    (row,) = _compare(results, [(cell, against)])
    note = "; ".join(filter(None, ["not declared by the study: p stands alone", row.found.note]))
    return [replace(row, found=replace(row.found, note=note))]


def _compare(results: Results, family: Sequence[tuple[Cell, Cell]]) -> list[Compared]:
    declared = results.study.file.comparisons
    table = values(results, declared.outcome)
    samples = [sample(results, table, cell, against) for cell, against in family]
    found = decide(samples, declared.outcome, declared, declared.equivalence_margin)
    words = measure_words(results.study)
    return [
        Compared(cell, against, declared.outcome, words, comparison)
        for (cell, against), comparison in zip(family, found, strict=True)
    ]


def decide(
    samples: Sequence[Sample],
    outcome: Outcome,
    declared: Comparisons,
    margin: float | None = None,
) -> list[Comparison]:
    """Decide one family of comparisons: every verdict comes from here.

    Args:
        samples: Two cells' values each.
        outcome: What they are values of.
        declared: The level, the correction and the inference.
        margin: Differences up to this are too small to matter; None declares none.
    """
    from suite.statistics import Question, compare

    higher = bool(MEASURES[outcome].higher)
    questions = [Question(found, higher, margin) for found in samples]
    return compare(
        questions,
        alpha=declared.alpha,
        correction=declared.correction,
        inference=declared.inference,
    )


def win_tie_loss(rows: Sequence[Compared]) -> pd.DataFrame:
    """Count the verdicts on each cell: better, neither of the two, and worse."""
    from suite.statistics import tally

    return tally((row.cell.label, row.against.label, row.found.verdict) for row in rows)
