"""Claims: sentences of one or several parts that a study supports or contradicts.

**Supported** means that every part is shown. That is an intersection-union test (Berger 1982): a
claim of several parts is supported at a level if each part is, at that same level; so its p is
the largest of its parts' and no further correction within the claim is due.

**Contradicted** means that the opposite of some part is shown. One part is enough, so this is a
union, and the smallest p counts times the number of parts (Bonferroni).

Each part is tested both ways on the (paired) difference or saving: by t tests, with cautious
degrees of freedom where nothing is paired (`contrast.cautious`), or by e-processes (anytime):

- *higher* and *lower*: one-sided each way, each p doubled, as in a two-sided test.
- *equivalent*: for it, two one-sided tests that the difference is within the margin; against
  it, that the difference is outside, either side.
- *saves*: the same for the saving 1 - a/b and the margin around the claimed share.

A claim's p is the smaller of its two, and these are Holm-adjusted over the declared claims. A
claim that is neither supported nor contradicted is **unattainable** where the exact permutation
test of a part, or its largest possible e-value, could not reach the needed p with its number of
seeds, even after the other claims that are decided (`attainability.needed_among`), else
**inconclusive**. A part that the exact test could not decide never decides a claim, nor does an
opposite (of both sides of a margin, times the number of parts) that it could not show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, isnan, nan
from typing import Literal

import numpy as np

from suite.statistics.attainability import UP_TO_ROUNDING, held, needed_among, permutation_floor
from suite.statistics.contrast import (
    Contrast,
    difference,
    saving,
    saving_scale,
    saving_share,
    welch_note,
)
from suite.statistics.inference import Test, floor, seeds_needed, test_of
from suite.statistics.samples import Inference, Sample
from suite.statistics.significance import adjust
from suite.statistics.wording import percent, signed

Direction = Literal["higher", "lower", "equivalent", "saves"]
ClaimVerdict = Literal["supported", "contradicted", "inconclusive", "unattainable"]


@dataclass(frozen=True)
class Part:
    """One statement on two cells.

    Attributes:
        sample: The values of the cell that the statement is about, and of the other.
        direction: The first cell's values are higher, lower or equivalent, or it saves a share
            of the other's.
        margin: For equivalent, in the outcome's units; for saves, of the share, as 0.02.
        share: For saves, the share claimed, in (0, 1): 0.36 for 36 %.

    Raises:
        ValueError: If margin or share is missing or out of range.
    """

    sample: Sample
    direction: Direction
    margin: float | None = None
    share: float | None = None

    def __post_init__(self) -> None:
        if self.direction in ("equivalent", "saves") and not (self.margin and self.margin > 0):
            raise ValueError(f"{self.direction} needs a margin above 0")
        if self.direction == "saves" and not (self.share is not None and 0 < self.share < 1):
            raise ValueError("saves needs a share between 0 and 1")


@dataclass(frozen=True)
class PartFinding:
    """What is known of one part. Figures that do not exist are NaN.

    Attributes:
        estimate: Mean difference a - b in the outcome's units, or the mean saving as a share.
        low: Lower end of its t interval or confidence sequence at level 1 - alpha, not adjusted.
        high: Upper end.
        n: Pairs, or runs of the cell that has fewer.
        dropped: Declared seeds that are missing, failed or without a finite value.
        seeds: Those that the figures rest on, in order.
        p_for: p of the statement.
        p_against: p of its opposite; 1 where the exact test could not show that for a claim of
            this many parts.
        agrees: Whether the estimate agrees with the statement, shown or not.
        seeds_needed: Seeds that the exact test, or the largest possible e-value, needs to reach the
            needed p; None where there are enough. Where there are not, p_for and p_against are NaN.
        reason: One sentence.
    """

    estimate: float
    low: float
    high: float
    n: int
    dropped: int
    seeds: tuple[int, ...]
    p_for: float
    p_against: float
    agrees: bool
    seeds_needed: int | None
    reason: str


@dataclass(frozen=True)
class ClaimFinding:
    """What is known of one claim.

    Attributes:
        verdict: supported, contradicted, inconclusive or unattainable.
        reason: One sentence that says why.
        inference: As in `Comparison`.
        p_for: Largest p of the parts: the intersection-union test.
        p_against: Smallest p against a part, times the number of parts, at most 1.
        p_adjusted: The smaller of the two, adjusted over the declared claims; NaN where no part
            can be tested.
        needed: p that it must reach, after those of the other claims that are decided.
        seeds_needed: Most seeds that a part needs; None where there are enough.
        parts: The parts, in order.
    """

    verdict: ClaimVerdict
    reason: str
    inference: Inference
    p_for: float
    p_against: float
    p_adjusted: float
    needed: float
    seeds_needed: int | None
    parts: tuple[PartFinding, ...]


def judge(
    claims: Sequence[Sequence[Part]],
    *,
    alpha: float = 0.05,
    correction: str = "holm",
    inference: Inference = "fixed",
) -> list[ClaimFinding]:
    """Decide the declared claims.

    Args:
        claims: The parts of each claim, at least one; those without runs included.
        alpha: Rate at which any of the declared claims is decided wrongly.
        correction: `holm`, or `none`.
        inference: As in `compare`.

    Returns:
        One finding a claim, in order.

    Raises:
        ValueError: If the inference is anytime and a sample is not paired.
    """
    if not claims:
        return []
    backed = [_of_claim([_backed(part, inference) for part in claim]) for claim in claims]
    needed = needed_among([min(p) for p in backed], alpha, correction)
    parts = [
        tuple(_examine(part, len(claim), alpha, level, inference) for part in claim)
        for claim, level in zip(claims, needed, strict=True)
    ]
    both = [_of_claim([(part.p_for, part.p_against) for part in claim]) for claim in parts]
    p_adjusted = adjust([nan if isnan(p[0]) else min(p) for p in both], correction)
    return [
        _finding(claim, *p, adjusted, alpha=alpha, needed=level, inference=inference)
        for claim, p, adjusted, level in zip(parts, both, p_adjusted, needed, strict=True)
    ]


def _of_claim(parts: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return a claim's p and that of its opposite; of parts without p, NaN, some count as 1."""
    if all(isnan(p) for p, _ in parts):
        return nan, nan
    p_for = max(_or_one(p) for p, _ in parts)
    return p_for, min(1.0, len(parts) * min(_or_one(p) for _, p in parts))


