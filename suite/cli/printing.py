"""Comparisons, claims, ranks and plans, as tables and lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from math import isfinite
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from suite.decisions import Claimed, Compared, Planned, Statement
    from suite.statistics import Ranking
    from suite.study import Comparisons

WIDTH = 100
"""Sentences end at this column, and a table of the usual figures too."""
NAMES_WIDTH = 46
"""Of what is compared: longer names go on on the next line."""


def comparison_table(compared: Sequence[Compared], declared: Comparisons) -> Table:
    """Return one row of two lines a comparison: the cell's figures, and below them the other's."""
    from rich.text import Text

    with_margin = declared.equivalence_margin is not None
    table = _table(
        ("Cell\n  against", False),
        ("Means\n", True),
        ("n\nr", True),
        (f"Difference\n{_level(declared)} interval", True),
        ("g\ndetects", True),
        ("p\nHolm p", True),
        ("exact p\nTOST p" if with_margin else "exact p\n", True),
        ("Verdict\n", False),
    )
    for row in compared:
        found = row.found
        figures = (
            f"{row.cell.label}\n  {row.against.label}",
            f"{_amount(row.outcome, found.mean_a)}\n{_amount(row.outcome, found.mean_b)}",
            f"{found.n}\n{_short(found.correlation)}",
            _with_interval(row.outcome, found.difference, found.low, found.high),
            f"{_short(found.hedges_g)}\n{_amount(row.outcome, found.detectable)}",
            f"{_p(found.p_t)}\n{_p(found.p_adjusted)}",
            f"{_p(found.p_exact)}\n{_p(found.p_equivalence_adjusted) if with_margin else ''}",
            found.verdict,
        )
        table.add_row(*map(Text, figures))
    return table


def comparison_heading(compared: Sequence[Compared]) -> str:
    """Return what is compared, and by which epochs."""
    first = compared[0]
    return f"Comparisons in {first.outcome.replace('_', ' ')} ({first.measure})"


def comparison_lines(compared: Sequence[Compared], declared: Comparisons) -> Iterator[str]:
    """Yield what the columns mean, and why each verdict is what it is."""
    tost = ""
    if (margin := declared.equivalence_margin) is not None:
        tost = f"; TOST p: that the difference is within ±{margin:g}, corrected likewise"
    yield from _wrapped(
        "Difference: the first mean less the second, the interval uncorrected; r: correlation over "
        "seeds; g: Hedges'; detects: smallest true difference found with 80 % power; p: t test; "
        f"Holm p: corrected over the family; exact p: sign-flip test{tost}."
    )
    reasons: dict[str, list[str]] = {}
    for row in compared:
        note = f" Note: {row.found.note}." if row.found.note else ""
        of_all = reasons.setdefault(f"{row.found.reason}{note}", [])
        of_all.append(f"{row.cell.label} against {row.against.label}")
    for reason, names in reasons.items():
        yield ""
        yield from names
        yield from _wrapped(reason, "  ")


def claim_lines(claimed: Sequence[Claimed]) -> Iterator[str]:
    """Yield each claim's verdict, and why."""
    yield f"Claims ({claimed[0].measure})"
    for place, row in enumerate(claimed, start=1):
        source = f" ({row.claim.source})" if row.claim.source else ""
        yield ""
        yield from _wrapped(f"{place}. {row.claim.sentence}{source}", rest="   ")
        yield from _wrapped(f"{row.found.verdict.upper()}: {row.found.reason}", "   ")


def statement_table(claimed: Sequence[Claimed], declared: Comparisons) -> Table:
    """Return one row a statement of a claim, with the claim's number."""
    from rich.text import Text

    table = _table(
        ("Statement\n", False),
        ("n\n", True),
        (f"Difference\n{_level(declared)} interval", True),
        ("Paper\n", True),
        ("p\n", True),
    )
    for place, row in enumerate(claimed, start=1):
        for statement in row.statements:
            found = statement.found
            figures = (
                f"{place}. {statement.sentence}",
                str(found.n),
                _with_interval(_kind(statement), found.estimate, found.low, found.high),
                _amount(_kind(statement), statement.paper, signed=True),
                _p(found.p_for),
            )
            table.add_row(*map(Text, figures))
    return table


def statement_lines(claimed: Sequence[Claimed]) -> Iterator[str]:
    """Yield how the statements make up a claim's verdict."""
    from suite.decisions import SEVERAL_STATEMENTS

    few = all(len(row.statements) == 1 for row in claimed)
    several = "" if few else f"{SEVERAL_STATEMENTS} "
    yield from _wrapped(
        f"{several}p: of the statement, before Holm's correction over the {len(claimed)} claims."
    )


