"""Two cells' values, seed by seed: which are compared with which, and which are missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Design = Literal["paired", "independent"]
Inference = Literal["fixed", "anytime"]
"""After a number of seeds that was fixed beforehand, or after any."""

ROUNDING = 1e-12
"""Differences and spreads below this share of the values are rounding."""
FEW_SEEDS = 6
"""Below this many pairs no two-sided exact test reaches 0.05."""


@dataclass(frozen=True)
class Sample:
    """The values that one comparison rests on.

    Attributes:
        a: Values of the first cell, float64 (n_a,), all finite.
        b: Values of the second cell, float64 (n_b,), all finite.
        paired: Whether a[i] and b[i] share a seed; then n_a = n_b.
        dropped: Declared pairs that are not here (paired), or declared runs of the cell that
            has lost more (independent).
        note: What a reader must know about this sample; often empty.
        fallback: Whether pairs are declared, and too few seeds are shared to compare by them.
        seeds: The seeds of the values, of either cell where nothing is paired.
    """

    a: Floats
    b: Floats
    paired: bool = True
    dropped: int = 0
    note: str = ""
    fallback: bool = False
    seeds: tuple[int, ...] = ()

    @property
    def paired_by_design(self) -> bool:
        """Whether the study, once its seeds are done, compares these cells in pairs."""
        return self.paired or self.fallback

    @cached_property
    def n(self) -> int:
        """Pairs, or the runs of the cell that has fewer."""
        return int(min(self.a.size, self.b.size))

    @cached_property
    def identical(self) -> bool:
        """Whether there are pairs, and the two values of each are equal."""
        return self.paired and self.n > 0 and self.differing == 0

    @cached_property
    def noise(self) -> Floats:
        """Size up to which the difference of a pair is rounding, (n,)."""
        return ROUNDING * np.maximum(np.abs(self.a), np.abs(self.b))

    @cached_property
    def differences(self) -> Floats:
        """Difference a - b of each pair, (n,); exactly 0, a tie, where it is rounding."""
        difference = self.a - self.b
        return np.where(np.abs(difference) <= self.noise, 0.0, difference)

    @cached_property
    def differing(self) -> int:
        """Pairs whose two values differ (paired); `n` where nothing is paired."""
        return int(np.count_nonzero(self.differences)) if self.paired else self.n


def pairs(a: ArrayLike, b: ArrayLike) -> Sample:
    """Return the sample of two arrays of one shape (n,), paired in order.

    A value that is NaN or infinite drops its pair. However many do, the others stay pairs.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"pairs need two arrays (n,), got {first.shape} and {second.shape}")
    whole = np.isfinite(first) & np.isfinite(second)
    return _paired(first[whole], second[whole], first.size, tuple(np.flatnonzero(whole).tolist()))


def match(
    a: Mapping[int, float],
    b: Mapping[int, float],
    *,
    design: Design = "paired",
    seeds: Collection[int] | None = None,
    inference: Inference = "fixed",
) -> Sample:
    """Bring two cells' values together by seed.

    A value that is missing, NaN or infinite drops its pair, and is counted. Where too few seeds are
    shared for the paired test to decide anything (`FEW_SEEDS`), and each cell has more runs than
    that, the cells are compared as independent, and the note says so; with anytime inference they
    never are.

    Args:
        a: Seed -> value of the first cell.
        b: Seed -> value of the second cell.
        design: `paired`, or `independent` where the runs of one seed have nothing in common.
        seeds: The declared seeds; by default those of either cell.
        inference: What the sample is for.

    Returns:
        The values in the order of the seeds.
    """
    declared = len(set(seeds) if seeds is not None else {*a, *b})
    finite_a = {seed: value for seed, value in a.items() if np.isfinite(value)}
    finite_b = {seed: value for seed, value in b.items() if np.isfinite(value)}
    shared = sorted(finite_a.keys() & finite_b.keys())
    fewest = min(len(finite_a), len(finite_b))
    few = inference == "fixed" and len(shared) < min(FEW_SEEDS, fewest)
    fallback = design == "paired" and few
    if design == "paired" and not fallback:
        both = _values(finite_a, shared), _values(finite_b, shared)
        return _paired(*both, declared, tuple(shared))
    note = f"compared as independent (Welch), {len(finite_a)} runs against {len(finite_b)}"
    if fallback:
        shares = {0: "no seed is", 1: "only 1 seed is"}
        note += f", since {shares.get(len(shared), f'only {len(shared)} seeds are')} shared"
    return Sample(
        _values(finite_a, sorted(finite_a)),
        _values(finite_b, sorted(finite_b)),
        paired=False,
        dropped=max(0, declared - fewest),
        note=note,
        fallback=fallback,
        seeds=tuple(sorted(finite_a.keys() | finite_b.keys())),
    )


def _paired(a: Floats, b: Floats, declared: int, seeds: tuple[int, ...]) -> Sample:
    dropped = declared - len(seeds)
    note = f"{dropped} of {declared} declared pairs missing" if dropped else ""
    return Sample(a, b, dropped=dropped, note=note, seeds=seeds)


def _values(values: Mapping[int, float], seeds: Collection[int]) -> Floats:
    return np.array([values[seed] for seed in seeds], dtype=np.float64)
