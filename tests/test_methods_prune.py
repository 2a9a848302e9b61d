from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.asking import keep_mask
from tests.reference import methods as reference

REFERENCE = {"set": reference.pruned_by_set, "magnitude": reference.pruned_by_magnitude}

few_values = st.sampled_from([0.0, -0.0, 0.5, -0.5, 0.25, -0.25, 1.0, 2.0, -2.0, 1e-30])
any_values = st.floats(-10, 10, width=32)


@pytest.mark.parametrize("rule", REFERENCE)
@given(
    weights=st.lists(few_values | any_values, max_size=40),
    zeta=st.floats(0.001, 0.999) | st.sampled_from([0.1, 0.29, 0.3, 0.5, 0.7]),
)
def test_agrees_with_the_reference(rule, weights, zeta):
    array = np.array(weights, dtype=np.float32)
    layer = {(0, at): float(weight) for at, weight in enumerate(array)}
    keep = keep_mask(rule, array, zeta)
    assert keep.dtype == bool
    assert {(0, int(at)) for at in np.flatnonzero(keep)} == REFERENCE[rule](layer, zeta)


def test_set_counts_each_sign_by_itself():
    weights = np.array([9, 8, 7, 6, 5, 4, 3, 2, 1, 10, -0.1, -0.2], dtype=np.float32)
    keep = keep_mask("set", weights, 0.3)
    assert weights[~keep].tolist() == [3, 2, 1]  # floor(0.3 * 2) = 0 of the negative ones


def test_magnitude_looks_over_both_signs():
    weights = np.array([9, 8, 7, 6, 5, 4, 3, 2, 1, 10, -0.1, -0.2], dtype=np.float32)
    keep = keep_mask("magnitude", weights, 0.3)
    assert weights[~keep].tolist() == [1, np.float32(-0.1), np.float32(-0.2)]


@pytest.mark.parametrize("rule", REFERENCE)
def test_of_equal_weights_the_first_go(rule):
    keep = keep_mask(rule, np.ones(10, dtype=np.float32), 0.3)
    assert np.flatnonzero(~keep).tolist() == [0, 1, 2]


@pytest.mark.parametrize("rule", REFERENCE)
def test_exact_zeros_go_beyond_zeta(rule):
    weights = np.array([0, 0, 0, 0, 1, -1], dtype=np.float32)
    assert keep_mask(rule, weights, 0.3).tolist() == [False] * 4 + [True] * 2


@pytest.mark.parametrize("rule", REFERENCE)
def test_a_layer_without_connections(rule):
    assert keep_mask(rule, np.empty(0, dtype=np.float32), 0.3).shape == (0,)


@given(st.lists(any_values.filter(bool), min_size=1, max_size=40, unique=True))
def test_the_set_code_removes_at_most_one_more_in_each_sign(weights):
    """The published code's thresholds, on values without ties or zeros among them."""
    zeta = 0.3
    array = np.array(weights, dtype=np.float32)
    values = np.sort(np.append(array, np.float32(0)))  # the dense matrix has zeros
    first_zero = int(np.abs(values).argmin())
    after_last_zero = values.size - int(np.abs(values)[::-1].argmin())
    largest_negative = values[int((1 - zeta) * first_zero)]
    smallest_positive = values[
        int(min(values.size - 1, after_last_zero + zeta * (values.size - after_last_zero)))
    ]
    published = (array > smallest_positive) | (array < largest_negative)
    ours = keep_mask("set", array, zeta)
    assert not np.any(published & ~ours)
    for sign in (1, -1):
        assert 0 <= np.sum((ours & ~published)[sign * array > 0]) <= 1
