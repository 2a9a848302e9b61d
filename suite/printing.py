"""Comparisons, claims, ranks and plans as lines of plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from suite.hypotheses import Claimed, Compared, Planned
    from suite.statistics import Ranking


def comparison_lines(compared: Sequence[Compared]) -> Iterator[str]:
    """Yield what is known of each comparison: the verdict, the figures, the reason."""
    if not compared:
        return
    first = compared[0]
    yield f"Comparisons in {first.outcome} ({first.measure}):"
    for row in compared:
        found = row.found
        yield ""
        yield f"{row.cell.label} against {row.against.label}: {found.verdict}"
        yield f"  {found.reason}"
        yield (
            f"  n {found.n} ({found.design}), means {found.mean_a:.5g} and {found.mean_b:.5g}, "
            f"difference {found.difference:+.4g} [{found.low:+.4g}, {found.high:+.4g}]"
        )
        yield (
            f"  Hedges' g {found.hedges_g:+.2f}, seed correlation {found.correlation:.2f}, "
            f"detectable at 80 % power {_size(found.detectable)}"
        )
        yield (
            f"  p: t {_p(found.p_t)}, Holm {_p(found.p_adjusted)}, exact {_p(found.p_exact)}, "
            f"equivalence {_p(found.p_equivalence)}"
        )
        if found.note:
            yield f"  note: {found.note}"


def claim_lines(claimed: Sequence[Claimed]) -> Iterator[str]:
    """Yield each claim's verdict and what each of its statements rests on."""
    for row in claimed:
        yield ""
        yield f"Claim: {row.claim.sentence} {row.found.verdict.upper()}"
        yield f"  {row.found.reason}"
        for statement in row.statements:
            found = statement.found
            yield (
                f"  - {statement.sentence}: {found.estimate:+.4g} "
                f"[{found.low:+.4g}, {found.high:+.4g}], n {found.n}, p {_p(found.p_for)}"
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
        yield (
            f"  to detect {need.difference:.4g} ({row.basis}) with power {need.power:g} at level "
            f"{need.level:.4g}: {seeds} seeds; sd {need.sd:.4g} from {row.runs} runs"
        )
        if need.seeds_equivalence is not None:
            yield f"  to show equivalence within {need.margin:g}: {need.seeds_equivalence} seeds"
        yield f"  the {row.declared} declared seeds detect {_size(row.detectable)}"


def _seeds(seeds: int | None) -> str:
    return "too many" if seeds is None else str(seeds)


def _size(detectable: float) -> str:
    return f"{detectable:.4g}" if isfinite(detectable) else "nothing (too few seeds)"


def _p(p: float) -> str:
    if p != p:
        return "-"
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"