def _backed(part: Part, inference: Inference) -> tuple[float, float]:
    """Return the p of a part and of its opposite, not below what the exact test can give."""
    p_for, p_against = _both_ways(part, inference)
    return held(p_for, _floor(part, inference)), held(p_against, _floor(part, inference, sides=2))


def _examine(part: Part, of: int, alpha: float, needed: float, inference: Inference) -> PartFinding:
    """Return what is known of one `of` a claim's parts, whose p must be at most `needed`."""
    sample, paired, contrast = part.sample, part.sample.paired, _contrast(part)
    estimate, (low, high) = contrast.estimate, _interval(part, contrast, 1 - alpha, inference)
    if part.direction == "saves":
        estimate, low, high = (saving_share(value, paired) for value in (estimate, low, high))
    lacking = _lacking(part, needed, inference)
    p_for, p_against = _both_ways(part, inference) if lacking is None else (nan, nan)
    if of * _floor(part, inference, sides=2) > needed * UP_TO_ROUNDING and not isnan(p_against):
        p_against = 1.0
    fixed = inference == "fixed"
    freedom = welch_note(contrast, alpha) if fixed and _directional(part) else ""
    return PartFinding(
        estimate=estimate,
        low=low,
        high=high,
        n=sample.n,
        dropped=sample.dropped,
        seeds=sample.seeds,
        p_for=p_for,
        p_against=p_against,
        agrees=_agrees(part, estimate),
        seeds_needed=lacking,
        reason=_part_reason(part, (estimate, low, high), p_for, lacking, freedom),
    )


def _contrast(part: Part) -> Contrast:
    """Return the difference, or the saving; the estimate is NaN where it has no meaning."""
    sample = part.sample
    if part.direction != "saves":
        return difference(sample)
    positive = (sample.b > 0).all() and (sample.paired or (sample.a > 0).all())
    return saving(sample) if positive else Contrast(nan, nan, 0.0, 1.0)


def _directional(part: Part) -> bool:
    return part.direction in ("higher", "lower")


def _interval(
    part: Part, contrast: Contrast, level: float, inference: Inference
) -> tuple[float, float]:
    if not isfinite(contrast.estimate):
        return nan, nan
    return _test(part, contrast, inference).interval(level)


def _test(part: Part, contrast: Contrast, inference: Inference) -> Test:
    saves = part.direction == "saves"
    return test_of(part.sample, inference, contrast, of_saving=saves)


def _both_ways(part: Part, inference: Inference) -> tuple[float, float]:
    """Return the p of the part's statement and of its opposite; NaN where there is no test."""
    contrast = _contrast(part)
    if _nothing_to_test(part) or not isfinite(contrast.estimate):
        return nan, nan
    test = _test(part, contrast, inference)
    if _directional(part):
        higher, lower = (float(np.minimum(1.0, 2 * p)) for p in (test.p_higher, test.p_lower))
        return (higher, lower) if part.direction == "higher" else (lower, higher)
    low, high = _bounds(part)
    if part.direction == "saves":
        low, high = (saving_scale(bound, part.sample.paired) for bound in (low, high))
    return test.p_within(low, high), test.p_outside(low, high)


def _bounds(part: Part) -> tuple[float, float]:
    centre, margin = part.share or 0.0, part.margin or 0.0
    return centre - margin, centre + margin


def _agrees(part: Part, estimate: float) -> bool:
    if _directional(part):
        return estimate > 0 if part.direction == "higher" else estimate < 0
    low, high = _bounds(part)
    return low <= estimate <= high


