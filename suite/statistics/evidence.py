"""Evidence that may be read after every pair: e-processes for paired differences.

**The null.** Paired differences are symmetric about zero: given all before and the size of a
difference, its sign is a fair coin. The sign-flip test (`significance.sign_flip`) has the same.

**The process.** Start with 1 and bet on the sign of each difference, with the odds of a fair coin.
A bettor of strength c multiplies what it has by 1 + tanh(c z): z is the difference over the mean
size of the differences so far, its own included, and at most `MOST` away from zero. The e-value is
the mean of what the bettors of `BETS` have. The bet may depend on the size because the null leaves
only the sign to chance. If differences are normal with mean m and sd s, the odds of the sign given
the size are those of tanh(m d / s^2), so the right bettor wins as fast as anyone can; the limit
`MOST` keeps a single outlier of the wrong sign from costing all that was won.

**What it may be used for.** No e-process under its null ever exceeds 1 / alpha with a probability
above alpha, whenever one looks (Ville's inequality). So p = 1 / (largest e-value so far) is valid
at any time, and more pairs may be added after looking. tanh(c z) is odd and grows with the
difference, so "higher" is also valid where the centre of symmetry is *below* zero: it is a test of
a one-sided statement, and shifting the differences gives tests of any centre, confidence sequences
and tests of equivalence.

Source: Ramdas, Grünwald, Vovk and Shafer (2023) for e-processes; Waudby-Smith and Ramdas (2024) for
betting and mixtures of bets; Ramdas, Ruf, Larsson and Koolen (2020) for symmetry about zero; de la
Peña (1999), which bounds the same products from below.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import exp, inf, log, nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.statistics.attainability import UP_TO_ROUNDING

Floats = NDArray[np.float64]

BETS = (0.4, 1.0, 3.0, 10.0)
"""Strengths of the bettors, who start with equal shares. Right for differences whose mean is about
0.4, 0.8, 1.6 and 3 of their standard deviations."""
MOST = 2.0
"""Size of a difference, in mean sizes so far, above which it counts no more."""
_LARGEST = 700.0
"""Logarithm of the largest e-value that is given as a number."""


@dataclass(frozen=True)
class Evidence:
    """E-values after each pair, as logarithms, each starting at log 1 = 0.

    Attributes:
        log_higher: Against "the centre of the differences is at most the null", (..., n).
        log_lower: Against "the centre of the differences is at least the null", (..., n).
    """

    log_higher: Floats
    log_lower: Floats

    @cached_property
    def log_e(self) -> Floats:
        """Against "the centre is the null", (..., n): the mean of the two."""
        return np.logaddexp(self.log_higher, self.log_lower) - np.log(2)

    @cached_property
    def e(self) -> Floats:
        """The same as e-values, (..., n), at most exp(700)."""
        return np.exp(np.minimum(self.log_e, _LARGEST))

    @cached_property
    def p(self) -> float:
        """Two-sided p: 1 over the largest e-value so far; 1 without pairs."""
        return p_of(self.log_e)

    @cached_property
    def p_higher(self) -> float:
        """One-sided p of "the centre is above the null"."""
        return p_of(self.log_higher)

    @cached_property
    def p_lower(self) -> float:
        """One-sided p of "the centre is below the null"."""
        return p_of(self.log_lower)

    @cached_property
    def direction(self) -> int:
        """Side that held more when the e-value was largest: 1 higher, -1 lower, 0 neither."""
        if _of_one(self.log_e).size == 0:
            return 0
        return self._side_at(int(np.argmax(self.log_e)))

    def side(self, level: float) -> int:
        """Return the side that held more when p first came down to a level; else `direction`.

        Later pairs do not turn it, as they do not raise p.
        """
        enough = np.flatnonzero(_of_one(self.log_e) >= -log(level * UP_TO_ROUNDING))
        return self._side_at(int(enough[0])) if enough.size else self.direction

    def _side_at(self, pair: int) -> int:
        return int(np.sign(self.log_higher[pair] - self.log_lower[pair]))


def evidence(differences: ArrayLike, *, null: float = 0.0, noise: ArrayLike = 0.0) -> Evidence:
    """Return the e-processes of paired differences.

    Their order matters, and must be fixed before the values are known: the order of the seeds.

    Args:
        differences: float (..., n), finite; one sequence, or several at once.
        null: Centre of symmetry under the null, in the differences' units.
        noise: Size up to which `differences - null` is rounding, float () or (..., n). Such a
            difference tells nothing and changes no e-value.

    Returns:
        The e-values after each pair.

    Raises:
        ValueError: If a difference is not finite.

    Example:
        >>> found = evidence([0.3, 0.5, 0.2, 0.4, 0.6, 0.1])
        >>> round(float(found.e[-1]), 1), round(found.p, 3), found.direction
        (18.2, 0.055, 1)
    """
    x = np.asarray(differences, dtype=np.float64)
    if not np.isfinite(x).all():
        raise ValueError("differences must be finite; leave out the pairs that have no value")
    scores = _scores(np.where(np.abs(x - null) <= noise, 0.0, x - null))
    return Evidence(_log_wealth(scores), _log_wealth(-scores))


def p_of(log_e: Floats) -> float:
    """Return 1 over the largest e-value of one sequence (n,), from its logarithms.

    Raises:
        ValueError: If there are several sequences: the largest e-value of all is no p.
    """
    return exp(-min(max(0.0, float(_of_one(log_e).max(initial=0.0))), _LARGEST))


def _of_one(log_e: Floats) -> Floats:
    if log_e.ndim != 1:
        raise ValueError(f"p and direction are of one sequence of pairs, not of {log_e.shape}")
    return log_e


def highest(pairs: int, sides: int = 2) -> float:
    """Return the upper bound of all e-values over this many pairs.

    Two-sided it is below 2^n / 2, so no p is below that of the exact sign-flip test, 2 / 2^n.

    Args:
        pairs: Pairs that differ from the null.
        sides: 2, or 1 for the e-value of one side.
    """
    if pairs == 0:
        return 1.0
    scores = np.full(pairs, MOST)
    scores[0] = 1.0  # the first difference is the mean size so far
    won = _log_wealth(scores)[-1]
    if sides == 2:
        won = np.logaddexp(won, _log_wealth(-scores)[-1]) - np.log(2)
    return float(np.exp(min(won, _LARGEST)))


def p_within(differences: ArrayLike, low: float, high: float, noise: ArrayLike = 0.0) -> float:
    """Return the p of "the centre lies between low and high", valid at any time.

    The two one-sided tests, each against a shifted null; the claim needs both (Schuirmann 1987).

    Args:
        differences: float (n,), in order.
        low: Lower bound, in the differences' units.
        high: Upper bound, above `low`.
        noise: As in `evidence`.
    """
    above = evidence(differences, null=low, noise=noise).p_higher
    return max(above, evidence(differences, null=high, noise=noise).p_lower)


def p_outside(differences: ArrayLike, low: float, high: float, noise: ArrayLike = 0.0) -> float:
    """Return the p of "the centre lies outside low to high", both sides counted; see `p_within`."""
    below = evidence(differences, null=low, noise=noise).p_lower
    return min(1.0, 2 * min(below, evidence(differences, null=high, noise=noise).p_higher))


def confidence_sequence(
    differences: ArrayLike, level: float = 0.95, *, noise: ArrayLike = 0.0
) -> tuple[float, float]:
    """Return an interval of the centre of the differences that holds at every number of pairs.

    It reaches from the smallest to the largest centre that the two-sided e-process has never
    rejected at 1 - level. Followed over the pairs, all intervals hold at once with probability
    `level`, and each lies within the one before.

    Args:
        differences: float (n,), in order.
        level: In (0, 1).
        noise: As in `evidence`.

    Returns:
        Lower and upper end, infinite with too few pairs to reject anything; NaN where every
        centre is rejected at this level.
    """
    x = np.asarray(differences, dtype=np.float64)
    if x.size == 0 or highest(x.size) < 1 / (1 - level):
        return -inf, inf
    low = _lowest_kept(x, level, noise)
    return low, -_lowest_kept(-x, level, noise)


def _lowest_kept(x: Floats, level: float, noise: ArrayLike) -> float:
    """Return the smallest centre that is not rejected.

    Rejection is not monotone in the centre to the last digit, so a grid is searched from far below
    the data, and then halved between the last centre rejected and the first kept.
    """
    reach = float(np.ptp(x)) or float(np.abs(x).max()) or 1.0
    below = x.min() - reach * np.geomspace(1e6, 1e-6, 240)
    centres = np.unique(np.concatenate([below, x, np.linspace(x.min(), x.max(), 480)]))
    rejected = _rejected(x, centres, level, noise)
    if rejected.all():
        return nan
    first = int(np.argmin(rejected))
    if first == 0:
        return -inf
    low, high = centres[first - 1], centres[first]
    for _ in range(50):
        middle = (low + high) / 2
        if _rejected(x, np.array([middle]), level, noise)[0]:
            low = middle
        else:
            high = middle
    return float(high)


def _rejected(x: Floats, centres: Floats, level: float, noise: ArrayLike) -> NDArray[np.bool_]:
    log_e = evidence(x - centres[:, None], noise=noise).log_e
    return np.asarray(log_e.max(axis=-1) >= -np.log1p(-level))


def _scores(x: Floats) -> Floats:
    """Return each difference over the mean size so far, its own included, within +-`MOST`."""
    largest = np.abs(x).max(initial=0.0)
    if largest == 0:
        return np.zeros_like(x)
    sizes = np.abs(x) / largest  # so that no sum overflows
    seen = np.maximum(np.cumsum(sizes > 0, axis=-1), 1)
    mean = np.cumsum(sizes, axis=-1) / seen
    return np.sign(x) * np.minimum(sizes / np.where(mean > 0, mean, 1.0), MOST)


def _log_wealth(scores: Floats) -> Floats:
    """Return log of the mean over `BETS` of the products of 1 + tanh(c z), (..., n)."""
    # log(1 + tanh u) = log 2 - log(1 + exp(-2 u)), without loss of digits where it is near -inf
    each = [np.cumsum(np.log(2) - np.logaddexp(0, -2 * c * scores), axis=-1) for c in BETS]
    return np.logaddexp.reduce(each, axis=0) - np.log(len(BETS))
