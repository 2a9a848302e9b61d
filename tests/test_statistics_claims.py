"""Claims of several parts, decided by intersection-union tests."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from suite.statistics import Part, judge, match, pairs

BASE = np.random.default_rng(4).normal(0.66, 0.004, 10)
NOISE = np.random.default_rng(5).normal(0, 0.003, 10)
CONNECTIONS = np.random.default_rng(6).normal(341_440, 580, 10)


def shifted(by, n=10, direction="higher", **more):
    return Part(pairs(BASE[:n] + by + NOISE[:n], BASE[:n]), direction, **more)


def saves(share, claimed=0.36, margin=0.02):
    kept = CONNECTIONS * (1 - share) + NOISE * 300_000
    return Part(pairs(kept, CONNECTIONS), "saves", margin=margin, share=claimed)


@pytest.mark.parametrize(
    ("part", "verdict"),
    [
        (shifted(0.01), "supported"),
        (shifted(-0.01), "contradicted"),
        (shifted(-0.01, direction="lower"), "supported"),
        (shifted(0.01, direction="lower"), "contradicted"),
        (shifted(-NOISE.mean()), "inconclusive"),
        (shifted(0.01, n=5), "unattainable"),
        (shifted(-NOISE.mean(), direction="equivalent", margin=0.005), "supported"),
        (shifted(0.01, direction="equivalent", margin=0.005), "contradicted"),
        (shifted(0.005, direction="equivalent", margin=0.005), "inconclusive"),
        (shifted(0, n=4, direction="equivalent", margin=0.5), "unattainable"),
        (saves(0.36), "supported"),
        (saves(0.26), "contradicted"),
        (saves(0.38), "inconclusive"),
    ],
)
def test_a_claim_of_one_part(part, verdict):
    (found,) = judge([[part]])
    assert found.verdict == verdict
    assert found.reason.endswith(".")


@pytest.mark.parametrize(
    ("part", "agrees"),
    [
        (shifted(0.01), True),
        (shifted(-0.01), False),
        (shifted(0.01, direction="lower"), False),
        (shifted(-0.01, direction="lower"), True),
        (shifted(0.004, direction="equivalent", margin=0.005), True),
        (shifted(-0.01, direction="equivalent", margin=0.005), False),
        (saves(0.35), True),
        (saves(0.26), False),
    ],
)
def test_a_part_agrees_with_what_is_estimated(part, agrees):
    ((found,),) = (claim.parts for claim in judge([[part]]))
    assert found.agrees is agrees


def test_all_parts_must_hold_and_the_largest_p_counts():
    parts = [shifted(0.01), shifted(0.0026), shifted(0.02)]
    (found,) = judge([parts])
    assert found.verdict == "supported"
    p = [stats.ttest_rel(part.sample.a, part.sample.b).pvalue for part in parts]
    assert found.p_for == pytest.approx(max(p))
    assert [part.p_for for part in found.parts] == pytest.approx(p)
    (found,) = judge([[*parts, shifted(-NOISE.mean())]])
    assert found.verdict == "inconclusive"
    assert "of 4 parts agree with it" in found.reason


def test_one_part_contradicts_a_claim_and_pays_for_the_number_of_parts():
    (found,) = judge([[shifted(0.01), shifted(-0.01)]])
    assert found.verdict == "contradicted"
    assert found.p_against == pytest.approx(2 * found.parts[1].p_against)
    assert "part 2 of 2" in found.reason
    # A part that alone would just contradict no longer does among five.
    weak = shifted(-0.0026)
    assert judge([[weak]])[0].verdict == "contradicted"
    assert judge([[weak] + 4 * [shifted(0.02)]])[0].verdict == "inconclusive"


def test_holm_over_the_declared_claims():
    weak = [shifted(0.0026)]
    unknown = [shifted(-NOISE.mean())]
    assert judge([weak])[0].verdict == "supported"
    found = judge([weak, *4 * [unknown]])[0]
    assert found.verdict == "inconclusive"
    assert found.p_adjusted == pytest.approx(5 * found.p_for)
    assert judge([weak, *4 * [unknown]], correction="none")[0].verdict == "supported"
    assert judge([]) == []


def test_a_claim_needs_less_once_the_others_are_decided():
    plain, five = [shifted(0.01)], [shifted(0.01, n=6)]
    found = judge([plain, plain, five])
    assert [claim.verdict for claim in found] == 3 * ["supported"]
    assert [claim.needed for claim in found] == [0.025, 0.025, 0.05]
    unknown = [shifted(-NOISE.mean())]
    few = judge([plain, unknown, five])[-1]
    assert (few.verdict, few.seeds_needed, few.needed) == ("unattainable", 7, 0.025)


def test_a_claim_contradicted_through_few_seeds_counts_as_decided_for_the_others():
    against, six = [shifted(-0.01), shifted(-0.01)], [shifted(0.01, n=6)]
    assert [claim.verdict for claim in judge([against, six])] == ["contradicted", "supported"]


def test_a_claim_on_cells_that_share_too_few_seeds_asks_for_the_declared_pairs():
    a, b = dict(enumerate(BASE[:3])), dict(enumerate(BASE[:3] + 0.02, start=50))
    (found,) = judge([[Part(match(a, b), "higher")]])
    assert (found.verdict, found.seeds_needed) == ("unattainable", 6)
    (found,) = judge([[Part(match(a, b, design="independent"), "higher")]])
    assert found.seeds_needed == 4


def test_no_more_seeds_are_asked_for_than_could_do_if_all_that_come_differ():
    """Eight pairs that differ can decide a claim of five: here four do, so that five more can."""
    one_tied = Part(pairs(BASE[:5] + np.array([0.0, 0.02, 0.02, 0.02, 0.03]), BASE[:5]), "higher")
    found = judge([[one_tied]] * 5)[0]
    assert (found.verdict, found.seeds_needed) == ("unattainable", 9)
    assert "fewer than 9 cannot" in found.reason


def test_negative_figures_have_the_sign_of_the_tables():
    (found,) = judge([[shifted(-0.01)]])
    assert "is shown: −0.0" in found.reason
    (found,) = judge([[saves(-0.1)]])
    assert "saves −10" in found.reason


def test_the_saving_is_tested_against_both_ends_of_its_margin():
    part = saves(0.365)
    (found,) = judge([[part]])
    ratio = 1 - part.sample.a / part.sample.b
    p = max(
        stats.ttest_1samp(ratio, 0.34, alternative="greater").pvalue,
        stats.ttest_1samp(ratio, 0.38, alternative="less").pvalue,
    )
    assert found.p_for == pytest.approx(p)
    assert found.parts[0].estimate == pytest.approx(ratio.mean())
    assert "saves 36.5\u00a0% [" in found.parts[0].reason


def test_a_saving_of_cells_that_share_no_seed():
    kept = dict(enumerate(CONNECTIONS * 0.64 + NOISE * 300_000))
    all_ = dict(enumerate(CONNECTIONS[:6], start=50))
    (found,) = judge([[Part(match(kept, all_), "saves", margin=0.02, share=0.36)]])
    assert found.verdict == "supported"
    assert found.parts[0].estimate == pytest.approx(0.36, abs=0.005)
    (found,) = judge([[Part(match(kept, all_), "saves", margin=0.02, share=0.26)]])
    assert found.verdict == "contradicted"


def test_identical_parts_are_not_tested():
    same = pairs(BASE, BASE)
    (found,) = judge([[Part(same, "higher")]])
    assert found.verdict == "inconclusive"
    assert "identical so far in all 10 pairs" in found.reason
    assert math.isnan(found.parts[0].p_for)
    (found,) = judge([[shifted(0.01), Part(same, "higher")]])
    assert found.verdict == "inconclusive"
    assert "1 cannot be tested" in found.reason


def test_a_part_with_too_few_seeds_keeps_the_claim_from_support():
    (found,) = judge([[shifted(0.01), shifted(0.01, n=5)]])
    assert (found.verdict, found.seeds_needed) == ("unattainable", 6)
    # but another part may contradict it
    assert judge([[shifted(-0.01), shifted(0.01, n=5)]])[0].verdict == "contradicted"


def test_a_part_without_runs():
    (found,) = judge([[Part(pairs([], []), "higher")]])
    assert (found.verdict, found.seeds_needed) == ("unattainable", 6)
    assert "no values to compare" in found.parts[0].reason


def test_a_saving_of_nothing_has_no_meaning():
    (found,) = judge([[Part(pairs(BASE, 0 * BASE), "saves", margin=0.02, share=0.36)]])
    assert found.verdict == "inconclusive"
    assert "no meaning" in found.reason


@pytest.mark.parametrize(
    "more",
    [
        {"direction": "equivalent"},
        {"direction": "equivalent", "margin": 0.0},
        {"direction": "saves", "margin": 0.02},
        {"direction": "saves", "share": 0.36},
        {"direction": "saves", "share": 1.0, "margin": 0.02},
    ],
)
def test_a_part_needs_its_margin_and_share(more):
    with pytest.raises(ValueError, match="needs"):
        Part(pairs(BASE, BASE), **more)


VALUE = st.one_of(st.floats(-1e6, 1e6), st.just(math.nan), st.sampled_from([0.0, 1.0, 2.0, 1e-100]))
CELL = st.dictionaries(st.integers(0, 8), VALUE, max_size=9)
PART = st.builds(
    lambda a, b, design, direction: Part(
        match(a, b, design=design, seeds=range(9)), direction, margin=0.1, share=0.3
    ),
    CELL,
    CELL,
    st.sampled_from(["paired", "independent"]),
    st.sampled_from(["higher", "lower", "equivalent", "saves"]),
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(PART, min_size=1, max_size=3), min_size=1, max_size=3))
def test_whatever_the_values_there_is_a_verdict_and_a_reason(claims):
    for found in judge(claims):
        assert found.verdict in ("supported", "contradicted", "inconclusive", "unattainable")
        assert found.reason.endswith(".")
        untested = all(math.isnan(part.p_for) for part in found.parts)
        assert math.isnan(found.p_adjusted) if untested else 0 < found.p_adjusted <= 1
        p = [p for part in found.parts for p in (part.p_for, part.p_against)]
        assert all(math.isnan(one) or 0 <= one <= 1 for one in p)
        if found.verdict == "supported":
            assert all(part.p_for <= 0.05 and part.agrees for part in found.parts)
        if found.verdict == "contradicted":
            assert any(part.p_against <= 0.05 and not part.agrees for part in found.parts)


@pytest.mark.parametrize(
    "claim",
    [
        [shifted(0.5, n=5, direction="equivalent", margin=0.05)],  # both sides: 2 * 2/2^5 / 2
        [Part(pairs(0.9 * BASE[:5] + NOISE[:5], BASE[:5]), "saves", margin=0.02, share=0.36)],
        [shifted(-0.5, n=6)] * 4,  # times the number of parts
    ],
)
def test_an_opposite_that_the_exact_test_cannot_show_contradicts_nothing(claim):
    (found,) = judge([claim])
    assert found.verdict in ("inconclusive", "unattainable")
    assert found.p_against == 1
    assert not any(part.agrees for part in found.parts)


def test_an_opposite_that_is_merely_not_shown_keeps_its_p():
    part = shifted(-0.0018)
    (found,) = judge([[part]])
    p = stats.ttest_rel(part.sample.a, part.sample.b).pvalue
    assert found.verdict == "inconclusive"
    assert 0.05 < p < 1
    assert found.p_against == found.p_adjusted == pytest.approx(p)


def test_the_opposite_that_is_shown_is_one_that_the_exact_test_can_show():
    """Six pairs cannot show one of two opposites, 2 * 2/2^6, however small the p of its t test."""
    six = Part(pairs(BASE[:6] - 0.05 + NOISE[:6] / 1000, BASE[:6]), "higher")
    (found,) = judge([[six, shifted(-0.01)]])
    assert found.verdict == "contradicted"
    assert "part 2 of 2" in found.reason
    assert found.parts[0].p_against == 1
    assert found.p_against == pytest.approx(2 * found.parts[1].p_against)
    assert judge([[six, shifted(0.01)]])[0].verdict == "inconclusive"


@pytest.mark.parametrize(
    ("part", "verdict"),
    [
        (Part(pairs(BASE, BASE), "equivalent", margin=0.005), "supported"),
        (Part(pairs(CONNECTIONS, CONNECTIONS), "saves", margin=0.02, share=0.36), "contradicted"),
        (Part(pairs(BASE, BASE), "higher"), "inconclusive"),
    ],
)
def test_equal_pairs_say_something_on_a_margin_and_nothing_on_a_direction(part, verdict):
    (found,) = judge([[part]])
    assert found.verdict == verdict
    assert math.isnan(found.p_adjusted) is (part.direction == "higher")
