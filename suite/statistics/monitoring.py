"""How many seeds a comparison needs if it is tested after each seed and stops when decided.

Simulated under normal differences, always from the same draws, so that a number does not change
from one call to the next.

python -c "from suite.statistics.monitoring import table; print(table())"

prints the table of docs/statistics.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, inf, log

import numpy as np

from suite.statistics.evidence import Floats, evidence, highest
from suite.statistics.power import seeds_for_difference

DRAWS = 2_000
DRAWS_SEED = 20_231_101
MOST_MONITORED = 500
"""Simulations end at this many seeds."""


@dataclass(frozen=True)
class SeedsUntilDecided:
    """How many seeds a comparison needs until it is decided.

    Attributes:
        expected: Mean number of seeds; None where it is not known, since more than one in 100
            simulated comparisons were still open at `MOST_MONITORED` seeds.
        seeds: Seeds within which it is decided with the power asked for; None where that takes
            more than `MOST_MONITORED`.
    """

    expected: float | None
    seeds: int | None


@lru_cache(maxsize=256)
def seeds_until_decided(
    effect: float, level: float, power: float = 0.8, margin: float | None = None
) -> SeedsUntilDecided:
    """Return how many seeds a comparison needs until its e-value decides it.

    Args:
        effect: True difference over the standard deviation of the paired differences.
        level: p that the comparison must reach (`attainability.needed_p`), in (0, 1).
        power: Chance of a decision within `seeds`.
        margin: Over the same standard deviation: seeds until the cells are shown equivalent
            within it; None for seeds until they are shown to differ.

    Example:
        >>> seeds_until_decided(2.0, 0.05)
        SeedsUntilDecided(expected=7.1, seeds=7)
    """
    hopeless = effect == 0 if margin is None else not margin > abs(effect)
    if hopeless or highest(MOST_MONITORED) < 1 / level:
        return SeedsUntilDecided(None, None)
    most = 64
    while True:
        decided = _decided(effect, level, margin, most)
        open_ = float(np.mean(decided > most))
        if open_ <= min(0.01, (1 - power) / 2) or most >= MOST_MONITORED:
            break
        most = min(2 * most, MOST_MONITORED)
    seeds = int(np.sort(decided)[ceil(power * DRAWS) - 1])
    return SeedsUntilDecided(
        expected=round(float(np.minimum(decided, most).mean()), 1) if open_ <= 0.01 else None,
        seeds=seeds if seeds <= most else None,
    )


@lru_cache(maxsize=256)
def smallest_effect(seeds: int, level: float, power: float = 0.8) -> float:
    """Return the smallest standardised difference that is decided within some seeds.

    Args:
        seeds: At most `MOST_MONITORED` are looked at.
        level: As in `seeds_until_decided`.
        power: Chance of that.

    Returns:
        To two digits; infinite where this many seeds can decide nothing.
    """
    seeds = min(seeds, MOST_MONITORED)
    if highest(seeds) < 1 / level:
        return inf
    low, high = 0.0, 50.0
    while high - low > 0.01 * high:
        middle = (low + high) / 2
        if np.mean(_decided(middle, level, None, seeds) <= seeds) >= power:
            high = middle
        else:
            low = middle
    return float(f"{high:.2g}")


def table() -> str:
    """Return seeds needed with fixed inference and at any time, as a table in Markdown."""
    rows = ["| difference (sd) | level | fixed | at any time, 80 % | at any time, expected |"]
    rows.append("|---|---|---|---|---|")
    for level in (0.05, 0.005):
        for effect in (0.5, 1.0, 2.0, 4.0):
            fixed = seeds_for_difference(effect, 1.0, level)
            need = seeds_until_decided(effect, level)
            rows.append(f"| {effect:g} | {level:g} | {fixed} | {need.seeds} | {need.expected} |")
    return "\n".join(rows)


def _decided(effect: float, level: float, margin: float | None, most: int) -> Floats:
    """Return the number of pairs at which each simulated comparison is decided, or most + 1."""
    generator = np.random.default_rng(DRAWS_SEED)
    # Drawn pair by pair, so that more pairs leave the first ones as they are
    x = generator.normal(effect, 1.0, (most, DRAWS)).T
    if margin is None:
        return _first(evidence(x).log_e, -log(level))
    above = _first(evidence(x, null=-margin).log_higher, -log(level))
    return np.maximum(above, _first(evidence(x, null=margin).log_lower, -log(level)))


def _first(log_e: Floats, needed: float) -> Floats:
    """Return the number of pairs at which each e-value first reaches what is needed."""
    reached = log_e >= needed
    most = log_e.shape[-1]
    return np.where(reached.any(axis=-1), reached.argmax(axis=-1) + 1, most + 1)
