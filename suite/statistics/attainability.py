"""Whether a number of seeds can show anything at all.

With n pairs an exact two-sided sign-flip test has 2^n equally likely outcomes and cannot give a p
below 2/2^n: 0.0625 for five seeds, whatever the data. Holm requires alpha / m over a family of m,
and less strict levels as others are decided first. If this smallest p, placed among the exact p of
the others, is still above the required level, only more seeds can help.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from math import comb, isnan

UP_TO_ROUNDING = 1 + 1e-12
"""alpha / m is not exact: a p that misses it by rounding only reaches it."""


def sign_flip_floor(pairs: int) -> float:
    """Return the smallest two-sided p of an exact sign-flip test over this many pairs."""
    return min(1.0, 2.0 ** (1 - pairs))  # 2**pairs does not fit in a float from 1,024 on


def permutation_floor(n_a: int, n_b: int) -> float:
    """Return the smallest two-sided p of an exact permutation test of n_a against n_b values."""
    return min(1.0, 2 / comb(n_a + n_b, n_a))


def needed_p(alpha: float, family: int, correction: str = "holm") -> float:
    """Return the p that one comparison of a family must reach: alpha / family at Holm's first step.

    Args:
        alpha: Family-wise error rate, in (0, 1).
        family: Comparisons declared, at least 1.
        correction: `holm`, or `none` for no correction.

    Raises:
        ValueError: If the correction is neither.
    """
    if correction not in ("holm", "none"):
        raise ValueError(f'a correction is "holm" or "none", not "{correction}"')
    return alpha / family if correction == "holm" else alpha


def needed_among(p_values: Sequence[float], alpha: float, correction: str = "holm") -> list[float]:
    """Return the p that each member of a family must reach, the others being as they are.

    Holm goes through the others from the smallest p on, as long as each passes its step: alpha / m,
    alpha / (m - 1), ... Where k have passed, a member is decided at alpha / (m - k).

    Args:
        p_values: What exact tests give each, (m,); NaN, not tested, counts as 1.
        alpha: Family-wise error rate, in (0, 1).
        correction: `holm`, or `none` for no correction.

    Returns:
        (m,), each from alpha / m to alpha.
    """
    family = len(p_values)
    p = [1.0 if isnan(value) else value for value in p_values]
    needed = []
    for place in range(family):
        others = sorted(p[:place] + p[place + 1 :])
        passed = 0
        while (
            passed < family - 1
            and others[passed] <= needed_p(alpha, family - passed) * UP_TO_ROUNDING
        ):
            passed += 1
        needed.append(needed_p(alpha, family - passed, correction))
    return needed


def held(p: float, floor: float) -> float:
    """Return a p, raised to the smallest that the exact test can give; NaN stays NaN."""
    return p if isnan(p) else max(p, floor)


def seeds_needed(p: float, paired: bool = True) -> int:
    """Return the fewest seeds (a cell) whose exact test can reach a two-sided p.

    Args:
        p: In (0, 1].
        paired: Sign-flip test of pairs, else permutation test of two samples of one size.
    """
    return next(
        n
        for n in count(1)
        if (sign_flip_floor(n) if paired else permutation_floor(n, n)) <= p * UP_TO_ROUNDING
    )
