"""Families of comparisons: the rule, its order, and data on which there is little to say."""

import dataclasses
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from suite.statistics import Question, compare, match, pairs
from suite.statistics.power import detectable_difference
from suite.statistics.verdicts import decide

BASE = np.random.default_rng(4).normal(0.66, 0.004, 10)
NOISE = np.random.default_rng(5).normal(0, 0.003, 10)


def only(sample, **options):
    higher = options.pop("higher_is_better", True)
    margin = options.pop("margin", None)
    (found,) = compare([Question(sample, higher, margin)], **options)
    return found


def test_better_and_worse_follow_the_direction_of_the_outcome():
    up = pairs(BASE + 0.01 + NOISE, BASE)
    assert only(up).verdict == "better"
    assert only(up, higher_is_better=False).verdict == "worse"
    down = pairs(BASE - 0.01 + NOISE, BASE)
    assert only(down).verdict == "worse"
    assert only(down, higher_is_better=False).verdict == "better"


def test_the_figures_of_one_comparison():
    a, b = BASE + 0.005 + NOISE, BASE
    found = only(pairs(a, b), margin=0.02)
    expected = stats.ttest_rel(a, b)
    assert (found.mean_a, found.mean_b) == (pytest.approx(a.mean()), pytest.approx(b.mean()))
    assert found.difference == pytest.approx((a - b).mean())
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval()))
    assert found.p_t == found.p_adjusted == pytest.approx(expected.pvalue)
    assert found.p_exact == pytest.approx(
        stats.permutation_test((a - b,), np.sum, permutation_type="samples").pvalue
    )
    assert (found.n, found.n_a, found.n_b, found.dropped) == (10, 10, 10, 0)
    assert (found.wins + found.ties + found.losses, found.ties) == (10, 0)
    assert found.wins == np.count_nonzero(a > b)
    assert found.correlation == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert (found.floor, found.needed, found.seeds_needed) == (2 / 2**10, 0.05, None)


def test_holm_runs_over_the_declared_family():
    strong, weak = pairs(BASE + 0.01 + NOISE, BASE), pairs(BASE + 0.0025 + NOISE, BASE)
    assert only(weak).verdict == "better"
    family = compare([Question(weak)] + 4 * [Question(pairs(BASE + NOISE - NOISE.mean(), BASE))])
    assert family[0].verdict == "inconclusive"
    assert family[0].p_adjusted == pytest.approx(5 * family[0].p_t)
    # Once the strong one is decided, the weak one needs less.
    assert [found.verdict for found in compare([Question(weak), Question(strong)])] == [
        "better",
        "better",
    ]
    assert compare([]) == []


@pytest.mark.parametrize(("by", "verdict"), [(0.01, "better"), (-0.01, "worse"), (0.0, "")])
def test_a_plain_comparison_needs_no_note(by, verdict):
    found = only(pairs(BASE + by + NOISE, BASE))
    assert found.verdict == (verdict or "inconclusive")
    assert found.note == ""


def test_without_correction_each_stands_alone():
    questions = [Question(pairs(BASE + 0.0025 + NOISE, BASE))] * 5
    assert {found.verdict for found in compare(questions, correction="none")} == {"better"}
    assert {found.needed for found in compare(questions, correction="none")} == {0.05}


def test_five_seeds_are_unattainable_however_large_the_difference():
    found = only(pairs(BASE[:5] + 1 + NOISE[:5], BASE[:5]))
    assert found.verdict == "unattainable"
    assert found.p_t < 1e-6
    assert (found.floor, found.seeds_needed) == (0.0625, 6)
    assert found.detectable == math.inf
    assert "no exact test can go below p = 0.0625, and 0.05 is needed" in found.reason


def test_a_larger_family_needs_more_seeds():
    six = Question(pairs(BASE[:6] + 1 + NOISE[:6], BASE[:6]))
    assert compare([six])[0].verdict == "better"
    (found, _) = compare([six, six])
    assert (found.verdict, found.seeds_needed) == ("unattainable", 7)
    assert "over 2 comparisons" in found.reason


def family_of_nine(strong=8):
    """Nine comparisons, all but the last over ten pairs; so many of the first are plain to see."""
    generator = np.random.default_rng(0)
    tens = [pairs(generator.normal(0.7, 0.001, 10), BASE / 100 + 0.6) for _ in range(strong)]
    tens += [pairs(BASE + NOISE - NOISE.mean(), BASE)] * (8 - strong)
    return [Question(sample) for sample in (*tens, pairs(BASE[:8] + 0.1 + NOISE[:8], BASE[:8]))]


