"""Table 2: each cell's last epoch, over seeds, compared with the paper's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from suite import decisions, paper
from suite.datasets.sources import title as source_title
from suite.measures import MEASURES, TABLE2, Format, Outcome
from suite.reporting.numbers import Estimate, estimate, superscript

if TYPE_CHECKING:
    from suite.study import Cell
from suite.store.table import Results

BEST, SAME, UNTESTED, BETTER = "best", "same", "untested", "better"
"""The best of a column, one not shown to differ from it, one of which too few runs differ, and one
that is better over the seeds of both, which it may be where cells lack seeds."""
_MARKS_OF = {"worse": "", "better": BETTER, "unattainable": UNTESTED}
"""By verdict against the best; of all others it is `SAME`."""


@dataclass(frozen=True)
class Column:
    """A measured column.

    Attributes:
        name: As the paper's data calls it.
        title: For readers.
        outcome: The measure.
        format: How its numbers are written.
    """

    name: paper.Column
    title: str
    outcome: Outcome
    format: Format

    @property
    def higher(self) -> bool:
        """Whether more is better."""
        return bool(MEASURES[self.outcome].higher)

    @property
    def unit(self) -> str:
        """The power of ten that the numbers are in, e.g. ×10⁻⁶; often empty."""
        exponent = self.format.exponent
        return f"×10{superscript(exponent)}" if exponent else ""


@dataclass(frozen=True)
class Entry:
    """One number of the table.

    Attributes:
        estimate: Mean and interval over the finished runs whose value is finite.
        runs: Finished runs of the cell.
        published: The paper's value, None where it has none.
        mark: BEST, SAME, UNTESTED, BETTER, or "" if it is worse than the best.
        format: How it is written.
    """

    estimate: Estimate
    runs: int
    published: float | None
    mark: str
    format: Format

    @property
    def mean(self) -> str:
        """The mean as text."""
        return self._text(self.estimate.mean)

    @property
    def half(self) -> str:
        """Half the interval's width as text, empty below two runs."""
        return self._text(self.estimate.half) if self.estimate.n > 1 else ""

    @property
    def own_n(self) -> str:
        """The number of runs as text where it is not the row's, e.g. n = 9; else empty."""
        return "" if self.estimate.n == self.runs else f"n = {self.estimate.n}"

    @property
    def paper(self) -> str:
        """The paper's value as text, with three digits at least; empty where it has none."""
        if self.published is None:
            return ""
        return self._text(self.published, self.published)

    def _text(self, value: float, of: float | None = None) -> str:
        """Return a value's text: a mean far below the column's largest keeps three digits.

        Args:
            value: The value.
            of: The mean whose half interval it is, or itself; by default the mean.
        """
        of = self.estimate.mean if of is None else of
        if not (self.format.exponent and of and math.isfinite(of)):
            return self.format.text(value)
        smaller = self.format.exponent - math.floor(math.log10(abs(of)))
        more = replace(self.format, decimals=self.format.decimals + max(0, smaller - 1))
        return more.text(value)

    @property
    def difference(self) -> str:
        """Ours minus the paper's as text, empty where either is missing."""
        if self.published is None or not self.estimate.n:
            return ""
        return self.format.signed(self.estimate.mean - self.published)


@dataclass(frozen=True)
class Row:
    """One cell.

    Attributes:
        cell: Which.
        dataset: Its data set's name.
        n: Finished runs.
        planned: Runs that the study asks for.
        entries: One a column.
    """

    cell: Cell
    dataset: str
    n: int
    planned: int
    entries: tuple[Entry, ...]

    @property
    def accuracy(self) -> Entry:
        """Its accuracy."""
        return self.entries[TABLE2.index("test_accuracy")]

    @property
    def connections(self) -> Entry:
        """Its connections."""
        return self.entries[TABLE2.index("connections")]

    @property
    def dead(self) -> bool:
        """Whether its networks have no connections left: they compute nothing."""
        return self.connections.estimate.mean == 0

    @property
    def left_out(self) -> int:
        """How many finished runs some entry leaves out, its value there not being finite."""
        return max(self.n - entry.estimate.n for entry in self.entries)

    @property
    def runs(self) -> str:
        """How many runs the numbers are from, e.g. 10, or 7 of 10."""
        return str(self.n) if self.n == self.planned else f"{self.n} of {self.planned}"


