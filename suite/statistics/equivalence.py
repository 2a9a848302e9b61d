"""Tests of equivalence: is a quantity shown to lie within a margin of a value?"""

from __future__ import annotations

import numpy as np

from suite.statistics.contrast import Contrast, p_above, p_below


def p_within(contrast: Contrast, low: float, high: float) -> float:
    """Return the p of two one-sided tests: "the quantity lies between low and high".

    Args:
        contrast: The quantity.
        low: Lower bound, in the quantity's units.
        high: Upper bound, above `low`.

    Returns:
        The larger of the two one-sided p; NaN for fewer than two values.

    Source: Schuirmann (1987).
    """
    return float(np.maximum(p_above(contrast, low), p_below(contrast, high)))


def p_outside(contrast: Contrast, low: float, high: float) -> float:
    """Return the p of "the quantity lies outside of low to high", both sides counted."""
    smaller = np.minimum(p_below(contrast, low), p_above(contrast, high))
    return float(np.minimum(1.0, 2 * smaller))
