"""A declared family of comparisons: figures, adjusted p-values and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, isfinite, isinf, isnan, nan
from typing import NamedTuple

import numpy as np

from suite.statistics.attainability import UP_TO_ROUNDING, held, needed_among, needed_p
from suite.statistics.contrast import Contrast, difference, p_unequal, welch_note
from suite.statistics.effects import hedges_g, seed_correlation
from suite.statistics.evidence import Evidence
from suite.statistics.inference import Anytime, Fixed, Test, floor, seeds_needed, test_of
from suite.statistics.power import detectable_difference
from suite.statistics.samples import FEW_SEEDS, Floats, Inference, Sample
from suite.statistics.significance import adjust, sign_flip
from suite.statistics.verdicts import Verdict, decide
from suite.statistics.wording import signed


@dataclass(frozen=True)
class Question:
    """One comparison of a family: is the first cell better than the second?

    Attributes:
        sample: The two cells' values.
        higher_is_better: The direction of the outcome.
        margin: Differences up to this are too small to matter; None declares none.
    """

    sample: Sample
    higher_is_better: bool = True
    margin: float | None = None


@dataclass(frozen=True)
class Comparison:
    """What is known of one pair of cells. Figures that do not exist are NaN.

    Attributes:
        verdict: The first cell is better, worse, equivalent, or inconclusive or unattainable.
        reason: One sentence that says why.
        inference: `fixed`, or `anytime`: what the p-values and the interval are.
        design: `paired`, or `independent` (Welch).
        n: Pairs, or runs of the cell that has fewer.
        n_a: Runs of the first cell that the figures rest on.
        n_b: Runs of the second.
        dropped: Declared seeds that are missing, failed or without a finite value.
        seeds: Those that the figures rest on, in order.
        mean_a: Mean of the first cell, in the outcome's units.
        mean_b: Mean of the second.
        difference: mean_a - mean_b (the mean paired difference).
        low: Lower end of its t interval (Welch's where nothing is paired) or its confidence
            sequence, at level 1 - alpha, not adjusted for the family.
        high: Upper end.
        hedges_g: Standardised difference (`effects.hedges_g`).
        correlation: Correlation of the two cells over seeds, which pairing relies on.
        wins: Pairs in which the first cell is better.
        ties: Pairs of equal values.
        losses: Pairs in which the second is better.
        e: Largest e-value so far (anytime).
        p: 1 over the same (anytime).
        p_t: Two-sided p of the t test (fixed).
        p_exact: Two-sided p of the exact sign-flip test (fixed); NaN where nothing is paired.
        p_exact_adjusted: The same adjusted over the family.
        p_adjusted: What the verdict rests on, adjusted over the family: `p`, or `p_t`, with
            cautious degrees of freedom where nothing is paired (`contrast.cautious`).
        margin: Declared equivalence margin, or NaN.
        p_equivalence: p of two one-sided tests, or NaN.
        p_equivalence_adjusted: The same adjusted over the family.
        detectable: Smallest true difference that this design detects with the declared power,
            whatever the others show: at Holm's first step (fixed).
        floor: Smallest two-sided p that these seeds can give: the exact test's, or that of the
            largest possible e-value.
        needed: p that it must reach, after those of the others that are decided.
        seeds_needed: Seeds with which the verdict becomes attainable; None where it is.
        note: What else a reader must know; often empty.
        evidence: The e-values after each of `seeds` (anytime), or None.
    """

    verdict: Verdict
    reason: str
    inference: Inference
    design: str
    n: int
    n_a: int
    n_b: int
    dropped: int
    seeds: tuple[int, ...]
    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    hedges_g: float
    correlation: float
    wins: int
    ties: int
    losses: int
    e: float
    p: float
    p_t: float
    p_exact: float
    p_exact_adjusted: float
    p_adjusted: float
    margin: float
    p_equivalence: float
    p_equivalence_adjusted: float
    detectable: float
    floor: float
    needed: float
    seeds_needed: int | None
    note: str
    evidence: Evidence | None = None


def compare(
    questions: Sequence[Question],
    *,
    alpha: float = 0.05,
    correction: str = "holm",
    inference: Inference = "fixed",
    power: float = 0.8,
) -> list[Comparison]:
    """Decide a declared family of comparisons; `verdicts` states the rule.

    Args:
        questions: The whole family, those without runs included.
        alpha: Family-wise error rate, in (0, 1).
        correction: `holm`, or `none`.
        inference: `fixed`: the number of seeds was fixed before any was seen. `anytime`: seeds may
            be added after looking; the samples are pairs, in an order fixed beforehand.
        power: At which the minimum detectable difference is given.

    Returns:
        One comparison a question, in order.

    Raises:
        ValueError: If the inference is anytime and a sample is not paired.
    """
    if not questions:
        return []
    contrasts = [difference(question.sample) for question in questions]
    tests = [
        test_of(question.sample, inference, contrast)
        for question, contrast in zip(questions, contrasts, strict=True)
    ]
    fixed = inference == "fixed"
    p_sure, p_exact, p_equivalence, backed, backed_equivalence = [], [], [], [], []
    for question, test in zip(questions, tests, strict=True):
        sample = question.sample
        tested = sample.n > 1 and not sample.identical
        margin = question.margin if tested else None
        exact = fixed and tested and sample.paired
        p_sure.append(test.p if tested else nan)
        p_exact.append(sign_flip(sample.differences) if exact else nan)
        p_equivalence.append(nan if margin is None else test.p_within(-margin, margin))
        backed.append(p_exact[-1] if exact else held(p_sure[-1], _floor(sample, test)))
        backed_equivalence.append(held(p_equivalence[-1], _floor(sample, test, sides=1)))
    needed = needed_among(backed, alpha, correction)
    needed_equivalence = needed_among(backed_equivalence, alpha, correction)
    floors = [_floor(of.sample, test) for of, test in zip(questions, tests, strict=True)]
    floors_equivalence = [
        _floor(of.sample, test, sides=1) for of, test in zip(questions, tests, strict=True)
    ]
    p_values = zip(
        p_sure,
        _adjust_attainable(p_sure, floors, needed, correction),
        p_exact,
        adjust(p_exact, correction),
        p_equivalence,
        _adjust_attainable(p_equivalence, floors_equivalence, needed_equivalence, correction),
        needed,
        needed_equivalence,
        strict=True,
    )
    first_step = needed_p(alpha, len(questions), correction)
    found = []
    for question, contrast, test, p in zip(questions, contrasts, tests, p_values, strict=True):
        sample = question.sample
        it = _comparison(question, contrast, test, _PValues(*p), alpha)
        if fixed and contrast.error > 0:
            it = replace(it, detectable=detectable_difference(sample, first_step, power))
        gain = it.difference if question.higher_is_better else -it.difference
        notes = [
            sample.note,
            welch_note(contrast, alpha) if fixed else "",
            *_notes(it, alpha, gain),
        ]
        family = len(questions) if correction == "holm" else 1
        reason = _reason(it, family, round(alpha / it.needed))
        found.append(replace(it, reason=reason, note="; ".join(filter(None, notes))))
    return found


class _PValues(NamedTuple):
    unadjusted: float
    adjusted: float
    exact: float
    exact_adjusted: float
    equivalence: float
    equivalence_adjusted: float
    needed: float
    needed_equivalence: float


def _floor(sample: Sample, test: Test, sides: int = 2) -> float:
    """Return the smallest p that these values allow.

    Pairs of equal values say nothing about "no difference", but they do count in a test of
    equivalence, whose null is not zero.
    """
    if not sample.paired:
        return test.contrast.floor * sides / 2 if isinstance(test, Fixed) else 1.0
    all_count = sides == 1 or sample.identical
    return floor(sample.n if all_count else sample.differing, test.inference, sides)


def _adjust_attainable(
    p_values: Sequence[float], floors: Sequence[float], needed: Sequence[float], correction: str
) -> list[float]:
    """Return adjusted p-values; an unattainable one counts as 1 for all the others.

    Its own is what it would be if it did count.
    """
    counts = [
        lowest <= least * UP_TO_ROUNDING for lowest, least in zip(floors, needed, strict=True)
    ]
    of_all = adjust(p_values, correction)
    of_those = adjust([p if c else nan for p, c in zip(p_values, counts, strict=True)], correction)
    return [p if c else q for p, q, c in zip(of_those, of_all, counts, strict=True)]


def _comparison(
    question: Question, contrast: Contrast, test: Test, p: _PValues, alpha: float
) -> Comparison:
    """Return the figures and the verdict, still without words."""
    sample, sign = question.sample, 1 if question.higher_is_better else -1
    evidence = test.evidence if isinstance(test, Anytime) else None
    side = contrast.estimate if evidence is None else evidence.side(p.needed)
    lowest = _floor(sample, test)
    verdict = decide(
        n=sample.n,
        identical=sample.identical,
        advantage=sign * side,
        p=p.adjusted,
        floor=lowest,
        p_equivalence=p.equivalence_adjusted,
        floor_equivalence=_floor(sample, test, sides=1),
        alpha=alpha,
        needed=p.needed,
        needed_equivalence=p.needed_equivalence,
    )
    low, high = test.interval(1 - alpha)
    gains = sign * sample.differences if sample.paired else np.empty(0)
    return Comparison(
        verdict=verdict,
        reason="",
        inference=test.inference,
        design="paired" if sample.paired else "independent",
        n=sample.n,
        n_a=sample.a.size,
        n_b=sample.b.size,
        dropped=sample.dropped,
        seeds=sample.seeds,
        mean_a=_mean(sample.a),
        mean_b=_mean(sample.b),
        difference=contrast.estimate,
        low=low,
        high=high,
        hedges_g=hedges_g(sample),
        correlation=seed_correlation(sample),
        wins=int(np.count_nonzero(gains > 0)),
        ties=int(np.count_nonzero(gains == 0)),
        losses=int(np.count_nonzero(gains < 0)),
        e=nan if evidence is None else 1 / evidence.p,
        p=nan if evidence is None else p.unadjusted,
        p_t=p_unequal(contrast) if evidence is None and contrast.error > 0 else nan,
        p_exact=p.exact,
        p_exact_adjusted=p.exact_adjusted,
        p_adjusted=p.adjusted,
        margin=nan if question.margin is None else question.margin,
        p_equivalence=p.equivalence,
        p_equivalence_adjusted=p.equivalence_adjusted,
        detectable=nan,
        floor=lowest,
        needed=p.needed,
        seeds_needed=_seeds_needed(sample, test, p.needed) if verdict == "unattainable" else None,
        note="",
        evidence=evidence,
    )


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else nan


def _seeds_needed(sample: Sample, test: Test, needed: float) -> int:
    """Return the seeds that reach the needed p, if the same share of the pairs differs then."""
    least = seeds_needed(needed, test.inference, paired=sample.paired_by_design)
    if sample.n == 0 or sample.identical or sample.differing == 0:
        return least
    return ceil(least * sample.n / sample.differing)


def _reason(it: Comparison, family: int, left: int) -> str:
    """Say why, in a family of which `left` remain once Holm has decided the others."""
    unit = "pairs" if it.design == "paired" else "runs a cell"
    fixed = it.inference == "fixed"
    over = f" over {family} comparisons" if family > 1 else ""
    if 1 < left < family:
        over = f" over the {left} of {family} comparisons that are left"
    elif left < family:
        others, verb = f"others' {'exact tests' if fixed else 'e-values'}", "are"
        if family == 2:
            others, verb = f"other's {'exact test' if fixed else 'e-value'}", "is"
        over = f" once the {others} {verb} counted"
    if it.n == 0:
        return f"No values to compare yet; {it.seeds_needed} seeds are needed{over}."
    if it.n == 1:
        return f"One seed shows no spread; {it.seeds_needed} are needed{over}."
    if it.verdict == "inconclusive" and it.ties == it.n:
        return f"Identical so far in all {it.n} pairs, so there is nothing to test."
    if it.verdict == "unattainable":
        differing = it.n - it.ties
        few = f"{it.n} {unit}" if not it.ties else f"{it.n} pairs, of which {differing} differ,"
        if it.inference == "anytime":
            return (
                f"With {few} no e-value can exceed {1 / it.floor:.3g}, and {1 / it.needed:.3g} is "
                f"needed{over}; about {it.seeds_needed} seeds can reach it."
            )
        return (
            f"With {few} no exact test can go below p = {it.floor:.3g}, and {it.needed:.3g} is "
            f"needed{over}; about {it.seeds_needed} seeds can reach it."
        )
    if it.verdict == "equivalent":
        how = "TOST" if it.inference == "fixed" else "two one-sided e-processes"
        return (
            f"The difference lies within {it.margin:.4g} of zero "
            f"({how}, adjusted p = {it.p_equivalence_adjusted:.3g})."
        )
    figure = signed(it.difference)
    if isfinite(it.low):
        figure += f" [{signed(it.low)}, {signed(it.high)}]"
    adjusted = "adjusted p" if family > 1 else "p"
    if it.inference == "anytime":
        adjusted = f"e = {it.e:.3g}, {adjusted}"
    if it.verdict == "inconclusive":
        return (
            f"A difference of {figure} over {it.n} {unit} is not shown to differ from zero "
            f"({adjusted} = {it.p_adjusted:.3g})."
        )
    return f"The difference is {figure} over {it.n} {unit} ({adjusted} = {it.p_adjusted:.3g})."


def _notes(it: Comparison, alpha: float, gain: float) -> list[str]:
    """Say what else a reader must know; a gain above zero is the first cell's."""
    notes = []
    fixed = it.inference == "fixed"
    if it.n > 1 and isnan(it.low) and it.ties < it.n:
        notes.append(
            "nothing varies between seeds, so the p is the exact test's"
            if fixed
            else "at this level every centre is rejected, so there is no interval"
        )
    if not fixed and it.verdict in ("better", "worse") and isinf(it.low) and isinf(it.high):
        notes.append(f"{it.n} pairs cannot bound the difference yet at this level")
    if it.verdict in ("better", "worse") and gain * (1 if it.verdict == "better" else -1) < 0:
        notes.append("the first seeds decided it, and the mean difference now points the other way")
    if fixed and 1 < it.n < FEW_SEEDS and it.verdict != "unattainable":  # its reason says so
        notes.append(f"fewer than {FEW_SEEDS} seeds")
    if (
        it.verdict == "equivalent"
        and it.p_adjusted <= alpha
        and it.floor <= it.needed * UP_TO_ROUNDING
    ):
        notes.append("the difference is not zero, but within the margin")
    exact = f"(adjusted p = {it.p_exact_adjusted:.3g})"
    if it.verdict in ("better", "worse") and it.p_exact_adjusted > alpha:
        notes.append(f"the exact test alone would not decide {exact}")
    if it.verdict == "inconclusive" and it.p_exact_adjusted <= alpha:
        notes.append(f"the exact test alone would decide {exact}")
    if it.correlation < 0:
        notes.append("the cells' seeds correlate negatively, so pairing gains nothing")
    return notes