@dataclass(frozen=True)
class Table2:
    """The table.

    Attributes:
        columns: accuracy, loss, connections, alpha, beta.
        rows: One a cell, in the study's order.
        unpaired: Whether pairs are declared, and some cells share too few seeds for that.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    unpaired: bool = False

    @property
    def datasets(self) -> tuple[str, ...]:
        """The distinct data sets, in order."""
        return tuple(dict.fromkeys(row.dataset for row in self.rows))

    @property
    def has_paper(self) -> bool:
        """Whether any row stands in the paper."""
        return any(entry.published is not None for row in self.rows for entry in row.entries)

    @property
    def of_paper(self) -> str:
        """What the table shows of the paper, in words; empty where that is nothing."""
        return "the paper's value, and ours minus the paper's" if self.has_paper else ""


def last_epochs(frame: pd.DataFrame) -> pd.DataFrame:
    """Return each run's last epoch with the columns of Table 2 added.

    Args:
        frame: The tidy table.

    Returns:
        One row a run: cell, seed, dataset, epoch, accuracy, loss, connections, alpha (accuracy /
        connections), beta (loss * connections).
    """
    if frame.empty:
        names = ["cell", "seed", "dataset", "epoch"]
        return pd.DataFrame(columns=[*names, *(str(MEASURES[name].published) for name in TABLE2)])
    last = frame.loc[frame.groupby(["cell", "key"], sort=False)["epoch"].idxmax()]
    labels = {name: last[name] for name in ("cell", "seed", "dataset", "epoch")}
    values = {str(MEASURES[name].published): MEASURES[name].of(last) for name in TABLE2}
    return pd.DataFrame(labels | values).reset_index(drop=True)


def table2(results: Results) -> Table2:
    """Return Table 2 of a study."""
    runs = last_epochs(results.frame)
    by_cell = dict(iter(runs.groupby("cell", sort=False)))
    cells = results.study.cells
    columns = []
    for outcome in TABLE2:
        measure = MEASURES[outcome]
        assert measure.published is not None  # each of these has a column in the paper
        form = measure.format(runs[measure.published].astype(float))
        columns.append(Column(measure.published, measure.head, outcome, form))
    estimates: dict[tuple[str, str], Estimate] = {
        (cell.label, column.name): estimate(
            by_cell[cell.label][column.name] if cell.label in by_cell else ()
        )
        for cell in cells
        for column in columns
    }
    marks, unpaired = _marks(results, columns, estimates)
    rows = []
    for cell in cells:
        published = decisions.published(results.study, cell)
        n = len(by_cell.get(cell.label, ()))
        entries = tuple(
            Entry(
                estimates[cell.label, column.name],
                n,
                None if published is None else published.value(column.name),
                marks.get((cell.label, column.name), ""),
                column.format,
            )
            for column in columns
        )
        planned = len(results.study.seeds)
        rows.append(Row(cell, source_title(cell.settings.dataset), n, planned, entries))
    return Table2(tuple(columns), tuple(rows), unpaired)


def _marks(
    results: Results,
    columns: Sequence[Column],
    estimates: dict[tuple[str, str], Estimate],
) -> tuple[dict[tuple[str, str], str], bool]:
    """Mark, within each data set, the best of each column and those not shown to differ from it.

    To differ is to be worse in the family of all others of the column against the best; or better,
    where a cell lacks seeds: means are over all seeds that a cell has, tests over those of both.

    Returns:
        The marks, and whether some tests were not paired though pairs are declared.
    """
    marks: dict[tuple[str, str], str] = {}
    unpaired = False
    groups: dict[str, list[Cell]] = {}
    for cell in results.study.cells:
        groups.setdefault(source_title(cell.settings.dataset), []).append(cell)
    tables = {column.name: decisions.values(results, column.outcome, "last") for column in columns}
    for group in groups.values():
        by_label = {cell.label: cell for cell in group}
        for column in columns:
            means = {label: estimates[label, column.name].mean for label in by_label}
            finite = {
                label: mean
                for label, mean in means.items()
                if math.isfinite(mean) and estimates[label, "connections"].mean
            }  # a network without connections computes nothing, and is the best in nothing
            if len(set(finite.values())) < 2:
                continue  # one cell, or all are equal: none is the best
            best = (max if column.higher else min)(finite, key=lambda label: finite[label])
            others = [label for label in finite if label != best]
            samples = [
                decisions.sample(results, tables[column.name], by_label[label], by_label[best])
                for label in others
            ]
            unpaired |= any(sample.fallback for sample in samples)
            family = decisions.decide(samples, column.outcome, results.study.file.comparisons)
            for label, comparison in zip(others, family, strict=True):
                mark = _MARKS_OF.get(comparison.verdict, SAME)
                marks[label, column.name] = mark
            for label in (label for label in finite if finite[label] == finite[best]):
                marks[label, column.name] = BEST
    return marks, unpaired
