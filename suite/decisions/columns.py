"""The columns of comparisons and claims: one table for terminal, page, CSV and JSON.

`COMPARISON`, `CLAIM` and `STATEMENT` list what is recorded: CSV files and JSON documents have these
columns in this order (`record`). `COMPARISON_TABLE` and its like say which of them readers see, two
to a column, one below the other (`shown`): terminal and page render the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from suite.measures import MEASURES, MISSING, Format, percent, plain, superscript
from suite.study.file import Comparisons

if TYPE_CHECKING:
    from suite.statistics.samples import Inference

Kind = Literal["words", "count", "amount", "difference", "interval", "ratio", "p", "e"]


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: In CSV and JSON.
        explained: What it is, in a legend; empty where the title says it.
        title: In tables for readers; by default the name.
        kind: How its values are written.
        inference: The inference that has it; None for both.
        with_margin: Whether it exists only where an equivalence margin is declared.
        recorded: Whether CSV and JSON have it.
        read: Returns its value of a row; by default the finding's attribute of its name.
    """

    name: str
    explained: str = ""
    title: str = ""
    kind: Kind = "words"
    inference: Inference | None = None
    with_margin: bool = False
    recorded: bool = True
    read: Callable[[Any], Any] | None = None

    def of(self, row: Any) -> Any:
        """Return its value of a decided row."""
        return self.read(row) if self.read else getattr(row.found, self.name)

    def text(self, row: Any) -> str:
        """Return its value as readers see it; a dash where there is none."""
        return _written(self.kind, self.of(row), getattr(row, "unit", ""))

    def sort(self, row: Any) -> float | str | None:
        """Return what a table is sorted by: a number, or small letters; None sorts last."""
        if self.kind == "words":
            return self.text(row).casefold()
        value = self.of(row)
        value = value[0] if isinstance(value, tuple) else value
        return value if value is not None and isfinite(value) else None

    def heading(self, declared: Comparisons) -> str:
        """Return its title, with the declared level where it has one."""
        return (self.title or self.name).format(level=level(declared))

    def explain(self, declared: Comparisons) -> str:
        """Return title and explanation, e.g. "g: Hedges' g"; empty where there is none."""
        if not self.explained:
            return ""
        said = self.explained.format(margin=declared.equivalence_margin)
        return f"{self.heading(declared)}: {said}"


Lines = tuple[Column, Column | None]
"""A column of a table for readers: what stands in the first line, and what below it."""


def level(declared: Comparisons) -> str:
    """Return the level of intervals, e.g. 95 %, with a no-break space."""
    return f"{100 * (1 - declared.alpha):g}\u00a0%"


def record(row: Any, columns: Iterable[Column]) -> dict[str, Any]:
    """Return a decided row as CSV and JSON have it; None where there is no value."""
    inference = getattr(row, "inference", None)
    return {
        column.name: plain(column.of(row))
        for column in columns
        if column.recorded and column.inference in (None, inference)
    }


def shown(
    layout: Sequence[tuple[str, ...]], columns: Iterable[Column], declared: Comparisons
) -> list[Lines]:
    """Return the columns of a layout that a study's table has.

    Args:
        layout: Names of columns; of each entry a study's table has one or two.
        columns: Where they are found.
        declared: Leaves out those of another inference, and of a margin where none is declared.
    """
    here = {
        column.name: column
        for column in columns
        if column.inference in (None, declared.inference)
        and not (column.with_margin and declared.equivalence_margin is None)
    }
    pairs = [[here[name] for name in names if name in here] for names in layout]
    return [(pair[0], pair[1] if len(pair) > 1 else None) for pair in pairs if pair]


def column(columns: Iterable[Column], name: str) -> Column:
    """Return the column of a name."""
    return next(column for column in columns if column.name == name)


def legend(table: Iterable[Lines], declared: Comparisons) -> str:
    """Return one sentence that explains the columns of a table."""
    parts = [column.explain(declared) for pair in table for column in pair if column is not None]
    return f"{'; '.join(filter(None, parts))}."


