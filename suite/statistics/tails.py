"""Whether a distribution of counts has a power law's tail."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST = 50
"""Fewer counts, or fewer than this in the tail, are not fitted."""


@dataclass(frozen=True)
class Tail:
    """A power law, fitted to the tail of a distribution, and two rivals on the same tail.

    Attributes:
        start: Where the tail starts: the smallest count in it.
        share: How much of all counts above zero lies in it.
        exponent: Of the power law.
        distance: Kolmogorov-Smirnov distance of the power law from the tail, in [0, 1].
        rivals: By name, the normalised log likelihood ratio of the power law to the rival (above
            zero the power law fits better) and Vuong's p.
        shares: By name, the share of the tail that is at least as large as each count of `counts`.
        counts: The counts at which `shares` stand, ascending.
    """

    start: int
    share: float
    exponent: float
    distance: float
    rivals: dict[str, tuple[float, float]]
    counts: NDArray[np.int64]
    shares: dict[str, NDArray[np.float64]]


RIVALS = {"lognormal": "log-normal", "exponential": "exponential"}
"""What a power law is compared with, and what to call it."""


def fit_tail(histogram: Sequence[float]) -> Tail | None:
    """Fit a discrete power law to the tail of a histogram.

    The tail starts where the fitted power law is nearest to it (the smallest Kolmogorov-Smirnov
    distance), but leaves at least a twentieth of the counts; parameters are of maximum likelihood.

    Args:
        histogram: How many counts are 0, 1, 2, ...; those of 0 have no place in a power law.

    Returns:
        None where there are too few counts, or all in the tail are alike.

    Source: Clauset, Shalizi and Newman 2009; Alstott, Bullmore and Plenz 2014 (powerlaw); Vuong
    1989 for p.
    """
    import powerlaw
    from scipy.special import zeta

    values = np.repeat(np.arange(len(histogram)), np.asarray(histogram, dtype=np.int64))
    values = values[values > 0]
    distinct = np.unique(values)
    if values.size < LEAST or distinct.size < 4:
        return None
    latest = max(int(np.quantile(values, 0.95)), int(distinct[3]))  # of few the last do not count
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # searches that leave the range of parameters
        fit = powerlaw.Fit(
            values,
            discrete=True,
            xmin=(int(values.min()), latest),
            parameter_ranges={"alpha": [1.01, 30]},  # by default no more than 3
            verbose=0,
        )
        if not np.isfinite(fit.xmin):
            return None
        start = int(fit.xmin)
        tail = values[values >= start]
        counts = np.unique(tail)
        if tail.size < LEAST or counts.size < 3:
            return None
        rivals = {
            name: fit.distribution_compare("power_law", name, normalized_ratio=True)
            for name in RIVALS
        }
        shares = {name: _at_least(getattr(fit, name), counts) for name in RIVALS}
        # powerlaw's own is one minus a sum, which rounding makes zero far out.
        shares["power_law"] = zeta(fit.power_law.alpha, counts) / zeta(fit.power_law.alpha, start)
        return Tail(
            start,
            tail.size / values.size,
            float(fit.power_law.alpha),
            float(fit.power_law.D),
            {RIVALS[name]: (float(ratio), float(p)) for name, (ratio, p) in rivals.items()},
            counts,
            {name: shares[of] for of, name in {"power_law": "power law", **RIVALS}.items()},
        )


def _at_least(distribution: Any, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a fitted distribution's share of counts at least as large."""
    return np.asarray(distribution.ccdf(counts.astype(float)), dtype=np.float64)
