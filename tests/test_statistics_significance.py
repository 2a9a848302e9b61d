"""The exact test, its floor, and Holm's correction."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from suite.statistics.attainability import (
    needed_among,
    needed_p,
    permutation_floor,
    seeds_needed,
    sign_flip_floor,
)
from suite.statistics.significance import DRAWS, EXACT_UP_TO, adjust, sign_flip


def test_sign_flips_by_hand():
    # 1 + 2 + 3 = 6; of the 8 patterns only +++ and --- reach 6 in size.
    assert sign_flip([1, 2, 3]) == 2 / 8
    # -1 + 2 + 3 = 4: reached by +++ (6), -++ (4) and their opposites.
    assert sign_flip([-1, 2, 3]) == 4 / 8


def test_ties_and_zeros_by_hand():
    # 0 adds nothing: both of its signs count. 0.1 + 0.2 and 0.3 tie, rounding or not.
    assert sign_flip([0, 1, 1]) == 4 / 8
    assert sign_flip([0.1, 0.2, -0.3]) == 1.0
    assert sign_flip([0.0, 0.0]) == 1.0


@pytest.mark.parametrize("n", [2, 5, 9])
def test_sign_flips_agree_with_scipy_and_with_plain_enumeration(n):
    x = np.random.default_rng(n).normal(0.5, 1, n)
    expected = stats.permutation_test(
        (x,), np.sum, permutation_type="samples", alternative="two-sided"
    ).pvalue
    assert sign_flip(x) == pytest.approx(expected)
    sums = [abs(np.dot(signs, x)) for signs in itertools.product((-1, 1), repeat=n)]
    assert sign_flip(x) == np.mean(np.array(sums) >= abs(x.sum()) - 1e-9)


def test_many_pairs_are_drawn_and_always_the_same():
    x = np.random.default_rng(1).normal(0.3, 1, EXACT_UP_TO + 5)
    p = sign_flip(x)
    assert p == sign_flip(x)
    assert p == pytest.approx(stats.ttest_1samp(x, 0).pvalue, abs=0.01)
    assert sign_flip(np.ones(40)) == 1 / (DRAWS + 1)


def test_drawn_and_counted_agree(monkeypatch):
    x = np.random.default_rng(2).normal(0.4, 1, 12)
    counted = sign_flip(x)
    monkeypatch.setattr("suite.statistics.significance.EXACT_UP_TO", 0)
    assert sign_flip(x) == pytest.approx(counted, abs=4 * math.sqrt(counted / DRAWS))


def test_no_differences_no_p():
    assert math.isnan(sign_flip([]))


def test_the_floor_is_what_the_exact_test_reaches():
    for n in range(1, 12):
        assert sign_flip(np.arange(1, n + 1)) == sign_flip_floor(n)
    assert sign_flip_floor(5) == 0.0625


def test_thousands_of_seeds_have_a_floor_too():
    assert sign_flip_floor(1000) == 2.0**-999
    assert sign_flip_floor(5000) == permutation_floor(5000, 5000) == 0
    a, b = np.arange(3.0), np.arange(10.0, 13.0)
    exact = stats.permutation_test(
        (a, b), lambda x, y: x.mean() - y.mean(), permutation_type="independent", n_resamples=np.inf
    )
    assert exact.pvalue == pytest.approx(permutation_floor(3, 3)) == 0.1


@pytest.mark.parametrize(
    ("p", "paired", "seeds"),
    [
        (0.05, True, 6),  # 2/2^6 = 0.031
        (0.05 / 5, True, 8),  # 2/2^8 = 0.0078
        (2 / 2**8, True, 8),
        (0.05 / 15, True, 10),
        (1.0, True, 1),
        (0.05, False, 4),  # 2/C(8, 4) = 0.029
        (0.1, False, 3),
    ],
)
def test_seeds_that_reach_a_p(p, paired, seeds):
    assert seeds_needed(p, paired) == seeds


def test_holm_by_hand():
    # Sorted 0.01, 0.02, 0.04 times 3, 2, 1: 0.03, 0.04, 0.04.
    assert adjust([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert adjust([0.04, 0.01, 0.02], "none") == [0.04, 0.01, 0.02]
    assert adjust([]) == []


def test_holm_agrees_with_statsmodels():
    p = np.random.default_rng(3).uniform(size=9) ** 3
    assert adjust(p) == pytest.approx(multipletests(p, method="holm")[1].tolist())


def test_a_comparison_without_runs_stays_in_the_family():
    adjusted = adjust([0.01, math.nan, 0.02])
    assert adjusted[0] == pytest.approx(0.03)
    assert adjusted[2] == pytest.approx(0.04)
    assert math.isnan(adjusted[1])
    assert np.isnan(adjust([math.nan])).all()


def test_what_a_member_needs_among_the_others_by_hand():
    # 0.01 passes at 0.05 / 3, then 0.02 at 0.05 / 2: the third is decided at 0.05. Without the
    # first, 0.02 does not pass at 0.05 / 3, and nothing is won.
    assert needed_among([0.01, 0.02, 0.9], 0.05) == pytest.approx([0.05 / 3, 0.05 / 2, 0.05])
    assert needed_among([math.nan] * 4, 0.05) == [0.05 / 4] * 4
    assert needed_among([0.01, 0.02], 0.05, "none") == [0.05, 0.05]
    assert needed_among([0.3], 0.05) == [0.05]
    assert needed_among([], 0.05) == []


def test_what_a_member_needs_is_where_holm_turns():
    generator = np.random.default_rng(8)
    for _ in range(50):
        p = list(generator.uniform(size=6) ** 4 / 5)
        for place, needed in enumerate(needed_among(p, 0.05)):
            for factor, decided in ((0.999, True), (1.001, False)):
                tried = [*p[:place], factor * needed, *p[place + 1 :]]
                assert (adjust(tried)[place] <= 0.05) == decided


def test_holms_first_step_needs_alpha_over_m():
    assert needed_p(0.05, 5) == 0.01
    assert needed_p(0.05, 5, "none") == 0.05
    assert adjust([needed_p(0.05, 4), 1, 1, 1])[0] == pytest.approx(0.05)