def _nothing_to_test(part: Part) -> bool:
    """Return whether all pairs are equal, which says nothing on which cell is higher."""
    return part.sample.identical and _directional(part)


def _telling(part: Part) -> int:
    """Return the pairs that the exact test can use, or the runs of the smaller cell.

    A directional statement needs pairs that differ; one on a margin may have equal values.
    """
    sample = part.sample
    return sample.differing if _directional(part) and not sample.identical else sample.n


def _sides(part: Part) -> int:
    """Return the number of sides of its test: 2 for a direction, 1 for each bound of a margin."""
    return 2 if _directional(part) else 1


def _floor(part: Part, inference: Inference, sides: int | None = None) -> float:
    """Return the smallest p that these values allow; the sides are the part's by default."""
    sample, sides = part.sample, sides or _sides(part)
    if sample.paired:
        return floor(_telling(part), inference, sides)
    return permutation_floor(sample.a.size, sample.b.size) * sides / 2


def _lacking(part: Part, needed: float, inference: Inference) -> int | None:
    """Return the fewest seeds with which the exact test can decide, None where there are enough.

    Every seed still to come is assumed to be one that the test can use.
    """
    sample = part.sample
    if sample.n > 1 and _floor(part, inference) <= needed * UP_TO_ROUNDING:
        return None
    paired = sample.paired_by_design
    least = seeds_needed(needed, inference, sides=_sides(part), paired=paired)
    return least + sample.n - _telling(part) if sample.paired else least


def _part_reason(
    part: Part,
    figures: tuple[float, float, float],
    p_for: float,
    lacking: int | None,
    freedom: str,
) -> str:
    sample = part.sample
    estimate, low, high = figures
    if sample.n == 0:
        return f"no values to compare yet; {lacking} seeds are needed"
    if _nothing_to_test(part):
        return f"identical so far in all {sample.n} pairs, so there is nothing to test"
    if not isfinite(estimate):
        return "a saving has no meaning where values are not above zero"
    text = percent if part.direction == "saves" else signed
    figure = f"saves {text(estimate)}" if part.direction == "saves" else text(estimate)
    if isfinite(low):
        figure += f" [{text(low)}, {text(high)}]"
    one, several = ("pair", "pairs") if sample.paired else ("run a cell", "runs a cell")
    figure += f" over {sample.n} {one if sample.n == 1 else several}"
    said = "; ".join(filter(None, [sample.note, freedom]))
    note = f" ({said})" if said else ""
    if lacking is not None:
        return f"{figure}; at least {lacking} seeds are needed to decide{note}"
    return f"{figure}, p = {p_for:.3g}{note}"


def _finding(
    parts: tuple[PartFinding, ...],
    p_for: float,
    p_against: float,
    p_adjusted: float,
    *,
    alpha: float,
    needed: float,
    inference: Inference,
) -> ClaimFinding:
    lacking = [part.seeds_needed for part in parts if part.seeds_needed is not None]
    verdict: ClaimVerdict
    if p_adjusted <= alpha:
        verdict = "supported" if p_for < p_against else "contradicted"
    else:
        verdict = "unattainable" if lacking else "inconclusive"
    seeds = max(lacking) if lacking else None
    return ClaimFinding(
        verdict=verdict,
        reason=_claim_reason(verdict, parts, p_adjusted, seeds),
        inference=inference,
        p_for=p_for,
        p_against=p_against,
        p_adjusted=p_adjusted,
        needed=needed,
        seeds_needed=seeds,
        parts=parts,
    )


def _claim_reason(
    verdict: ClaimVerdict, parts: tuple[PartFinding, ...], p_adjusted: float, seeds: int | None
) -> str:
    total = len(parts)
    agreeing = sum(part.agrees for part in parts)
    adjusted = f"adjusted p = {p_adjusted:.3g}"
    if verdict == "supported":
        shown = "It is shown" if total == 1 else f"Each of its {total} parts is shown"
        return f"{shown} ({adjusted})."
    if verdict == "contradicted":
        worst = min(parts, key=lambda part: _or_one(part.p_against))
        where = "" if total == 1 else f" of part {parts.index(worst) + 1} of {total}"
        return f"The opposite{where} is shown: {worst.reason.split(', p = ')[0]} ({adjusted})."
    if verdict == "unattainable":
        return (
            f"Too few seeds: as the claims stand now, fewer than {seeds} cannot support it, "
            "whatever their values."
        )
    if total == 1:
        return f"Neither it nor its opposite is shown: {parts[0].reason}."
    untested = sum(isnan(part.p_for) for part in parts)
    return (
        f"Neither it nor its opposite is shown: {agreeing} of {total} parts agree with it"
        + (f", {untested} cannot be tested" if untested else "")
        + ("." if isnan(p_adjusted) else f" ({adjusted}).")
    )


def _or_one(p: float) -> float:
    return 1.0 if isnan(p) else p
