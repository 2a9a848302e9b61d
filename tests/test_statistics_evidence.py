"""E-processes of paired differences: golden cases, a plain restatement, and what always holds."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.statistics.evidence import (
    BETS,
    confidence_sequence,
    evidence,
    highest,
    p_outside,
    p_within,
)
from tests.reference import evidence as plain

SIZE = st.one_of(st.floats(1e-6, 1e6), st.sampled_from([1.0, 2.0]))
DIFFERENCE = st.one_of(st.just(0.0), SIZE, SIZE.map(lambda size: -size))
DIFFERENCES = st.lists(DIFFERENCE, max_size=12)


def test_one_pair_tells_nothing_of_two_sides():
    # Whatever is won on one side is lost on the other.
    found = evidence([0.3])
    assert found.e.tolist() == pytest.approx([1.0])
    assert found.p == pytest.approx(1.0)


def test_ten_equal_wins_by_hand():
    # z = 1 each time: the bettors hold (1 + tanh c)^10 for c = 0.4, 1, 3, 10, which is
    # 1.379949^10 = 25.04, 1.761594^10 = 287.8, 1.995055^10 = 998.9 and 2^10 = 1024.
    found = evidence(np.ones(10))
    assert np.exp(found.log_higher[-1]) == pytest.approx((25.04 + 287.8 + 998.9 + 1024) / 4, 1e-3)
    assert found.e[-1] == pytest.approx(291.97, abs=0.01)
    assert found.p == pytest.approx(1 / 291.97, rel=1e-4)
    assert found.direction == 1


def test_two_pairs_by_hand():
    # z = 1, then -3 / 2 = -1.5: stakes tanh c, won, and tanh 1.5 c, lost.
    higher = sum((1 + math.tanh(c)) * (1 - math.tanh(1.5 * c)) for c in BETS) / 4
    lower = sum((1 - math.tanh(c)) * (1 + math.tanh(1.5 * c)) for c in BETS) / 4
    found = evidence([1.0, -3.0])
    assert np.exp(found.log_higher[-1]) == pytest.approx(higher)
    assert np.exp(found.log_lower[-1]) == pytest.approx(lower)
    assert found.e[-1] == pytest.approx((higher + lower) / 2)


def test_six_wins_of_one_size_decide_at_5_percent_and_five_of_any_do_not():
    assert evidence(np.ones(5)).p > 0.05
    assert highest(5) < 20 < evidence(np.ones(6)).e[-1]


def test_it_beats_signs_with_a_mixture_over_the_win_probability():
    # 2^10 / 11 = 93.1 for ten wins in ten.
    assert evidence(np.random.default_rng(0).normal(3, 1, 10)).e[-1] > 2**10 / 11


def test_an_e_value_may_fall_but_its_p_does_not_rise():
    x = [1.0] * 8 + [-1.0] * 8
    found = evidence(x)
    assert found.e[-1] < 2 < found.e[7]
    assert found.p == evidence(x[:8]).p
    assert found.direction == 1  # where the evidence was largest, not where it ended


@given(DIFFERENCES)
def test_it_is_the_plain_restatement(x):
    assert evidence(x).e.tolist() == pytest.approx(plain.e_values(x), rel=1e-9)
    assert evidence(x).p == pytest.approx(plain.p_value(x), rel=1e-9)


@pytest.mark.parametrize("sizes", [[1.0], [1.0, 5.0, 0.2], [0.0, 1.0, 2.0, 2.0, 7.0, 0.1, 3.0]])
def test_under_the_null_it_is_worth_1_on_average_whenever_one_stops(sizes):
    """All sign patterns of these sizes are equally likely; so are all after any first signs."""
    patterns = np.array(list(itertools.product([1, -1], repeat=len(sizes)))) * sizes
    e = evidence(patterns).e
    assert e.mean(axis=0) == pytest.approx(np.ones(len(sizes)))
    stopped = np.where((e >= 1.5).any(axis=1), np.argmax(e >= 1.5, axis=1), len(sizes) - 1)
    assert np.take_along_axis(e, stopped[:, None], axis=1).mean() == pytest.approx(1)


@pytest.mark.parametrize("centre", [-0.1, -1.0, -5.0])
def test_one_side_is_worth_at_most_1_where_the_centre_is_on_the_other(centre):
    """Also for symmetric differences of two humps, whose size then gives the sign away."""
    sizes = [1.0, 4.0, 0.5, 2.0, 2.0]
    patterns = centre + np.array(list(itertools.product([1, -1], repeat=5))) * sizes
    assert (np.exp(evidence(patterns).log_higher).mean(axis=0) <= 1 + 1e-12).all()


@given(DIFFERENCES)
def test_swapping_the_cells_swaps_the_sides(x):
    found, swapped = evidence(x), evidence([-value for value in x])
    assert found.e.tolist() == swapped.e.tolist()
    assert found.log_higher.tolist() == swapped.log_lower.tolist()
    assert found.direction == -swapped.direction


@given(DIFFERENCES, st.floats(1e-3, 1e3))
def test_the_unit_does_not_matter(x, unit):
    scaled = evidence([value * unit for value in x])
    assert scaled.log_e.tolist() == pytest.approx(evidence(x).log_e.tolist(), abs=1e-6)


@pytest.mark.slow
@given(DIFFERENCES)
def test_what_always_holds(x):
    found = evidence(x)
    assert (found.e >= 0).all()
    differing = sum(value != 0 for value in x)
    assert all(found.e <= highest(differing) * (1 + 1e-9))
    assert min(1.0, 2 / 2**differing) * (1 - 1e-9) <= found.p <= 1
    assert found.p <= 2 * min(found.p_higher, found.p_lower) * (1 + 1e-9)


@given(DIFFERENCES, st.integers(0, 12))
def test_what_comes_later_changes_nothing_before(x, n):
    assert evidence(x).e[:n].tolist() == pytest.approx(evidence(x[:n]).e.tolist())


@given(DIFFERENCES)
def test_ties_change_nothing(x):
    with_ties = [value for pair in x for value in (0.0, pair)] + [0.0]
    assert evidence(with_ties).p == pytest.approx(evidence(x).p)


def test_the_order_of_the_seeds_matters():
    assert evidence([1, 1, 1, 1, -1]).p < evidence([-1, 1, 1, 1, 1]).p


def test_differences_that_are_rounding_tell_nothing():
    found = evidence([1e-15] * 10, noise=1e-12)
    assert found.e.tolist() == [1.0] * 10
    assert (found.p, found.direction) == (1.0, 0)
    # A constant difference as large as the null, but for rounding
    assert evidence([0.1 + 0.2] * 10, null=0.3, noise=1e-12).p == 1


def test_no_pair_and_no_number():
    assert (evidence([]).p, evidence([]).direction) == (1.0, 0)
    assert confidence_sequence([]) == (-math.inf, math.inf)
    with pytest.raises(ValueError, match="finite"):
        evidence([1.0, math.nan])


def test_very_much_evidence_is_a_number():
    found = evidence(np.ones(5000))
    assert math.isfinite(found.e[-1])
    assert 0 < found.p < 1e-300


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_large_and_small_values(scale):
    assert evidence(np.ones(6) * scale).p == pytest.approx(evidence(np.ones(6)).p)


def test_equivalence_is_two_one_sided_tests_of_shifted_differences():
    x = np.random.default_rng(3).normal(0.1, 1, 14)
    expected = max(
        1 / max([1.0, *plain.wealth(x + 2, 1)]), 1 / max([1.0, *plain.wealth(x - 2, -1)])
    )
    assert p_within(x, -2, 2) == pytest.approx(expected)
    assert p_within(x, -2, 2) < 0.05 < p_within(x, -0.5, 0.5)
    assert p_outside(x, -2, 2) == 1
    assert p_outside(x, 2, 3) == pytest.approx(
        2 / max([1.0, *plain.wealth(x - 2, -1), *plain.wealth(x - 3, 1)]), rel=1e-6
    )


def test_a_constant_difference_within_and_at_the_margin():
    assert p_within(np.full(10, 0.01), -0.02, 0.02) == pytest.approx(1 / 583.9, rel=1e-3)
    assert p_within(np.full(10, 0.02), -0.02, 0.02, noise=1e-12) == 1


def test_the_confidence_sequence_is_what_is_not_rejected():
    x = np.random.default_rng(8).normal(1, 1, 12)
    low, high = confidence_sequence(x, 0.95)
    assert plain.p_value(list(x - (low - 1e-6))) <= 0.05 < plain.p_value(list(x - (low + 1e-6)))
    assert plain.p_value(list(x - (high + 1e-6))) <= 0.05 < plain.p_value(list(x - (high - 1e-6)))
    outside = [*np.linspace(low - 30, low, 50)[:-1], *np.linspace(high, high + 30, 50)[1:]]
    assert plain.kept(list(x), outside, 0.05) == []


def test_intervals_lie_within_the_ones_before():
    x = np.random.default_rng(9).normal(0.5, 1, 20)
    ends = [confidence_sequence(x[:n]) for n in range(21)]
    assert ends[5] == (-math.inf, math.inf)
    assert math.isfinite(ends[-1][0])
    for before, after in itertools.pairwise(ends):
        assert before[0] <= after[0] + 1e-9
        assert after[1] <= before[1] + 1e-9


@pytest.mark.slow
@given(st.lists(st.floats(-4, 6), min_size=6, max_size=12))
def test_a_null_that_is_not_rejected_lies_within(x):
    low, high = confidence_sequence(x)
    if evidence(x).p > 0.05:
        assert low <= 1e-6
        assert high >= -1e-6


def test_constant_differences_leave_one_centre():
    low, high = confidence_sequence(np.full(10, 0.01))
    assert (low, high) == (pytest.approx(0.01), pytest.approx(0.01))
    assert confidence_sequence(np.zeros(10)) == (0.0, 0.0)


def test_several_sequences_have_no_common_p():
    found = evidence(np.ones((3, 8)))
    assert found.e.shape == (3, 8)
    for name in ("p", "p_higher", "p_lower", "direction"):
        with pytest.raises(ValueError, match="one sequence"):
            getattr(found, name)