def test_once_the_others_are_decided_fewer_seeds_will_do():
    last = compare(family_of_nine())[-1]
    assert last.floor > 0.05 / 9  # Holm's first step is out of reach for eight pairs
    assert last.p_exact_adjusted <= 0.05
    assert (last.verdict, last.needed) == ("better", 0.05)
    few = compare(family_of_nine(strong=1))[-1]
    assert (few.verdict, few.needed) == ("unattainable", pytest.approx(0.05 / 8))
    figures = re.findall(r"[\d.]*\d", few.reason)
    assert figures == ["8", "0.00781", "0.00625", "8", "9", "9"]  # pairs, floor, needed, ..., seeds


def test_equivalence_too_needs_less_once_others_are_equivalent():
    same = [Question(pairs(BASE + NOISE - NOISE.mean(), BASE), margin=0.01)] * 2
    five = Question(pairs(BASE[:5] + NOISE[:5] / 100, BASE[:5]), margin=0.01)
    assert [found.verdict for found in compare([*same, five])] == 3 * ["equivalent"]
    wide = [Question(pairs(BASE + NOISE - NOISE.mean(), BASE), margin=0.001)] * 2
    assert compare([*wide, five])[-1].verdict == "unattainable"


@pytest.mark.parametrize("margin", [None, 0.0035])
def test_an_unattainable_comparison_lends_the_others_nothing(margin):
    """Its tiny p rests on normality alone, so that Holm must not count it as decided."""
    three = pairs(BASE[:3] + 0.001 + NOISE[:3] / 1000, BASE[:3])
    by = 0.0023 if margin is None else 0.0016
    weak = pairs(BASE + by + NOISE - NOISE.mean(), BASE)
    alone = only(weak, margin=margin)
    assert alone.verdict == ("better" if margin is None else "equivalent")
    beside = {}
    for name, sample in (("three", three), ("none", pairs([], []))):
        lent, beside[name] = compare([Question(of, margin=margin) for of in (sample, weak)])
        assert lent.verdict == "unattainable"
    assert beside["three"].verdict == beside["none"].verdict == "inconclusive"
    name = "p_adjusted" if margin is None else "p_equivalence_adjusted"
    assert getattr(beside["three"], name) == pytest.approx(2 * getattr(alone, name))


def test_equivalent_within_a_declared_margin_alone():
    sample = pairs(BASE + NOISE - NOISE.mean(), BASE)
    assert only(sample).verdict == "inconclusive"
    assert only(sample, margin=0.005).verdict == "equivalent"
    assert only(sample, margin=0.001).verdict == "inconclusive"
    assert math.isnan(only(sample).p_equivalence)


def test_a_difference_that_is_sure_but_too_small_to_matter_is_equivalent():
    found = only(pairs(BASE + 0.001 + NOISE / 30, BASE), margin=0.005)
    assert found.verdict == "equivalent"
    assert found.p_adjusted < 0.001
    assert "not zero, but within the margin" in found.note


def test_equivalence_asks_for_seeds_as_well():
    tight = pairs(BASE[:4] + NOISE[:4] / 1000, BASE[:4])
    assert only(tight, margin=0.1).verdict == "unattainable"  # one-sided floor 1/2^4 = 0.0625
    five = pairs(BASE[:5] + NOISE[:5] / 1000, BASE[:5])
    assert only(five, margin=0.1).verdict == "equivalent"


def test_identical_so_far_is_not_tested():
    found = only(pairs(BASE, BASE), margin=0.005)
    assert found.verdict == "inconclusive"
    assert "dentical" in found.reason and "10 pairs" in found.reason
    for name in ("p_t", "p_exact", "p_adjusted", "p_equivalence", "low", "detectable"):
        assert math.isnan(getattr(found, name))
    assert found.ties == 10


def test_pairs_that_are_identical_tell_the_exact_test_nothing():
    a = BASE.copy()
    a[:3] += 0.01 + NOISE[:3]
    found = only(pairs(a, BASE))
    assert found.verdict == "unattainable"
    assert (found.ties, found.floor) == (7, 0.25)
    assert found.seeds_needed == 20  # 6 pairs that differ, of which 3 in 10 do
    assert "of which 3 differ" in found.reason


