"""The expected best of n samples, estimated from the samples that were measured.

Dodge, Gururangan, Card, Schwartz and Smith (2019), "Show Your Work: Improved Reporting of
Experimental Results", section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class BestOf(NamedTuple):
    """The best measure of n samples.

    Attributes:
        mean: Expected best measure.
        low: Lower end of the interval that it lies in with the given probability.
        high: Upper end.
    """

    mean: float
    low: float
    high: float


def expected_best(values: Sequence[float], n: int, level: float = 0.95) -> BestOf:
    """Return the expected best of n samples drawn from the empirical distribution.

    With v_1 <= ... <= v_N the best of n is at most v_i with probability (i / N)^n.

    Args:
        values: The measures of N samples, higher is better; minus infinity for one that diverged
            counts as the worst finite one.
        n: How many are drawn, 1 or more.
        level: Probability of the interval.

    Raises:
        ValueError: If no value is finite.
    """
    given = np.asarray(values, dtype=float)
    finite = given[np.isfinite(given)]
    if not finite.size:
        raise ValueError("no value is finite")
    ordered = np.sort(np.where(np.isfinite(given), given, finite.min()))
    reached = (np.arange(1, ordered.size + 1) / ordered.size) ** n
    mean = float(np.sum(ordered * np.diff(reached, prepend=0.0)))
    ends = [(1 - level) / 2, (1 + level) / 2]
    low, high = (ordered[np.searchsorted(reached, end - 1e-12)] for end in ends)
    return BestOf(mean, float(low), float(high))
