"""The expected best of n samples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.statistics.tuning import expected_best
from tests.reference import best_of

VALUES = st.lists(st.integers(0, 9).map(lambda tenth: tenth / 10), min_size=1, max_size=5)


def test_by_hand():
    found = expected_best([0.2, 0.8], 2)
    assert found.mean == pytest.approx(0.25 * 0.2 + 0.75 * 0.8)
    assert (found.low, found.high) == (0.2, 0.8)
    assert expected_best([0.2, 0.8], 1).mean == pytest.approx(0.5)


@given(VALUES, st.integers(1, 4))
def test_it_is_the_mean_over_all_draws(values, n):
    found = expected_best(values, n)
    assert found.mean == pytest.approx(best_of.expected_best(values, n))
    assert found.low == best_of.quantile(values, n, 0.025)
    assert found.high == best_of.quantile(values, n, 0.975)


@given(VALUES, st.integers(1, 20))
def test_more_samples_are_no_worse(values, n):
    assert expected_best(values, n + 1).mean >= expected_best(values, n).mean - 1e-12


def test_a_sample_that_diverged_counts_as_the_worst():
    assert expected_best([0.4, float("-inf")], 1).mean == pytest.approx(0.4)
    with pytest.raises(ValueError, match="finite"):
        expected_best([float("-inf")], 1)