def test_one_constant_difference_is_decided_by_the_exact_test():
    found = only(pairs(BASE + 0.01, BASE))
    assert found.verdict == "better"
    assert found.p_adjusted == found.p_exact == 2 / 2**10
    assert math.isnan(found.p_t)
    assert "nothing varies" in found.note


@pytest.mark.parametrize(("n", "words"), [(0, "No values to compare"), (1, "One seed shows")])
def test_less_than_two_pairs(n, words):
    found = only(pairs(BASE[:n], BASE[:n] + 1), margin=0.1)
    assert found.verdict == "unattainable"
    assert found.seeds_needed == 6
    assert words in found.reason


def test_missing_seeds_are_counted_and_do_not_shrink_the_family():
    b = dict(enumerate(BASE))
    a = {seed: value + 0.01 + NOISE[seed] for seed, value in b.items()}
    a[3], a[4] = math.nan, math.inf
    questions = [Question(match(a, b, seeds=range(10))), Question(match({}, b, seeds=range(10)))]
    found, missing = compare(questions)
    assert (found.n, found.dropped, found.verdict) == (8, 2, "better")
    assert found.p_adjusted == pytest.approx(2 * found.p_t)
    assert (missing.n, missing.dropped, missing.verdict) == (0, 10, "unattainable")
    assert "2 of 10 declared pairs missing" in found.note


def test_independent_samples_are_decided_by_welch_with_a_note():
    a = dict(enumerate(BASE + 0.02))
    b = {seed + 100: value for seed, value in enumerate(BASE[:7] + NOISE[:7])}
    found = only(match(a, b))
    assert (found.design, found.verdict) == ("independent", "better")
    assert found.p_t == pytest.approx(
        stats.ttest_ind(list(a.values()), list(b.values()), equal_var=False).pvalue
    )
    assert found.p_adjusted > found.p_t
    assert math.isnan(found.p_exact)
    assert "Welch" in found.note


@pytest.mark.parametrize("alpha", [0.05, 0.1])
@pytest.mark.parametrize("others", [0, 3])
def test_intervals_and_detectable_differences_are_of_the_declared_level(alpha, others):
    generator = np.random.default_rng(2)
    x, y = generator.normal([0.6, 0.5], 0.05, (10, 2)).T
    question = Question(pairs(x, y))
    found = compare([question] * (1 + others), alpha=alpha)[0]
    expected = stats.ttest_rel(x, y).confidence_interval(1 - alpha)
    assert (found.low, found.high) == pytest.approx(tuple(expected))
    level = alpha / (1 + others)
    assert found.detectable == detectable_difference(question.sample, level, 0.8)
    assert found.detectable != detectable_difference(question.sample, 2 * level, 0.8)


def test_a_note_says_where_welchs_interval_and_the_verdict_part():
    a = dict(enumerate([3.42, 1.22, 2.59, 0.62, 4.12], start=100))
    b = dict(enumerate([0.3, -0.6, 0.4, 0.2, 1.5, 0.1, 0.7, -0.4, 0.9, 1.1]))
    found = only(match(a, b), alpha=0.04)
    sure = 2 * stats.t.sf(abs(found.difference / found_error(a, b)), 4)
    assert found.p_t < 0.04 < sure
    assert found.low > 0
    assert found.verdict == "inconclusive"
    assert f"smaller sample (p = {sure:.3g}" in found.note
    assert "smaller sample" not in only(match(a, b), alpha=0.2).note


def found_error(a, b):
    return math.sqrt(np.var(list(a.values()), ddof=1) / 5 + np.var(list(b.values()), ddof=1) / 10)


def test_a_fallback_to_welch_asks_for_the_seeds_of_the_declared_pairs():
    a, b = dict(enumerate(BASE[:5])), dict(enumerate(BASE[5:] + 0.02, start=50))
    questions = [Question(match(a, b)), *4 * [Question(match({}, b))]]
    found = compare(questions, alpha=0.01)
    assert found[0].design == "independent"
    assert {it.seeds_needed for it in found} == {10}  # 2/2^10 <= 0.01 / 5
    alone = Question(match(a, b, design="independent"))
    assert compare([alone], alpha=0.001)[0].seeds_needed == 7  # 2/C(14, 7), by design


