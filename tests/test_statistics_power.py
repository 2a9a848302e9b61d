"""Power, minimum detectable differences and numbers of seeds."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from suite.statistics import Sample, pairs, plan
from suite.statistics.power import (
    MOST_SEEDS,
    detectable_difference,
    detectable_effect,
    power_of_difference,
    power_of_equivalence,
    seeds_for_difference,
    seeds_for_equivalence,
    spread,
    spread_interval,
    spread_of_pairs,
)


@pytest.mark.parametrize(("effect", "n"), [(0.5, 10), (1.0, 10), (1.0, 6), (2.0, 20)])
def test_power_agrees_with_statsmodels(effect, n):
    # The other tail is left out here, and there is nothing in it.
    expected = TTestPower().power(effect, n, 0.01)
    assert power_of_difference(effect, n, 0.01) == pytest.approx(expected, abs=1e-4)


def test_a_number_of_seeds_by_hand():
    # (1.960 + 0.842)^2 = 7.85, plus 1.960^2 / 2 = 1.92 for the t distribution: 9.77.
    assert seeds_for_difference(1.0, 1.0, 0.05) == 10


def test_power_by_simulation():
    generator = np.random.default_rng(0)
    x = generator.normal(1.2, 1, (20_000, 8))
    found = (stats.ttest_1samp(x, 0, axis=1).pvalue <= 0.02).mean()
    assert power_of_difference(1.2, 8, 0.02) == pytest.approx(found, abs=0.01)
    low = stats.ttest_1samp(x - 1.2, -1.1, axis=1, alternative="greater").pvalue
    high = stats.ttest_1samp(x - 1.2, 1.1, axis=1, alternative="less").pvalue
    within = (np.maximum(low, high) <= 0.05).mean()
    assert power_of_equivalence(1.1, 8, 0.05) == pytest.approx(within, abs=0.01)


def test_power_of_independent_samples_is_that_of_the_cautious_test():
    generator = np.random.default_rng(1)
    a, b = generator.normal(1.5, 1, (20_000, 8)), generator.normal(0, 1, (20_000, 8))
    t = stats.ttest_ind(a, b, axis=1, equal_var=False).statistic
    found = (2 * stats.t.sf(t, 7) <= 0.05).mean()
    assert power_of_difference(1.5, 8, 0.05, paired=False) == pytest.approx(found, abs=0.01)


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize(("n", "alpha"), [(6, 0.05), (10, 0.01), (40, 0.001)])
def test_the_detectable_effect_is_detected_with_the_power(n, alpha, paired):
    effect = detectable_effect(n, alpha, 0.8, paired)
    assert power_of_difference(effect, n, alpha, paired) == pytest.approx(0.8)


def test_nothing_is_detectable_where_the_level_cannot_be_reached():
    assert detectable_effect(5, 0.05) == math.inf
    assert detectable_effect(9, 0.05 / 25) == math.inf
    assert math.isfinite(detectable_effect(10, 0.05 / 25))


def test_what_is_detectable_rests_on_the_floor_that_verdicts_rest_on():
    """Three against six have one of 2/C(9, 3) = 0.024."""
    assert detectable_effect(3, 0.05, paired=False) == math.inf
    assert math.isfinite(detectable_effect(3, 0.05, paired=False, other=6))
    unequal = Sample(np.array([1.0, 1.1, 1.3]), np.array([0.1, 0.2, 0.1, 0.3, 0.2, 0.2]), False)
    assert math.isfinite(detectable_difference(unequal, 0.05))


def test_power_of_unequal_samples_is_that_of_the_cautious_test():
    generator = np.random.default_rng(2)
    effect = detectable_effect(5, 0.05, paired=False, other=12)
    a, b = generator.normal(effect, 1, (20_000, 5)), generator.normal(0, 1, (20_000, 12))
    t = stats.ttest_ind(a, b, axis=1, equal_var=False).statistic
    assert (2 * stats.t.sf(t, 4) <= 0.05).mean() == pytest.approx(0.8, abs=0.03)


def test_the_detectable_difference_is_in_the_outcomes_units():
    a, b = np.arange(10.0), np.arange(10.0) + np.tile([0.1, -0.1], 5)
    sample = pairs(a, b)
    assert spread(sample) == pytest.approx(np.std(a - b, ddof=1))
    expected = detectable_effect(10, 0.05) * spread(sample)
    assert detectable_difference(sample, 0.05) == pytest.approx(expected)
    assert math.isnan(detectable_difference(pairs([1], [2]), 0.05))


def test_the_spread_of_independent_samples_is_pooled():
    sample = Sample(np.array([1.0, 3.0]), np.array([2.0, 4.0, 6.0]), paired=False)
    # Variances 2 and 4 with 1 and 2 degrees of freedom: (2 + 8) / 3.
    assert spread(sample) == pytest.approx(math.sqrt(10 / 3))


def test_the_spread_of_pairs_to_come_is_that_of_cells_without_correlation():
    sample = Sample(np.array([1.0, 3.0]), np.array([2.0, 4.0, 6.0]), paired=False)
    assert spread_of_pairs(sample) == pytest.approx(math.sqrt(2 + 4))
    assert math.isnan(spread_of_pairs(Sample(np.ones(1), np.ones(3), paired=False)))


def test_the_interval_of_a_standard_deviation():
    # 10 values, sd 1: sqrt(9 / 19.023) and sqrt(9 / 2.700) from the chi-square table.
    assert spread_interval(1.0, 9) == pytest.approx((0.6878, 1.8256), abs=1e-3)
    assert np.isnan(spread_interval(1.0, 0)).all()


@pytest.mark.parametrize("paired", [True, False])
def test_seeds_are_the_fewest_that_suffice(paired):
    seeds = seeds_for_difference(0.004, 0.006, 0.01, 0.8, paired)
    assert power_of_difference(4 / 6, seeds, 0.01, paired) >= 0.8
    assert power_of_difference(4 / 6, seeds - 1, 0.01, paired) < 0.8
    seeds = seeds_for_equivalence(0.004, 0.006, 0.01, 0.8, paired)
    assert power_of_equivalence(4 / 6, seeds, 0.01, paired) >= 0.8
    assert power_of_equivalence(4 / 6, seeds - 1, 0.01, paired) < 0.8


def test_seeds_are_never_fewer_than_can_reach_the_level():
    assert seeds_for_difference(100.0, 1.0, 0.01) == 8
    assert seeds_for_difference(1.0, 0.0, 0.01) == 8
    assert seeds_for_equivalence(100.0, 1.0, 0.05) == 5  # one-sided: 1/2^5 = 0.031


def test_a_number_of_seeds_that_does_not_exist_is_none():
    assert seeds_for_difference(0.0, 1.0, 0.05) is None
    assert seeds_for_difference(math.nan, 1.0, 0.05) is None
    assert seeds_for_difference(1.0, math.nan, 0.05) is None
    assert seeds_for_equivalence(0.0, 1.0, 0.05) is None
    assert seeds_for_difference(1e-4, 1.0, 0.05) is None
    close = 2.8 / math.sqrt(MOST_SEEDS * 0.99)
    assert seeds_for_difference(close, 1.0, 0.05) == pytest.approx(MOST_SEEDS, rel=0.02)


def test_a_plan_gives_both_ends():
    need = plan(0.005, 0.005, level=0.01, freedom=9, margin=0.01)
    assert need.seeds_low < need.seeds < need.seeds_high
    assert need.seeds_equivalence < need.seeds
    given = plan(0.005, 0.005, level=0.01)
    assert given.seeds == need.seeds
    assert (given.seeds_low, given.seeds_high, given.seeds_equivalence) == (None, None, None)
