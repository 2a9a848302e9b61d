"""How often the whole procedure is wrong: 2,000 simulated families, from values to verdicts.

Every figure comes from a fixed seed, so a failure is a change of the procedure and not bad luck.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from suite.statistics import Part, Question, compare, judge, match, pairs
from suite.statistics.power import detectable_effect

pytestmark = pytest.mark.slow

FAMILIES = 2_000
ALPHA = 0.05


def at_most(count, rate, trials=FAMILIES):
    """Whether so many of the trials are compatible with a true rate of at most `rate`."""
    return binomtest(int(count), trials, rate, alternative="greater").pvalue > 0.01


def paired_null(generator, n, spreads):
    """Cells that share seeds (correlation about 0.6) and differ in nothing but spread."""
    shared = generator.normal(0.66, 0.004, n)
    baseline = shared + generator.normal(0, 0.003, n)
    return [pairs(shared + generator.normal(0, 0.003 * s, n), baseline) for s in spreads]


def independent_null(generator, n, spreads, baselines=None):
    """Cells that share no seed; the baseline may have more runs than the others."""
    runs = baselines or n
    baseline = dict(enumerate(generator.normal(0.66, 0.003, runs)))
    return [
        match(dict(enumerate(generator.normal(0.66, 0.003 * s, n), start=100)), baseline)
        for s in spreads
    ]


def decide(make, *arguments, margin=None, alpha=ALPHA):
    generator = np.random.default_rng(2022)
    return [
        compare(
            [Question(sample, margin=margin) for sample in make(generator, *arguments)],
            alpha=alpha,
        )
        for _ in range(FAMILIES)
    ]


UNEQUAL = (1, 4)


@pytest.mark.parametrize(
    ("make", "arguments"),
    [
        (paired_null, (10, UNEQUAL)),
        (paired_null, (5, UNEQUAL)),
        (independent_null, (10, UNEQUAL)),
        (independent_null, (5, UNEQUAL)),
        (independent_null, (5, (3, 3, 3), 10)),
    ],
)
def test_a_family_without_differences(make, arguments):
    families = decide(make, *arguments)
    wrong = sum(
        any(found.verdict in ("better", "worse") for found in family) for family in families
    )
    assert wrong / FAMILIES <= ALPHA
    everything = [found for family in families for found in family]
    covered = np.mean([found.low <= 0 <= found.high for found in everything])
    assert 0.93 <= covered <= 0.97
    unattainable = np.mean([found.verdict == "unattainable" for found in everything])
    assert unattainable == (make is paired_null and arguments[0] == 5)


def test_five_pairs_at_a_level_that_they_can_reach():
    families = decide(paired_null, 5, (1,), alpha=0.1)
    wrong = sum(found.verdict in ("better", "worse") for (found,) in families)
    assert at_most(wrong, 0.1)
    assert wrong / FAMILIES > 0.08  # and no cheaper than it says


def test_a_difference_is_found_as_often_as_power_says():
    difference = detectable_effect(10, ALPHA, power=0.8) * 0.003 * 2**0.5

    def shifted(generator):
        (null,) = paired_null(generator, 10, (1,))
        return [replace(null, a=null.a + difference)]

    found = [found.verdict == "better" for (found,) in decide(shifted)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    ("null", "n"), [(paired_null, 5), (independent_null, 5), (independent_null, 10)]
)
def test_a_difference_at_the_margin_is_rarely_called_equivalent(null, n):
    margin = 0.01

    def at_the_margin(generator):
        (sample,) = null(generator, n, (1,))
        return [replace(sample, a=sample.a + margin)]

    families = decide(at_the_margin, margin=margin)
    wrong = sum(found.verdict == "equivalent" for (found,) in families)
    assert at_most(wrong, ALPHA)


def test_a_family_at_the_margin_is_rarely_called_equivalent():
    def at_the_margin(generator):
        nulls = paired_null(generator, 10, (1, 1))
        return [replace(sample, a=sample.a + 0.01) for sample in nulls]

    families = decide(at_the_margin, margin=0.01)
    wrong = sum(any(found.verdict == "equivalent" for found in family) for family in families)
    assert wrong / FAMILIES <= ALPHA


def test_alpha_bounds_wrong_differences_and_wrong_equivalences_each():
    """Nothing, a difference as large as the margin, and one far within it, in one family.

    The exact ones among them are found, so Holm asks less and less of those that are wrong.
    """
    margin, wrong, either = 0.01, {"difference": 0, "equivalence": 0}, 0
    generator = np.random.default_rng(2022)
    for _ in range(FAMILIES):
        base = generator.normal(0.66, 0.004, 10)
        shifts = [generator.normal(0, 0.02, (2, 10))]
        shifts.append(margin + generator.normal(0, 0.002, (2, 10)))
        shifts.append(generator.normal(0.003, 0.0005, (4, 10)))
        samples = [pairs(base + shift, base) for shift in np.concatenate(shifts)]
        verdicts = [it.verdict for it in compare([Question(s, margin=margin) for s in samples])]
        difference = any(verdict in ("better", "worse") for verdict in verdicts[:2])
        equivalence = "equivalent" in verdicts[2:4]
        wrong["difference"] += difference
        wrong["equivalence"] += equivalence
        either += difference or equivalence
        assert set(verdicts[4:]) == {"equivalent"}
    assert all(at_most(count, ALPHA) for count in wrong.values())
    assert at_most(either, 2 * ALPHA)
    assert either / FAMILIES > ALPHA  # alpha alone does not bound the two together


def test_cells_that_share_few_seeds_are_wrong_no_more_often():
    """Three of seven seeds are shared, and correlate: Welch, which does not know, is cautious."""
    generator = np.random.default_rng(2022)
    wrong = 0
    for _ in range(FAMILIES):
        seeds = generator.normal(0.66, 0.004, 11)
        first = dict(enumerate(seeds[:7] + generator.normal(0, 0.003, 7)))
        second = dict(enumerate(seeds[4:] + generator.normal(0, 0.006, 7), start=4))
        sample = match(first, second)
        assert not sample.paired
        (found,) = compare([Question(sample)])
        wrong += found.verdict in ("better", "worse")
    assert at_most(wrong, ALPHA)


def judged(make):
    generator = np.random.default_rng(2022)
    return [judge(make(generator)) for _ in range(FAMILIES)]


def test_claims_of_which_one_part_is_false_are_rarely_decided():
    """Each of three claims has one part that is plain to see, and one with nothing in it."""

    def claims(generator):
        found = []
        for _ in range(3):
            plain, nothing = paired_null(generator, 10, (1, 1))
            found.append(
                [Part(replace(plain, a=plain.a + 0.02), "higher"), Part(nothing, "higher")]
            )
        return found

    wrong = sum(
        any(claim.verdict in ("supported", "contradicted") for claim in family)
        for family in judged(claims)
    )
    assert wrong / FAMILIES <= ALPHA


def test_a_saving_at_the_edge_of_its_margin_is_rarely_supported_or_contradicted():
    def claims(generator):
        all_ = generator.normal(341_440, 580, 10)
        kept = all_ * (1 - 0.38) + generator.normal(0, 900, 10)
        return [[Part(pairs(kept, all_), "saves", margin=0.02, share=0.36)]]

    verdicts = [claim.verdict for (claim,) in judged(claims)]
    assert at_most(verdicts.count("supported"), ALPHA)
    assert at_most(verdicts.count("contradicted"), ALPHA / 2)


def test_a_claim_that_is_true_is_rarely_contradicted():
    def claims(generator):
        parts = paired_null(generator, 10, (1, 2, 3))
        return [[Part(sample, "equivalent", margin=1e-9) for sample in parts]]

    verdicts = [claim.verdict for (claim,) in judged(claims)]
    assert at_most(verdicts.count("contradicted"), ALPHA)
