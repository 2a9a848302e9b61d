"""How many seeds a comparison needs, and what the present seeds can show.

Power is that of the t test at the level that one comparison must reach (Holm's first step), under
normally distributed differences; statsmodels computes it. A number of seeds must also be able to
reach that level at all: see `attainability`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import inf, isnan, nan

from scipy.special import chdtri

from suite.statistics.attainability import (
    UP_TO_ROUNDING,
    permutation_floor,
    seeds_needed,
    sign_flip_floor,
)
from suite.statistics.samples import Sample

MOST_SEEDS = 10_000
"""More seeds than this are given as None: no study will run them."""


def power_of_difference(effect: float, n: int, alpha: float, paired: bool = True) -> float:
    """Return the chance that a two-sided t test finds the difference, and in its direction.

    Args:
        effect: Difference over the standard deviation of the differences (paired) or of one
            cell's values (independent).
        n: Seeds a cell, at least 2.
        alpha: Level.
        paired: Paired, or two independent samples of n each.

    Returns:
        Power in [0, 1].
    """
    # One tail of the two: to find the wrong direction is not to find the difference.
    return _one_sided_power(abs(effect), n, alpha / 2, paired)


def power_of_equivalence(margin: float, n: int, alpha: float, paired: bool = True) -> float:
    """Return the power of two one-sided t tests where the cells truly do not differ.

    Args:
        margin: Over the same standard deviation as in `power_of_difference`.
        n: Seeds a cell, at least 2.
        alpha: Level of each one-sided test.
        paired: Paired, or two independent samples of n each.

    Returns:
        Power in [0, 1], by the non-central t approximation.

    Source: Phillips (1990).
    """
    return max(0.0, 2 * _one_sided_power(margin, n, alpha, paired) - 1)


@lru_cache(maxsize=1024)
def detectable_effect(
    n: int, alpha: float, power: float = 0.8, paired: bool = True, other: int | None = None
) -> float:
    """Return the smallest standardised difference that n seeds detect with a given power.

    Args:
        n: Seeds a cell.
        alpha: Two-sided level.
        power: In (alpha, 1).
        paired: As in `power_of_difference`.
        other: Seeds of the other of two independent cells; n by default.

    Returns:
        The effect; infinite where the level cannot be reached with these seeds.
    """
    from scipy.optimize import brentq

    other = n if other is None else other
    floor = sign_flip_floor(n) if paired else permutation_floor(n, other)
    if min(n, other) < 2 or floor > alpha * UP_TO_ROUNDING:
        return inf

    def excess(effect: float) -> float:
        return _one_sided_power(effect, n, alpha / 2, paired, other) - power

    enough = 1.0
    while excess(enough) < 0:
        enough *= 2
    return float(brentq(excess, 0.0, enough))


def detectable_difference(sample: Sample, alpha: float, power: float = 0.8) -> float:
    """Return the smallest true difference that a sample of this size and spread would detect.

    It is a statement about the design, not about the difference seen: pairs that happen to be equal
    count as well.

    Args:
        sample: At least two pairs.
        alpha: Two-sided level that one comparison must reach.
        power: Chance of detection.

    Returns:
        In the outcome's units; infinite where the level cannot be reached; NaN where the spread
        is unknown.
    """
    if sample.n < 2:
        return nan
    sizes = sample.a.size, sample.b.size
    return detectable_effect(sizes[0], alpha, power, sample.paired, sizes[1]) * spread(sample)


def spread(sample: Sample) -> float:
    """Return the sd that power rests on: of the paired differences, or pooled over two samples."""
    if sample.n < 2:
        return nan
    if sample.paired:
        return float(sample.differences.std(ddof=1))
    squares = [(x.size - 1) * x.var(ddof=1) for x in (sample.a, sample.b)]
    return float((sum(squares) / (sample.a.size + sample.b.size - 2)) ** 0.5)


def spread_of_pairs(sample: Sample) -> float:
    """Return the sd of paired differences, if the two cells' values were uncorrelated.

    It stands in for `spread` where pairs are declared, but too few seeds are shared so far.
    """
    if sample.n < 2:
        return nan
    return float((sample.a.var(ddof=1) + sample.b.var(ddof=1)) ** 0.5)


def spread_interval(sd: float, freedom: float) -> tuple[float, float]:
    """Return the 95 % chi-square interval of a standard deviation; NaN without degrees of freedom.

    With ten pairs the upper end is 1.8 times the estimate, with five 2.9 times: numbers of
    seeds from few runs are rough, and both ends should be shown.
    """
    if not freedom > 0:
        return nan, nan
    return (
        sd * float(freedom / chdtri(freedom, 0.025)) ** 0.5,
        sd * float(freedom / chdtri(freedom, 0.975)) ** 0.5,
    )


def seeds_for_difference(
    difference: float, sd: float, alpha: float, power: float = 0.8, paired: bool = True
) -> int | None:
    """Return the fewest seeds that detect a true difference with a given power.

    Args:
        difference: In the outcome's units.
        sd: As `spread` returns it, in the same units.
        alpha: Two-sided level that one comparison must reach.
        power: Chance of detection.
        paired: As in `power_of_difference`.

    Returns:
        Seeds a cell, never fewer than can reach the level at all; None above `MOST_SEEDS` or
        where there is nothing to detect.
    """
    if not (abs(difference) > 0 and sd >= 0):
        return None
    effect = abs(difference) / sd if sd > 0 else inf
    fewest = max(2, seeds_needed(alpha, paired))
    if effect >= 50:
        return fewest
    return _fewest(lambda n: power_of_difference(effect, n, alpha, paired) >= power, fewest)


def seeds_for_equivalence(
    margin: float, sd: float, alpha: float, power: float = 0.8, paired: bool = True
) -> int | None:
    """Return the fewest seeds that show equivalence of two cells that truly do not differ.

    Args:
        margin: Above 0, in the outcome's units.
        sd: As `spread` returns it, in the same units.
        alpha: Level of each one-sided test.
        power: Chance of showing it.
        paired: As in `power_of_difference`.

    Returns:
        Seeds a cell; None above `MOST_SEEDS`.
    """
    if not (margin > 0 and sd >= 0):
        return None
    fewest = max(2, seeds_needed(min(1.0, 2 * alpha), paired))
    if sd == 0 or margin / sd >= 50:
        return fewest
    return _fewest(lambda n: power_of_equivalence(margin / sd, n, alpha, paired) >= power, fewest)


@dataclass(frozen=True)
class SeedsNeeded:
    """Seeds that one comparison of a family needs.

    Attributes:
        difference: The difference to be detected, in the outcome's units.
        sd: Standard deviation that power rests on (see `spread`), in the same units.
        sd_low: Lower end of its 95 % interval; NaN where it was given, not measured.
        sd_high: Upper end.
        level: Level that the comparison must reach.
        power: Chance of detection asked for.
        seeds: Fewest seeds at `sd`; None if above `MOST_SEEDS` or nothing is to be detected.
        seeds_low: The same at `sd_low`.
        seeds_high: The same at `sd_high`: the safe number.
        margin: Equivalence margin; None where none is declared.
        seeds_equivalence: Seeds that show equivalence within `margin` if there is no difference.
    """

    difference: float
    sd: float
    sd_low: float
    sd_high: float
    level: float
    power: float
    seeds: int | None
    seeds_low: int | None
    seeds_high: int | None
    margin: float | None
    seeds_equivalence: int | None


def plan(
    difference: float,
    sd: float,
    *,
    level: float,
    power: float = 0.8,
    paired: bool = True,
    freedom: float = 0,
    margin: float | None = None,
) -> SeedsNeeded:
    """Compute how many seeds one comparison needs.

    Args:
        difference: To be detected, in the outcome's units.
        sd: As `spread` returns it.
        level: Level that the comparison must reach (`attainability.needed_p`).
        power: Chance of detection.
        paired: As in `power_of_difference`.
        freedom: Degrees of freedom that `sd` was measured with; 0 where it is given.
        margin: Equivalence margin, if one is declared.

    Returns:
        The numbers of seeds, also at both ends of the interval of `sd`.
    """
    low, high = spread_interval(sd, freedom)

    def seeds(spread_: float) -> int | None:
        return seeds_for_difference(difference, spread_, level, power, paired)

    return SeedsNeeded(
        difference=difference,
        sd=sd,
        sd_low=low,
        sd_high=high,
        level=level,
        power=power,
        seeds=seeds(sd),
        seeds_low=seeds(low),
        seeds_high=seeds(high),
        margin=margin,
        seeds_equivalence=seeds_for_equivalence(margin, sd, level, power, paired)
        if margin is not None
        else None,
    )


def _one_sided_power(
    effect: float, n: int, alpha: float, paired: bool, other: int | None = None
) -> float:
    from statsmodels.stats.power import TTestIndPower, TTestPower

    # Verdicts on independent samples test with the degrees of freedom of the smaller one.
    other = n if other is None else other
    of_test = {"df": min(n, other) - 1, "alternative": "larger"}
    if paired:
        power = float(TTestPower().power(effect, n, alpha, **of_test))
    else:
        power = float(TTestIndPower().power(effect, n, alpha, ratio=other / n, **of_test))
    # The non-central t distribution fails only where the power is 1 to all digits.
    return 1.0 if isnan(power) else power


def _fewest(enough: Callable[[int], bool], fewest: int) -> int | None:
    """Return the smallest n >= fewest with enough(n), for a test that stays true once true."""
    low, high = fewest - 1, fewest
    while not enough(high):
        low, high = high, 2 * high
        if high > MOST_SEEDS:
            if not enough(MOST_SEEDS):
                return None
            high = MOST_SEEDS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
