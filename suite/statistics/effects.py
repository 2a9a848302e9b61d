"""How large a difference is compared with the spread between seeds."""

from __future__ import annotations

from math import nan

import numpy as np

from suite.statistics.samples import ROUNDING, Sample


def hedges_g(sample: Sample) -> float:
    """Return Hedges' g of a over b; positive where a is larger.

    The difference of means over the root mean square of the two standard deviations, times the
    small-sample correction 1 - 3 / (4 (n_a + n_b) - 9). For pairs this is g_av, which leaves the
    correlation out, so that paired and independent comparisons, here and in other papers, can be
    read on one scale (g_z would grow with the correlation that shared seeds bring). For
    independent samples it is the usual pooled g.

    Returns:
        g, or NaN where there are fewer than two values a side or neither varies.

    Source: Hedges (1981) for the correction; Cumming (2012), chapter 11, for the denominator.
    """
    a, b = sample.a, sample.b
    if sample.n < 2:
        return nan
    freedom = a.size + b.size - 2
    variance = ((a.size - 1) * a.var(ddof=1) + (b.size - 1) * b.var(ddof=1)) / freedom
    if variance <= (ROUNDING * np.abs(np.concatenate([a, b])).max()) ** 2:
        return nan
    return float((a.mean() - b.mean()) / variance**0.5 * (1 - 3 / (4 * (a.size + b.size) - 9)))


def seed_correlation(sample: Sample) -> float:
    """Return Pearson's correlation of the pairs, from which pairing gains its power.

    Returns:
        In [-1, 1]; NaN for unpaired samples, fewer than three pairs, or a constant column.
    """
    if not sample.paired or sample.n < 3:
        return nan
    a, b = sample.a - sample.a.mean(), sample.b - sample.b.mean()
    smallest = ROUNDING * float(np.abs(np.concatenate([sample.a, sample.b])).max())
    most_a, most_b = float(np.abs(a).max()), float(np.abs(b).max())
    if min(most_a, most_b) <= smallest:
        return nan
    a, b = a / most_a, b / most_b
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1, 1))
