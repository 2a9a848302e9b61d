"""Sets of positions as sorted arrays: draw from outside one, look one up in another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def draw_outside(
    taken: NDArray[np.int64], size: int, count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw positions that are not taken, uniformly and without replacement.

    Ranks among the free positions are drawn, and each is mapped to its position by a search: time
    and memory grow with `taken` and `count`, not with `size`.

    Args:
        taken: int64 (n,), positions that cannot be drawn, ascending and distinct.
        size: How many positions there are; all lie in [0, size).
        count: How many to draw, at most size - n.
        rng: Source of the draw.

    Returns:
        int64 (count,), ascending.
    """
    ranks = np.sort(rng.choice(size - taken.size, count, replace=False, shuffle=False))
    free_before = taken - np.arange(taken.size)
    return ranks + np.searchsorted(free_before, ranks, side="right")


def find_sorted(within: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the index into `within` of every wanted position that it has.

    Args:
        within: int64 (n,), ascending and distinct.
        wanted: int64 (m,), ascending and distinct.
    """
    if within.size < wanted.size:  # the shorter one is looked up in the longer
        at = np.searchsorted(wanted, within)
        inside = at < wanted.size
        inside[inside] = wanted[at[inside]] == within[inside]
        return np.flatnonzero(inside)
    at = np.searchsorted(within, wanted)
    inside = at < within.size
    at, wanted = at[inside], wanted[inside]
    return at[within[at] == wanted]
