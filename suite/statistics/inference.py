"""The two ways to test: after a number of seeds fixed beforehand, or at any time.

`fixed` takes t tests, backed by exact ones; `anytime` takes e-processes, which may be read after
every seed. `comparisons` and `claims` ask a test for its p and its interval and need not know which
it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import ClassVar

import numpy as np

from suite.statistics import attainability, evidence
from suite.statistics.attainability import UP_TO_ROUNDING, sign_flip_floor
from suite.statistics.contrast import (
    Contrast,
    cautious,
    interval,
    p_above,
    p_below,
    p_outside,
    p_unequal,
    p_within,
)
from suite.statistics.evidence import Evidence
from suite.statistics.samples import ROUNDING, Floats, Inference, Sample


@dataclass(frozen=True)
class Fixed:
    """Tests of an estimate whose number of seeds was fixed beforehand.

    Attributes:
        contrast: The estimate.
    """

    contrast: Contrast
    inference: ClassVar[Inference] = "fixed"

    @property
    def p(self) -> float:
        """Two-sided p of "it is not zero"."""
        return p_unequal(cautious(self.contrast))

    @property
    def p_higher(self) -> float:
        """One-sided p of "it is above zero"."""
        return p_above(cautious(self.contrast))

    @property
    def p_lower(self) -> float:
        """One-sided p of "it is below zero"."""
        return p_below(cautious(self.contrast))

    def p_within(self, low: float, high: float) -> float:
        """Return the p of "it lies between low and high"."""
        return p_within(cautious(self.contrast), low, high)

    def p_outside(self, low: float, high: float) -> float:
        """Return the p of "it lies outside low to high"."""
        return p_outside(cautious(self.contrast), low, high)

    def interval(self, level: float) -> tuple[float, float]:
        """Return its t interval (Welch's where nothing is paired); NaN where nothing varies."""
        return interval(self.contrast, level)


@dataclass(frozen=True)
class Anytime:
    """Tests of paired values that may be read after every seed.

    Attributes:
        values: Difference, or saving, of each pair in the order of the seeds, (n,).
        noise: Size up to which a value less a null is rounding, (n,).
    """

    values: Floats
    noise: Floats
    inference: ClassVar[Inference] = "anytime"

    @cached_property
    def evidence(self) -> Evidence:
        """E-values after each pair."""
        return evidence.evidence(self.values, noise=self.noise)

    @property
    def p(self) -> float:
        """Two-sided p of "the centre is not zero"."""
        return self.evidence.p

    @property
    def p_higher(self) -> float:
        """One-sided p of "the centre is above zero"."""
        return self.evidence.p_higher

    @property
    def p_lower(self) -> float:
        """One-sided p of "the centre is below zero"."""
        return self.evidence.p_lower

    def p_within(self, low: float, high: float) -> float:
        """Return the p of "the centre lies between low and high"."""
        return evidence.p_within(self.values, low, high, self.noise)

    def p_outside(self, low: float, high: float) -> float:
        """Return the p of "the centre lies outside low to high"."""
        return evidence.p_outside(self.values, low, high, self.noise)

    def interval(self, level: float) -> tuple[float, float]:
        """Return its confidence sequence, infinite with too few pairs."""
        return evidence.confidence_sequence(self.values, level, noise=self.noise)


Test = Fixed | Anytime


def floor(pairs: int, inference: Inference, sides: int = 2) -> float:
    """Return the smallest p that a test of this many pairs can give.

    Fixed: that of the exact sign-flip test, which has to bear out the t test. Anytime: 1 over what
    no e-value can exceed.

    Args:
        pairs: Pairs that tell the test something.
        inference: Which test.
        sides: 2, or 1 for a one-sided test.
    """
    if inference == "anytime":
        return 1 / evidence.highest(pairs, sides)
    return sign_flip_floor(pairs) * sides / 2


def seeds_needed(p: float, inference: Inference, *, sides: int = 2, paired: bool = True) -> int:
    """Return the fewest seeds (a cell) with which a test can reach a p in (0, 1]; at least 2.

    Args:
        p: To be reached.
        inference: Which test.
        sides: 2, or 1 for a one-sided test.
        paired: Pairs of seeds, else two samples of one size (fixed alone).
    """
    if inference == "fixed":
        return max(2, attainability.seeds_needed(min(1.0, p * 2 / sides), paired))
    return next(n for n in count(2) if floor(n, inference, sides) <= p * UP_TO_ROUNDING)


def test_of(
    sample: Sample, inference: Inference, contrast: Contrast, *, of_saving: bool = False
) -> Test:
    """Return how the difference of two cells is tested, or what one saves of the other.

    Args:
        sample: Their values.
        inference: Which test; anytime needs pairs.
        contrast: Their difference, or the share that the first saves of the second.
        of_saving: Which of the two.

    Raises:
        ValueError: If the samples are independent and the inference is anytime.
    """
    if inference == "fixed":
        return Fixed(contrast)
    if not sample.paired:
        raise ValueError("anytime inference compares pairs; these samples are independent")
    if of_saving:
        return Anytime(1 - sample.a / sample.b, np.full(sample.n, ROUNDING))
    return Anytime(sample.differences, sample.noise)