def ranking_lines(ranking: Ranking) -> Iterator[str]:
    """Yield the cells' mean ranks, where a study has several data sets or settings as blocks."""
    if ranking.blocks < 2:
        return
    yield ""
    yield f"Mean ranks over {ranking.blocks} blocks, 1 is best: {ranking.reason}"
    for cell, rank in ranking.ranks.items():
        yield f"  {rank:5.2f}  {cell}"
    for group in ranking.groups:
        yield f"  not shown to differ (Nemenyi): {', '.join(group)}"


def tally_lines(tally: pd.DataFrame) -> Iterator[str]:
    """Yield how often each cell won, tied and lost over several comparisons."""
    yield ""
    yield "wins  ties  losses"
    for cell, row in tally.iterrows():
        yield f"{row['wins']:4}  {row['ties']:4}  {row['losses']:6}  {cell}"


def power_lines(planned: Sequence[Planned]) -> Iterator[str]:
    """Yield how many seeds each comparison needs, and for what."""
    for row in planned:
        yield f"{row.cell.label} against {row.against.label}, {row.outcome}:"
        if row.need is None:
            yield f"  {row.reason}"
            continue
        need = row.need
        seeds = _seeds(need.seeds)
        if need.seeds_low is not None or need.seeds_high is not None:
            seeds += f" (between {_seeds(need.seeds_low)} and {_seeds(need.seeds_high)})"
        source = f"from {row.runs} seeds" if row.runs else "as given"
        yield (
            f"  to detect {need.difference:.4g} ({row.basis}) with power {need.power:g} at level "
            f"{need.level:.4g}: {seeds} seeds; sd {need.sd:.4g} {source}"
        )
        if need.seeds_equivalence is not None:
            yield f"  to show equivalence within {need.margin:g}: {need.seeds_equivalence} seeds"
        yield f"  the {row.declared} declared seeds detect {_size(row.detectable)}"


def _table(*columns: tuple[str, bool]) -> Table:
    """Return a table without lines, figures flush right; only its first column may be broken."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title, figures in columns:
        table.add_column(
            title,
            justify="right" if figures else "left",
            no_wrap=bool(table.columns),
            overflow="fold",
            max_width=None if table.columns else NAMES_WIDTH,
        )
    return table


def table_lines(table: Table) -> Iterator[str]:
    """Yield a table's rows as one line a figure, with its heading."""
    for row in zip(*(column.cells for column in table.columns), strict=True):
        for column, cell in zip(table.columns, row, strict=True):
            headings, values = (str(part).split("\n") for part in (column.header, cell))
            for heading, value in zip_longest(headings, values, fillvalue=""):
                if value.strip():
                    yield f"{heading.strip()}: {value.strip()}"
        yield ""


def _kind(statement: Statement) -> str:
    return "share" if statement.direction == "saves" else statement.outcome


def _with_interval(outcome: str, value: float, low: float, high: float) -> str:
    """Write an amount and, on a second line, its interval in the same unit."""
    first = _amount(outcome, value, signed=True)
    if not isfinite(low):
        return f"{first}\n"
    ends = [_amount(outcome, end, signed=True, beside=value) for end in (low, high)]
    return f"{first}\n{' to '.join(ends)}"


def _amount(
    outcome: str, value: float | None, *, signed: bool = False, beside: float | None = None
) -> str:
    """Write a value of an outcome as reports do; a dash where there is none.

    Args:
        outcome: What it is a value of; `share` for a share saved.
        value: The value.
        signed: Whether it is a difference.
        beside: The value whose unit it is written in, without naming that again.
    """
    from suite.reporting.numbers import MISSING, format_for, percent, superscript

    if value is None or not isfinite(value):
        return MISSING
    if outcome == "share":
        return percent(value)
    form = format_for(outcome.rpartition("_")[2], [value if beside is None else beside])
    text = form.signed(value) if signed else form.text(value)
    named = form.exponent and beside is None
    return f"{text} × 10{superscript(form.exponent)}" if named else text


def _level(declared: Comparisons) -> str:
    return f"{100 * (1 - declared.alpha):g} %"


def _wrapped(text: str, start: str = "", rest: str | None = None) -> Iterable[str]:
    return wrap(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=start if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _seeds(seeds: int | None) -> str:
    return "too many" if seeds is None else str(seeds)


def _size(detectable: float) -> str:
    return f"{detectable:.4g}" if isfinite(detectable) else "nothing (too few seeds)"


def _short(value: float) -> str:
    from suite.reporting.numbers import Format

    return Format(2).text(value)


def _p(p: float) -> str:
    from suite.reporting.numbers import MISSING

    if not isfinite(p):
        return MISSING
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"