def _interval_of(estimate: str, inference: Inference, explained: str) -> Column:
    """Return the column of an estimate's interval; it is shown, and its ends are recorded."""

    def ends(row: Any) -> tuple[float, float, float]:
        return row.found.low, row.found.high, getattr(row.found, estimate)

    return Column(
        "interval", explained, "{level} interval", "interval", inference, recorded=False, read=ends
    )


def _seeds(row: Any) -> str:
    """Return the seeds that a finding rests on, e.g. 2022-2031, 2033."""
    from suite.statistics.wording import ranges

    return ranges(row.found.seeds)


_T_INTERVAL = "its t interval, uncorrected"
_SEQUENCE = "its confidence sequence, which holds after every seed, uncorrected"

COMPARISON = (
    Column("cell", title="Cell", read=lambda row: row.cell.label),
    Column("against", title="compared with", read=lambda row: row.against.label),
    Column("outcome", "what is compared", read=lambda row: row.outcome),
    Column("measure", "which epochs were read", read=lambda row: row.measure),
    Column("verdict", title="Verdict"),
    Column("reason", "why the verdict is what it is"),
    Column("inference", "fixed: seeds set beforehand; anytime: valid after every seed"),
    Column("design", "paired, or independent where too few seeds are shared"),
    Column("n", title="n", kind="count"),
    Column("n_a", "runs of the cell", kind="count"),
    Column("n_b", "runs of the cell that it is compared with", kind="count"),
    Column("dropped", "declared seeds without a value", kind="count"),
    Column("seeds", "those compared", read=_seeds),
    Column("mean_a", title="Mean", kind="amount"),
    Column("mean_b", "mean of the cell compared with", title="other", kind="amount"),
    Column("difference", "the first mean minus the second", title="Difference", kind="difference"),
    _interval_of("difference", "fixed", _T_INTERVAL),
    _interval_of("difference", "anytime", _SEQUENCE),
    Column("low", "lower end of the interval", kind="difference"),
    Column("high", "upper end of the interval", kind="difference"),
    Column("hedges_g", "Hedges' g", title="g", kind="ratio"),
    Column("correlation", "correlation over seeds", title="r", kind="ratio"),
    Column("wins", "pairs in which the cell is better", kind="count"),
    Column("ties", "pairs of equal values", kind="count"),
    Column("losses", "pairs in which it is worse", kind="count"),
    Column("e", "largest e-value so far", title="e", kind="e", inference="anytime"),
    Column("p", "1 over e", kind="p", inference="anytime"),
    Column("p_t", "of the t test", title="p", kind="p", inference="fixed"),
    Column("p_exact", "sign-flip test", title="exact p", kind="p", inference="fixed"),
    Column("p_exact_adjusted", "the same corrected over the family", kind="p", inference="fixed"),
    Column("p_adjusted", "corrected over the family", title="Holm p", kind="p"),
    Column("margin", "differences up to this do not matter", kind="amount"),
    Column("p_equivalence", "of equivalence, uncorrected", kind="p"),
    Column(
        "p_equivalence_adjusted",
        "that the difference is within ±{margin:g}, corrected likewise",
        title="TOST p",
        kind="p",
        with_margin=True,
    ),
    Column(
        "detectable",
        "smallest true difference found with 80 % power",
        title="detects",
        kind="amount",
        inference="fixed",
    ),
    Column("floor", "smallest p that these seeds can give", kind="p"),
    Column("needed", "p that must be within reach", kind="p"),
    Column("seeds_needed", "seeds with which the verdict becomes attainable", kind="count"),
    Column("note", "what else a reader must know"),
)
COMPARISON_TABLE = (
    ("cell", "against"),
    ("verdict", "seeds"),
    ("mean_a", "mean_b"),
    ("n", "correlation"),
    ("difference", "interval"),
    ("hedges_g", "detectable"),
    ("e",),
    ("p_adjusted", "p_t", "p"),
    ("p_exact", "p_equivalence_adjusted"),
)

