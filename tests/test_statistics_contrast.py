"""Intervals, t tests, equivalence and effect sizes against hand-worked cases and the libraries."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import effectsize_smd
from statsmodels.stats.weightstats import CompareMeans, ttost_paired

from suite.statistics import Sample, pairs
from suite.statistics.contrast import (
    cautious,
    difference,
    interval,
    mean_contrast,
    p_above,
    p_below,
    p_outside,
    p_unequal,
    p_within,
    saving,
    saving_scale,
    saving_share,
)
from suite.statistics.effects import hedges_g, seed_correlation

RNG = np.random.default_rng(5)
A = RNG.normal(0.66, 0.004, 10)
B = A + RNG.normal(0.002, 0.003, 10)
C = RNG.normal(0.65, 0.02, 6)
PAIRED = pairs(A, B)
INDEPENDENT = Sample(A, C, paired=False)


def test_paired_difference_by_hand():
    # Differences 1, 2, 3, 4, 5: mean 3, sd sqrt(2.5), error sqrt(0.5), t = 3 / 0.7071 = 4.2426.
    contrast = difference(pairs([2, 4, 6, 8, 10], [1, 2, 3, 4, 5]))
    assert contrast.estimate == pytest.approx(3)
    assert contrast.error == pytest.approx(math.sqrt(0.5))
    assert contrast.freedom == 4
    # t(0.975, 4) = 2.7764 from the table
    assert interval(contrast) == pytest.approx((3 - 2.7764 * 0.70711, 3 + 2.7764 * 0.70711), 1e-4)
    assert p_unequal(contrast) == pytest.approx(0.01324, abs=1e-5)


def test_paired_test_agrees_with_scipy():
    expected = stats.ttest_rel(A, B)
    contrast = difference(PAIRED)
    assert p_unequal(contrast) == pytest.approx(expected.pvalue)
    assert interval(contrast, 0.9) == pytest.approx(tuple(expected.confidence_interval(0.9)))
    assert p_above(contrast) == pytest.approx(stats.ttest_rel(A, B, alternative="greater").pvalue)
    assert p_below(contrast) == pytest.approx(stats.ttest_rel(A, B, alternative="less").pvalue)


def test_welch_agrees_with_scipy_and_statsmodels():
    contrast = difference(INDEPENDENT)
    expected = stats.ttest_ind(A, C, equal_var=False)
    assert p_unequal(contrast) == pytest.approx(expected.pvalue)
    assert contrast.freedom == pytest.approx(expected.df)
    means = CompareMeans.from_data(A, C)
    assert interval(contrast) == pytest.approx(means.tconfint_diff(usevar="unequal"))


def test_verdicts_on_independent_samples_use_the_smaller_samples_degrees_of_freedom():
    contrast = difference(INDEPENDENT)
    t = contrast.estimate / contrast.error
    assert p_unequal(cautious(contrast)) == pytest.approx(2 * stats.t.sf(abs(t), 5))
    assert p_unequal(cautious(contrast)) > p_unequal(contrast)
    assert cautious(difference(PAIRED)) == difference(PAIRED)


def test_equivalence_agrees_with_statsmodels():
    for bound in (0.001, 0.005, 0.02):
        expected, *_ = ttost_paired(A, B, -bound, bound)
        assert p_within(difference(PAIRED), -bound, bound) == pytest.approx(expected)
        expected, *_ = CompareMeans.from_data(A, C).ttost_ind(-bound, bound, usevar="unequal")
        assert p_within(difference(INDEPENDENT), -bound, bound) == pytest.approx(expected)


def test_equivalence_is_the_interval_at_twice_alpha_within_the_margin():
    contrast = difference(PAIRED)
    low, high = interval(contrast, 0.9)
    margin = max(-low, high)
    assert p_within(contrast, -margin * 1.001, margin * 1.001) < 0.05
    assert p_within(contrast, -margin * 0.999, margin * 0.999) > 0.05


def test_outside_is_the_opposite_of_within():
    contrast = difference(pairs([2, 4, 6, 8, 10], [1, 2, 3, 4, 5]))  # 3 +- 0.707
    assert p_outside(contrast, -0.5, 0.5) < 0.05 < p_within(contrast, -0.5, 0.5)
    assert p_outside(contrast, -9, 9) == 1
    low, high = interval(contrast, 0.95)
    assert p_outside(contrast, -9, low) == pytest.approx(0.05)
    assert p_outside(contrast, high, 9) == pytest.approx(0.05)


def test_a_saving_is_taken_seed_by_seed():
    contrast = saving(pairs([60, 70, 65], [100, 100, 100]))
    assert contrast.estimate == pytest.approx(0.35)
    assert contrast.error == pytest.approx(0.05 / math.sqrt(3))


def test_an_unpaired_saving_is_a_ratio_of_geometric_means():
    sample = Sample(np.array([60.0, 62, 64]), np.array([98.0, 100, 102, 104]), paired=False)
    contrast = saving(sample)
    share = 1 - stats.gmean(sample.a) / stats.gmean(sample.b)
    assert saving_share(contrast.estimate, paired=False) == pytest.approx(share)
    assert saving_scale(share, paired=False) == pytest.approx(contrast.estimate)
    assert saving_scale(1.0, paired=False) == math.inf
    expected = stats.ttest_ind(np.log(sample.b), np.log(sample.a), equal_var=False)
    assert p_unequal(contrast) == pytest.approx(expected.pvalue)


@pytest.mark.parametrize("n", [0, 1])
def test_one_value_has_no_interval_and_no_p(n):
    contrast = difference(pairs([1.0] * n, [2.0] * n))
    assert np.isnan(interval(contrast)).all()
    assert math.isnan(p_unequal(contrast))
    assert math.isnan(p_within(contrast, -1, 1))
    assert math.isnan(p_unequal(difference(Sample(np.ones(n), np.ones(5), paired=False))))


def test_a_constant_difference_gets_the_exact_tests_p_and_never_zero():
    base = np.linspace(0.6, 0.7, 10)  # base + 0.01 - base is 0.01 but for rounding
    contrast = difference(pairs(base + 0.01, base))
    assert contrast.error == 0
    assert p_unequal(contrast) == 2 / 2**10
    assert np.isnan(interval(contrast)).all()
    assert p_within(contrast, -0.02, 0.02) == 1 / 2**10
    assert p_within(contrast, -0.005, 0.005) == 1
    constant = difference(Sample(np.full(5, 2.0), np.full(5, 1.0), paired=False))
    assert p_unequal(constant) == pytest.approx(2 / 252)


@pytest.mark.parametrize(("a", "b"), [(0.105, 0.1), (0.905, 0.9)])
def test_a_constant_difference_of_exactly_the_margin_is_not_within_it(a, b):
    """Their difference is above or below 0.005 by rounding alone."""
    for sample in (
        pairs(np.full(10, a), np.full(10, b)),
        Sample(np.full(10, a), np.full(10, b), paired=False),
    ):
        assert p_within(difference(sample), -0.005, 0.005) == 1


@pytest.mark.parametrize("share", [0.25, 0.75])
def test_a_constant_saving_of_exactly_the_margin_is_not_within_it(share):
    kept = Sample(np.full(10, 1 - share), np.ones(10))
    for low, high in ((0.0, share), (share, 1.0), (share - 1e-17, 1.0)):
        assert p_within(saving(kept), low, high) == 1


def test_no_difference_and_no_variance_shows_nothing():
    assert p_unequal(difference(Sample(np.ones(5), np.ones(5), paired=False))) == 1
    assert p_unequal(mean_contrast(np.zeros(5))) == 1


def test_an_enormous_t_is_not_p_zero():
    noise = np.linspace(-1e-9, 1e-9, 200)
    assert 0 < p_unequal(difference(pairs(1 + noise, np.zeros(200)))) < 1e-100


def test_hedges_g_by_hand_and_by_statsmodels():
    # a = 2, 4, 6 and b = 1, 2, 3: sds 2 and 1, root mean square sqrt(2.5), difference 2,
    # correction 1 - 3 / (4 * 6 - 9) = 0.8.
    sample = pairs([2, 4, 6], [1, 2, 3])
    assert hedges_g(sample) == pytest.approx(0.8 * 2 / math.sqrt(2.5))
    # Two a side, the fewest: sds sqrt(2) and sqrt(0.5), difference 1.5, correction 4 / 7.
    assert hedges_g(pairs([2, 4], [1, 2])) == pytest.approx(4 / 7 * 1.5 / math.sqrt(1.25))
    for sample in (PAIRED, INDEPENDENT):
        a, b = sample.a, sample.b
        g, _ = effectsize_smd(a.mean(), a.std(ddof=1), a.size, b.mean(), b.std(ddof=1), b.size)
        assert hedges_g(sample) == pytest.approx(g)
    assert hedges_g(pairs(B, A)) == pytest.approx(-hedges_g(PAIRED))


def test_hedges_g_of_constant_columns_does_not_exist():
    assert math.isnan(hedges_g(pairs([1, 1, 1], [2, 2, 2])))
    assert math.isnan(hedges_g(pairs([1], [2])))


def test_correlation_over_seeds():
    assert seed_correlation(PAIRED) == pytest.approx(np.corrcoef(A, B)[0, 1])
    assert math.isnan(seed_correlation(INDEPENDENT))
    assert math.isnan(seed_correlation(pairs([1, 2], [3, 5])))
    assert math.isnan(seed_correlation(pairs([1, 1, 1], [1, 2, 3])))
