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
    from suite.decisions.columns import Lines
    from suite.statistics import Ranking, SeedsUntilDecided
    from suite.study import Comparisons

WIDTH = 100
"""Sentences end at this column, and a table of the usual figures too."""
NAMES_WIDTH = 46
"""Of what is compared: longer names go on on the next line."""


def decided_table(
    rows: Sequence[Compared | Statement], columns: Sequence[Lines], declared: Comparisons
) -> Table:
    """Return rows of two lines, figures flush right; only the first column may be broken."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for first, second in columns:
        table.add_column(
            f"{first.heading(declared)}\n{second.heading(declared) if second else ''}",
            justify="left" if first.kind == "words" else "right",
            no_wrap=bool(table.columns),
            overflow="fold",
            max_width=None if table.columns else NAMES_WIDTH,
        )
    for row in rows:
        lines = (
            first.text(row) + (f"\n{second.text(row)}" if second else "")
            for first, second in columns
        )
        table.add_row(*map(Text, lines))
    return table


def comparison_heading(compared: Sequence[Compared]) -> str:
    """Return what is compared, and by which epochs."""
    first = compared[0]
    return f"Comparisons in {first.outcome.replace('_', ' ')} ({first.measure})"


def comparison_lines(
    compared: Sequence[Compared], columns: Sequence[Lines], declared: Comparisons
) -> Iterator[str]:
    """Yield what the columns mean, and why each verdict is what it is."""
    from suite.decisions.columns import legend

    yield from _wrapped(legend(columns, declared))
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
    for row in claimed:
        source = f" ({row.claim.source})" if row.claim.source else ""
        yield ""
        yield from _wrapped(f"{row.place}. {row.claim.sentence}{source}", rest="   ")
        yield from _wrapped(f"{row.found.verdict.upper()}: {row.found.reason}", "   ")


def statement_lines(
    claimed: Sequence[Claimed], columns: Sequence[Lines], declared: Comparisons
) -> Iterator[str]:
    """Yield what the columns mean, and how the statements make up a claim's verdict."""
    from suite.decisions import SEVERAL_STATEMENTS
    from suite.decisions.columns import legend

    yield from _wrapped(legend(columns, declared))
    if any(len(row.statements) > 1 for row in claimed):
        yield from _wrapped(SEVERAL_STATEMENTS)


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
    """Yield how often each cell was better, neither and worse in several comparisons."""
    yield ""
    yield "better  neither  worse"
    for cell, row in tally.iterrows():
        yield f"{row['wins']:6}  {row['ties']:7}  {row['losses']:5}  {cell}"


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
        yield from _until(row.until)
        if need.margin is not None:
            enough = _seeds(need.seeds_equivalence)
            yield f"  to show equivalence within {need.margin:g}: {enough} seeds"
            yield from _until(row.until_equivalent)
        yield f"  the {row.declared} declared seeds detect {_size(row.detectable)}"


def _until(need: SeedsUntilDecided | None) -> Iterator[str]:
    """Yield how many seeds it takes where one may stop as soon as it is decided."""
    if need is not None:
        expected = "too many" if need.expected is None else f"{need.expected:g}"
        yield (
            f"    looking after every seed (inference: anytime): {expected} seeds expected, "
            f"{_seeds(need.seeds)} with that power"
        )


def table_lines(table: Table) -> Iterator[str]:
    """Yield a table's rows as one line a figure, with its heading."""
    for row in zip(*(column.cells for column in table.columns), strict=True):
        for column, cell in zip(table.columns, row, strict=True):
            headings, values = (str(part).split("\n") for part in (column.header, cell))
            for heading, value in zip_longest(headings, values, fillvalue=""):
                if value.strip():
                    yield f"{heading.strip()}: {value.strip()}"
        yield ""


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
