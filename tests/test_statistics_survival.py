"""Survival curves of counts, and tails of distributions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.statistics.survival import survival
from suite.statistics.tails import fit_tail


def plainly(died, alive, until):
    """Return the product of the shares that live through each age."""
    found, share = [], 1.0
    last = max(
        [age for ages in (died, alive) for age, n in enumerate(ages) if n and age], default=0
    )
    for age in range(until + 1):
        at_risk = sum(died[age:]) + sum(alive[age:])
        gone = died[age] if 0 < age < len(died) else 0
        if gone:
            share *= 1 - gone / at_risk
        found.append(share if last and (age <= last or share == 0) else np.nan)
    return found


def test_by_hand():
    # Of ten, two die at 1; two are censored at 1; of the six left three die at 2.
    assert survival([0, 2, 3], [0, 2, 0, 3], 4) == pytest.approx(
        [1, 0.8, 0.4, 0.4, np.nan], nan_ok=True
    )
    assert np.isnan(survival([0], [5], 2)).all()


def test_where_all_have_ended_none_is_left_at_any_later_age():
    assert survival([0, 1, 3], [0], 4) == pytest.approx([1, 0.75, 0, 0, 0])


counts = st.lists(st.integers(0, 5), max_size=6)


@given(counts, counts)
def test_is_the_product_of_the_shares(died, alive):
    died, alive = [0, *died], [0, *alive]
    until = max(len(died), len(alive))
    expected = plainly(died, alive, until)
    assert survival(died, alive, until) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("exponent", [2.2, 3.5])
def test_a_power_law_is_found(exponent):
    sample = np.random.default_rng(1).zipf(exponent, 20_000)
    tail = fit_tail(np.bincount(sample[sample < 5000]).tolist())
    assert tail.exponent == pytest.approx(exponent, rel=0.03)
    assert tail.distance < 0.02
    assert tail.rivals["exponential"][0] > 0
    assert tail.rivals["exponential"][1] < 0.001


def test_a_random_topology_has_none():
    tail = fit_tail(np.bincount(np.random.default_rng(1).poisson(20, 20_000)).tolist())
    ratio, p = tail.rivals["log-normal"]
    assert ratio < 0
    assert p < 0.001
    assert tail.exponent > 5
    assert tail.share >= 0.05


@pytest.mark.parametrize("histogram", [[10], [0, 20, 20], [0, 0, 0, 300], [5, 20, 20, 5]])
def test_too_little_to_fit(histogram):
    assert fit_tail(histogram) is None
