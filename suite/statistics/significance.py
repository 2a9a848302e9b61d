"""The exact paired test, and the p-values of a family.

The t tests are in `contrast`, where their intervals are.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np
from numpy.typing import ArrayLike

EXACT_UP_TO = 20
"""Pairs up to which all 2^n sign flips are counted."""
DRAWS = 99_999
"""Sign flips drawn where they are too many to count."""
DRAWS_SEED = 20_220_708
"""The draws are always the same, so a p-value does not change from one report to the next."""
ROUNDING = 1e-10
"""Sums that agree to this share of the largest possible sum are ties."""


def sign_flip(differences: ArrayLike) -> float:
    """Return the two-sided p of the sign-flip permutation test of paired differences.

    If the two cells of a pair are exchangeable, each sign is as likely as its opposite. The p is
    the share of the 2^n sign patterns whose sum is at least as far from zero as the one seen;
    exact for n <= `EXACT_UP_TO`, else from `DRAWS` drawn patterns (the pattern seen among them).

    Args:
        differences: float (n,).

    Returns:
        p in [2/2^n, 1] for differences that are not zero; NaN for n = 0.

    Source: Fisher (1935), The Design of Experiments, section 21; Phipson and Smyth (2010) for
    the drawn patterns.
    """
    x = np.asarray(differences, dtype=np.float64)
    if x.size == 0:
        return nan
    seen = abs(float(x.sum())) - ROUNDING * float(np.abs(x).sum())
    if x.size <= EXACT_UP_TO:
        # Of each pattern and its opposite only one is counted: the first sign stays.
        sums = x[:1]
        for value in x[1:]:
            sums = np.concatenate([sums + value, sums - value])
        return float(np.mean(np.abs(sums) >= seen))
    generator = np.random.default_rng(DRAWS_SEED)
    as_far = 1
    for start in range(0, DRAWS, 10_000):
        size = (min(10_000, DRAWS - start), x.size)
        signs = generator.integers(0, 2, size=size, dtype=np.int8) * 2.0 - 1.0
        as_far += int(np.count_nonzero(np.abs(signs @ x) >= seen))
    return as_far / (DRAWS + 1)


def adjust(p_values: Sequence[float], correction: str = "holm") -> list[float]:
    """Return p-values adjusted over their family.

    A comparison without a p-value (NaN: not enough seeds yet) is still a declared member: it
    counts as 1, so that the family does not shrink with missing runs.

    Args:
        p_values: In [0, 1] or NaN, (m,).
        correction: `holm`, or `none`.

    Returns:
        Adjusted p-values in the same order; NaN stays NaN.

    Source: Holm (1979).
    """
    p = np.asarray(p_values, dtype=np.float64)
    if correction == "none" or np.isnan(p).all():
        return p.tolist()
    # Not statsmodels' multipletests: it collects garbage in every call, which takes tens of
    # milliseconds where a report's tables are in memory.
    order = np.argsort(p)  # NaN last, as 1 would be
    steps = np.nan_to_num(p[order], nan=1.0) * np.arange(p.size, 0, -1)
    adjusted = np.full(p.size, nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return np.where(np.isnan(p), nan, adjusted).tolist()
