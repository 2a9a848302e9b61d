"""Cells over several blocks (data sets, say): ranks, Friedman's and Nemenyi's tests, and tallies.

A block is a setting in which every cell has one value, its mean over seeds. Seeds are not blocks:
they repeat one measurement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf, nan

import numpy as np
import pandas as pd

FEWEST_BLOCKS = 5
"""Below this no ranking is tested."""
FEWEST_CELLS = 3
"""Two cells are a comparison of one pair, not a ranking."""
MANY_BLOCKS = 10
"""Up to this many blocks the chi-square approximation is rough (Demšar 2006)."""

ROUNDING_DIGITS = 12
"""Values that agree to so many digits of the block's largest are tied."""


@dataclass(frozen=True)
class Ranking:
    """Cells ranked over blocks, as a critical-difference diagram shows them.

    Attributes:
        ranks: Mean rank of each cell, 1 best, best first.
        blocks: Complete blocks that it rests on.
        p: Friedman's p that all cells are alike; NaN where nothing is tested.
        critical_difference: Mean ranks closer than this do not differ (Nemenyi); NaN likewise.
        p_values: Nemenyi's p of each pair of cells, adjusted for all pairs, and 1 where Friedman's
            test finds no difference; empty likewise.
        groups: Largest sets of cells, in rank order, that do not differ; empty likewise.
        alpha: The level.
        reason: One sentence: what was found, or why nothing is tested.
    """

    ranks: pd.Series
    blocks: int
    p: float
    critical_difference: float
    p_values: pd.DataFrame
    groups: list[tuple[str, ...]]
    alpha: float
    reason: str


def rank(
    table: pd.DataFrame,
    *,
    higher_is_better: bool = True,
    alpha: float = 0.05,
    independent: bool = True,
) -> Ranking:
    """Rank cells over blocks, and test the ranks where there are enough blocks.

    Args:
        table: Value of each cell (columns) in each block (rows); incomplete blocks are left out.
        higher_is_better: The direction of the outcome.
        alpha: Level.
        independent: Whether no two blocks share data or seeds; if some do, their ranks repeat one
            another, and nothing is tested.

    Returns:
        The ranking; untested below `FEWEST_BLOCKS` blocks or `FEWEST_CELLS` cells.

    Source: Demšar (2006).
    """
    complete = table.replace([np.inf, -np.inf], np.nan).dropna()
    blocks, cells = complete.shape
    largest = complete.abs().max(axis=1).where(lambda size: size > 0, 1.0)
    complete = complete.div(largest, axis=0).round(ROUNDING_DIGITS)  # 0.1 + 0.2 ties with 0.3
    by_block = complete.rank(axis=1, ascending=not higher_is_better)
    ranks = by_block.mean().sort_values(kind="stable").rename("rank")
    untested = Ranking(ranks, blocks, nan, nan, pd.DataFrame(), [], alpha, "")
    if cells < FEWEST_CELLS:
        return replace(
            untested, reason=f"{cells} cells are too few for a ranking; {FEWEST_CELLS} are needed."
        )
    if blocks < FEWEST_BLOCKS:
        few = f"{blocks} complete blocks are too few to test ranks; {FEWEST_BLOCKS} are needed."
        return replace(untested, reason=few)
    if not independent:
        shared = "Some blocks share a data set and its seeds, so that their ranks are not tested."
        return replace(untested, reason=shared)
    if (by_block.nunique(axis=1) == 1).all():
        alike = "All cells are equal in every block, so there is nothing to test."
        return replace(untested, reason=alike)

    from scikit_posthocs import posthoc_nemenyi_friedman
    from scipy.stats import friedmanchisquare

    p = float(friedmanchisquare(*complete.to_numpy().T).pvalue)
    reach = critical_difference(cells, blocks, alpha)
    ordered = complete[ranks.index]
    p_values = posthoc_nemenyi_friedman(ordered.to_numpy())
    p_values.index = p_values.columns = ranks.index
    rough = f"; with {blocks} blocks this is rough" if blocks <= MANY_BLOCKS else ""
    found = "the cells differ" if p <= alpha else "the cells are not shown to differ"
    reason = f"Over {blocks} blocks {found} (Friedman p = {p:.3g}{rough})."
    groups = _groups(ranks, reach)
    if p > alpha:  # Nemenyi's test tells cells apart only where Friedman's finds a difference
        p_values[:], groups = 1.0, [tuple(ranks.index)]
    return Ranking(ranks, blocks, p, reach, p_values, groups, alpha, reason)


def critical_difference(cells: int, blocks: int, alpha: float = 0.05) -> float:
    """Return Nemenyi's critical difference of mean ranks.

    Source: Demšar (2006), section 3.2.2.
    """
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - alpha, cells, inf)) / 2**0.5
    return q * (cells * (cells + 1) / (6 * blocks)) ** 0.5


def tally(verdicts: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """Count wins, ties and losses of each cell over comparisons.

    Args:
        verdicts: (first cell, second cell, verdict of the first against the second).

    Returns:
        One row a cell, in order of appearance, with columns wins, ties, losses; a verdict that
        is neither better nor worse is a tie.
    """
    counts: dict[str, dict[str, int]] = {}
    for first, second, verdict in verdicts:
        won = {"better": first, "worse": second}.get(verdict)
        for cell in (first, second):
            row = counts.setdefault(cell, {"wins": 0, "ties": 0, "losses": 0})
            row["ties" if won is None else "wins" if won == cell else "losses"] += 1
    return pd.DataFrame.from_dict(counts, orient="index", columns=["wins", "ties", "losses"])


def _groups(ranks: pd.Series, reach: float) -> list[tuple[str, ...]]:
    """Return the maximal runs of cells whose first and last ranks differ by less than `reach`."""
    groups: list[tuple[str, ...]] = []
    end = 0
    for start in range(len(ranks)):
        within = int((ranks.iloc[start:] - ranks.iloc[start] < reach).sum())
        if within > 1 and start + within > end:
            groups.append(tuple(ranks.index[start : start + within]))
        end = max(end, start + within)
    return groups