CLAIM = (
    Column("claim", read=lambda row: row.claim.sentence),
    Column(
        "numbered",
        title="Claim",
        recorded=False,
        read=lambda row: f"{row.place}. {row.claim.sentence}",
    ),
    Column("source", read=lambda row: row.claim.source),
    Column("measure", "which epochs were read", read=lambda row: row.measure),
    Column("inference", "fixed: seeds set beforehand; anytime: valid after every seed"),
    Column("verdict", title="Verdict"),
    Column("reason", title="Why"),
    Column("p_for", "largest p of its statements", kind="p"),
    Column("p_against", "p of the opposite of some statement", kind="p"),
    Column("p_adjusted", "the smaller of the two, corrected over the claims", kind="p"),
    Column(
        "p",
        "of the claim or, if smaller, of its opposite; corrected over the claims",
        kind="p",
        recorded=False,
        read=lambda row: None if row.found.verdict == "unattainable" else row.found.p_adjusted,
    ),
    Column("needed", "p that must be within reach", kind="p"),
    Column("seeds_needed", "most seeds that a statement needs", kind="count"),
)
CLAIM_TABLE = (("numbered", "source"), ("verdict",), ("p",), ("reason",))

STATEMENT = (
    Column("statement", read=lambda row: row.sentence),
    Column(
        "numbered",
        title="Statement",
        recorded=False,
        read=lambda row: f"{row.place}. {row.sentence}",
    ),
    Column("cell", read=lambda row: row.cell.label),
    Column("against", read=lambda row: row.against.label),
    Column("outcome", read=lambda row: row.outcome),
    Column("direction", read=lambda row: row.direction),
    Column("margin", "what still counts as the same", kind="amount", read=lambda row: row.margin),
    Column(
        "paper",
        "the paper's value, where it has one",
        title="Paper",
        kind="difference",
        read=lambda row: row.paper,
    ),
    Column("estimate", "the mean difference or share saved", title="Difference", kind="difference"),
    _interval_of("estimate", "fixed", _T_INTERVAL),
    _interval_of("estimate", "anytime", _SEQUENCE),
    Column("low", "lower end of the interval", kind="difference"),
    Column("high", "upper end of the interval", kind="difference"),
    Column("n", title="n", kind="count"),
    Column("dropped", "declared seeds without a value", kind="count"),
    Column("seeds", "those compared", read=_seeds),
    Column("p_for", "of the statement, uncorrected", title="p", kind="p"),
    Column("p_against", "p of its opposite", kind="p"),
    Column("agrees", "whether the estimate agrees with the statement"),
    Column("seeds_needed", "seeds that it needs to be decided", kind="count"),
    Column("reason", "what was found"),
)
STATEMENT_TABLE = (
    ("numbered",),
    ("n", "seeds"),
    ("estimate", "interval"),
    ("paper",),
    ("p_for",),
)


def _written(kind: Kind, value: Any, unit: str) -> str:
    if kind == "words":
        return "" if value is None else str(value)
    if kind == "interval":
        low, high, difference = value
        return _interval(low, high, difference, unit)
    if value is None or not isfinite(value):
        return MISSING
    if kind == "count":
        return f"{value:,}"
    if kind == "ratio":
        return Format(2).text(value)
    if kind == "e":
        return f"{value:,.1f}" if value < 1e4 else f"{value:.1e}"
    if kind == "p":
        return "< 0.0001" if value < 0.0001 else f"{value:.4f}"
    return _in_unit(unit, value, value, signed=kind == "difference")


def _interval(low: float, high: float, difference: float, unit: str) -> str:
    """Write both ends in the unit of the difference, without naming that again."""
    if not isfinite(low):
        return MISSING
    ends = (_in_unit(unit, end, difference, signed=True, named=False) for end in (low, high))
    return " to ".join(ends)


def _in_unit(unit: str, value: float, beside: float, *, signed: bool, named: bool = True) -> str:
    """Write a value of an outcome, or a share of one, as precisely as the value next to it."""
    if unit == "share":
        return percent(value)
    form = MEASURES[unit].format([beside])
    text = form.signed(value) if signed else form.text(value)
    return f"{text} × 10{superscript(form.exponent)}" if form.exponent and named else text
