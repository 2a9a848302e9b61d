"""Comparisons and claims that may be looked at after every seed."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.statistics import Part, Question, compare, judge, match, pairs
from suite.statistics.evidence import confidence_sequence, highest
from suite.statistics.inference import floor, seeds_needed
from tests.reference import evidence as plain

SIZE = st.sampled_from([0.1, 0.5, 1.0, 1.0, 2.0, 7.0])
DIFFERENCE = st.one_of(st.just(0.0), SIZE, SIZE, SIZE.map(lambda size: -size))
FAMILY = st.lists(st.lists(DIFFERENCE, max_size=14), min_size=1, max_size=4)


def of_differences(x):
    x = np.asarray(x, dtype=float)
    return pairs(x, np.zeros(len(x)))


def anytime(*differences, margin=None, alpha=0.05):
    questions = [Question(of_differences(x), margin=margin) for x in differences]
    return compare(questions, alpha=alpha, inference="anytime")


def test_ten_wins_in_ten_by_hand():
    # Signs alone, mixed over the chance of a win: 2^10 / 11. Sizes are worth more: 291.97.
    assert plain.signs_mixture(10, 0) == pytest.approx(93.09, abs=0.01)
    (found,) = anytime([1.0] * 10)
    assert (found.verdict, found.seeds, found.inference) == ("better", tuple(range(10)), "anytime")
    assert found.e == pytest.approx(291.97, abs=0.01)
    assert found.p == found.p_adjusted == pytest.approx(1 / 291.97, rel=1e-4)
    assert f"e = {found.e:.3g}" in found.reason


def test_holm_by_hand():
    # p = 1/291.97 and, for six equal ones, one over (6.9 + 29.9 + 63.1 + 64) / 8 = 20.49.
    strong, weak = anytime([1.0] * 10, [-1.0] * 6)
    assert strong.p_adjusted == pytest.approx(2 / 291.97, rel=1e-4)
    assert weak.p_adjusted == weak.p == pytest.approx(1 / 20.488, rel=1e-4)
    assert (strong.verdict, weak.verdict) == ("better", "worse")


def test_equivalence_by_hand():
    # Against either bound ten equal wins of one side: p = 1 / 583.9.
    (found,) = anytime([0.01] * 10, margin=0.02)
    assert found.p_equivalence == pytest.approx(1 / 583.9, rel=1e-3)
    assert found.verdict == "equivalent"
    assert "two one-sided e-processes" in found.reason


def test_five_seeds_are_too_few_and_the_sentence_gives_the_largest_e_value():
    (found,) = anytime([1.0] * 5)
    assert found.verdict == "unattainable"
    assert found.floor == pytest.approx(1 / highest(5))
    assert found.seeds_needed == 6
    assert "no e-value can exceed" in found.reason
    assert "20 is needed" in found.reason


def test_ties_do_not_count_towards_what_can_be_reached():
    (found,) = anytime([1.0, 0.0] * 5)
    assert found.verdict == "unattainable"
    assert found.seeds_needed == 12
    assert "10 pairs, of which 5 differ" in found.reason


def test_the_interval_is_the_confidence_sequence():
    x = np.random.default_rng(8).normal(1, 1, 12)
    (found,) = anytime(x)
    assert (found.low, found.high) == pytest.approx(confidence_sequence(x))
    assert math.isinf(anytime(x[:4])[0].low)


def test_what_the_fixed_tests_say_is_not_given():
    (found,) = anytime(np.random.default_rng(8).normal(1, 1, 12), margin=0.1)
    for name in ("p_t", "p_exact", "p_exact_adjusted", "detectable"):
        assert math.isnan(getattr(found, name)), name


def test_independent_samples_are_refused():
    sample = match({1: 0.5, 2: 0.6}, {3: 0.5, 4: 0.4})
    with pytest.raises(ValueError, match="pairs"):
        compare([Question(sample)], inference="anytime")
    with pytest.raises(ValueError, match="pairs"):
        judge([[Part(sample, "higher")]], inference="anytime")


def test_few_shared_seeds_stay_pairs():
    a, b = dict.fromkeys(range(8), 0.5), dict.fromkeys(range(6, 14), 0.4)
    assert not match(a, b).paired
    kept = match(a, b, inference="anytime")
    assert (kept.paired, kept.n, kept.seeds) == (True, 2, (6, 7))


@settings(deadline=None, max_examples=30)
@given(FAMILY)
def test_verdicts_are_those_of_the_plain_restatement(family):
    found = anytime(*family, margin=0.3)
    names = {"better": "higher", "worse": "lower", "equivalent": "equivalent"}
    assert [names.get(it.verdict, "nothing") for it in found] == plain.shown(family, 0.3, 0.05)


@settings(deadline=None, max_examples=30)
@given(st.lists(DIFFERENCE, min_size=2, max_size=16))
def test_no_p_is_below_what_the_evidence_allows(x):
    (found,) = anytime(x, margin=0.3)
    differing = sum(value != 0 for value in x)
    if differing:
        assert found.p >= found.floor * (1 - 1e-9)
        assert found.floor >= min(1.0, 2 / 2**differing) * (1 - 1e-9)
        assert found.p_equivalence >= 1 / highest(len(x), 1) * (1 - 1e-9)
    else:
        assert found.verdict == "inconclusive"
        assert math.isnan(found.p_adjusted)


@given(st.integers(2, 16), st.sampled_from([1e-9, 0.02, 3.0]))
def test_a_constant_difference_is_worth_no_more_than_its_signs_allow(n, size):
    (found,) = anytime([size] * n)
    assert found.p >= min(1.0, 2 / 2**n)
    assert (found.verdict == "better") == (n >= 6)


@given(st.lists(DIFFERENCE, max_size=14), st.lists(DIFFERENCE, max_size=4))
@settings(deadline=None, max_examples=30)
def test_what_is_decided_stays_decided(x, more):
    before, after = anytime(x)[0], anytime([*x, *more])[0]
    if before.verdict in ("better", "worse"):
        assert after.p_adjusted <= before.p_adjusted
        assert after.verdict == before.verdict


def test_later_seeds_that_speak_for_the_other_side_turn_no_verdict():
    for against, pointing in ((0, ""), (15, "now points the other way"), (60, "the other way")):
        (found,) = anytime([1.0] * 7 + [-1.0] * against)
        assert found.verdict == "better"
        assert pointing in found.note


def test_a_claim_needs_all_of_its_parts():
    plain_to_see, nothing = [1.0] * 10, [1.0, -1.0] * 5
    parts = [Part(of_differences(x), "higher") for x in (plain_to_see, nothing)]
    first, both = judge([parts[:1], parts], inference="anytime")
    # One side holds 583.9, and both sides are counted.
    assert first.p_for == pytest.approx(2 / 583.9, rel=1e-3)
    assert first.verdict == "supported"
    assert both.verdict == "inconclusive"
    assert both.p_for == both.parts[1].p_for


def test_a_claim_is_contradicted_by_one_part():
    parts = [Part(of_differences(x), "higher") for x in ([1.0] * 12, [-1.0] * 12)]
    (found,) = judge([parts], inference="anytime")
    assert found.verdict == "contradicted"


def test_savings_are_tested_seed_by_seed():
    used = np.array([640.0, 641, 642, 639, 640, 643, 638, 641, 640, 642])
    part = Part(pairs(used, np.full(10, 1000.0)), "saves", margin=0.02, share=0.36)
    (found,) = judge([[part]], inference="anytime")
    assert found.verdict == "supported"
    assert found.p_for >= 1 / highest(10, 1)
    (wrong,) = judge([[Part(part.sample, "saves", margin=0.02, share=0.5)]], inference="anytime")
    assert wrong.verdict == "contradicted"


def test_a_claim_on_too_few_seeds_is_unattainable():
    (found,) = judge([[Part(of_differences([1.0] * 5), "higher")]], inference="anytime")
    assert (found.verdict, found.seeds_needed) == ("unattainable", 6)
    (found,) = judge(
        [[Part(of_differences([0.001] * 5), "equivalent", margin=0.1)]], inference="anytime"
    )
    assert found.verdict == "supported"  # one side over 5 pairs can reach 20


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("p", [0.05, 0.01, 0.001])
def test_fewest_seeds(p, sides):
    n = seeds_needed(p, "anytime", sides=sides)
    assert floor(n, "anytime", sides) <= p < floor(n - 1, "anytime", sides)
    assert n >= seeds_needed(p, "fixed", sides=sides)