def test_three_runs_against_three_are_unattainable():
    a, b = dict(enumerate([1.0, 1.1, 1.2])), dict(enumerate([9.0, 9.1, 9.2], start=50))
    found = only(match(a, b))
    assert (found.verdict, found.seeds_needed) == ("unattainable", 6)
    assert found.floor == pytest.approx(0.1)
    assert only(match(a, b, design="independent")).seeds_needed == 4


def test_a_note_says_where_the_exact_test_disagrees():
    # One pair against the many: the t test has no trouble with it, the exact test has.
    x = np.array([1.0, 1.1, 0.9, 1.05, 0.95, 1.0, -0.2])
    found = only(pairs(x, np.zeros(7)), alpha=0.01)
    assert found.verdict == "unattainable"
    found = only(pairs(x, np.zeros(7)), alpha=0.017)
    assert found.verdict == "better"
    assert "the exact test alone would not decide" in found.note


def test_negative_figures_have_the_sign_of_the_tables():
    found = only(pairs(BASE - 0.01 + NOISE, BASE))
    assert "The difference is −0.0" in found.reason
    assert "-0.0" not in found.reason


def test_few_seeds_and_a_negative_correlation_are_noted():
    sample = pairs([1.0, 2.0, 3.0, 4.0], [4.1, 3.0, 2.0, 1.5])
    found = only(sample, alpha=0.2)
    assert found.verdict == "inconclusive"
    assert "fewer than 6 seeds" in found.note
    assert "correlate negatively" in found.note
    few = only(sample)
    assert few.verdict == "unattainable"
    assert "4 pairs" in few.reason and "fewer than" not in few.note  # said once


FINITE = st.floats(-1e6, 1e6, allow_nan=False)
VALUE = st.one_of(FINITE, st.just(math.nan), st.just(math.inf), st.sampled_from([0.0, 1.0, 1e-300]))
CELL = st.dictionaries(st.integers(0, 8), VALUE, max_size=9)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    family=st.lists(
        st.tuples(CELL, CELL, st.sampled_from(["paired", "independent"])), min_size=1, max_size=4
    ),
    higher=st.booleans(),
    margin=st.sampled_from([None, 0.1, 10.0]),
)
def test_whatever_the_values_there_is_a_verdict_and_a_reason(family, higher, margin):
    questions = [
        Question(match(a, b, design=design, seeds=range(9)), higher, margin)
        for a, b, design in family
    ]
    for question, found in zip(questions, compare(questions), strict=True):
        assert found.verdict in ("better", "worse", "equivalent", "inconclusive", "unattainable")
        assert found.reason.endswith(".")
        assert (found.seeds_needed is not None) == (found.verdict == "unattainable")
        for name in ("p_t", "p_exact", "p_adjusted", "p_equivalence"):
            assert not getattr(found, name) <= 0
            assert not getattr(found, name) > 1
        if found.verdict in ("better", "worse"):
            assert (found.difference > 0) == ((found.verdict == "better") == higher)
            assert found.p_adjusted <= 0.05
            assert found.floor <= found.needed
        assert all(
            not isinstance(value, np.generic) for value in dataclasses.asdict(found).values()
        )
        assert question.sample.n == found.n


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "better"),
        ({"advantage": -1.0}, "worse"),
        ({"p": 0.06}, "inconclusive"),
        ({"p": math.nan}, "inconclusive"),
        ({"n": 1}, "unattainable"),
        ({"identical": True}, "inconclusive"),
        ({"floor": 0.011}, "unattainable"),
        ({"p_equivalence": 0.05}, "equivalent"),
        ({"p_equivalence": 0.05, "floor": 0.011}, "equivalent"),
        ({"p_equivalence": 0.05, "floor_equivalence": 0.011}, "better"),
        (
            {"p_equivalence": 0.05, "floor_equivalence": 0.011, "needed_equivalence": 1},
            "equivalent",
        ),
        ({"floor": 0.011, "needed": 0.02}, "better"),
        ({"p_equivalence": 0.06, "p": 0.06}, "inconclusive"),
    ],
)
def test_the_rule_in_its_order(change, verdict):
    figures = {
        "n": 10,
        "identical": False,
        "advantage": 1.0,
        "p": 0.05,
        "floor": 0.01,
        "p_equivalence": math.nan,
        "floor_equivalence": 0.005,
        "alpha": 0.05,
        "needed": 0.01,
        "needed_equivalence": 0.01,
    }
    assert decide(**figures | change) == verdict
