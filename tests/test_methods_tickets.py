"""Tickets: what the rounds of a lottery ticket leave."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.methods.initial.tickets import survivors
from suite.methods.layer import LayerView
from tests.reference import shrinking as reference


def layer(weights, index=0, positions=None, shape=None):
    weights = np.asarray(weights, dtype=np.float32)
    positions = np.arange(weights.size) if positions is None else np.asarray(positions)
    return LayerView(index, shape or (1, weights.size), positions, weights, 0 * weights)


def test_a_fifth_of_ten_weights():
    """The paper's 20 % is two; the authors' code takes three."""
    ten = [layer([3, -1, 10, 2, -9, 4, 8, -5, 7, 6])]
    assert survivors(ten, 0.2)[0].tolist() == [0, 2, 4, 5, 6, 7, 8, 9]
    assert survivors(ten, 0.2, one_more=True)[0].tolist() == [2, 4, 5, 6, 7, 8, 9]


def test_as_in_the_code_ties_go_with_the_last_one():
    assert survivors([layer([1, 1, 1, 1, 2])], 0.2)[0].tolist() == [1, 2, 3, 4]
    assert survivors([layer([1, 1, 1, 1, 2])], 0.2, one_more=True)[0].tolist() == [4]


@pytest.mark.parametrize(
    ("rounds", "percent"), [(1, 80.04), (5, 32.87), (10, 10.83), (15, 3.58), (20, 1.19)]
)
def test_what_the_rounds_leave_of_the_paper_s_network(rounds, percent):
    """784-300-100-10: a fifth of the hidden layers and a tenth of the output layer each round."""
    rng = np.random.default_rng(0)
    layers = [(layer(rng.random(size)), share) for size, share in
              ((235_200, 0.2), (30_000, 0.2), (1000, 0.1))]  # fmt: skip
    for _ in range(rounds):
        layers = [(layer(of.weights[: survivors([of], share)[0].size]), share)
                  for of, share in layers]  # fmt: skip
    left = sum(of.weights.size for of, _ in layers)
    assert 100 * left / 266_200 == pytest.approx(percent, abs=0.005)


def test_across_the_network_a_layer_of_small_weights_loses_most():
    layers = [layer([1, 2, 3, 4]), layer([10, 20, 30, 40], 1)]
    assert [left.tolist() for left in survivors(layers, 0.5, "network")] == [[], [0, 1, 2, 3]]
    left = survivors(layers, 0.5, "network", one_more=True)
    assert [positions.tolist() for positions in left] == [[], [1, 2, 3]]


few = st.sampled_from([-2.0, -1.0, 0.25, 0.5, 1.0, 3.0])


@given(
    weights=st.lists(st.lists(few, min_size=1, max_size=12), min_size=1, max_size=3),
    share=st.floats(0.01, 0.99),
    network=st.booleans(),
    one_more=st.booleans(),
)
def test_survivors_agree_with_the_reference(weights, share, network, one_more):
    layers = [layer(values, index) for index, values in enumerate(weights)]
    found = survivors(layers, share, "network" if network else "layers", one_more=one_more)
    dicts = [{(0, at): value for at, value in enumerate(values)} for values in weights]
    expected = reference.tickets(dicts, share, network, one_more)
    assert [{(0, int(at)) for at in left} for left in found] == expected
    if not one_more:
        before, after = sum(map(len, weights)), sum(left.size for left in found)
        groups = [before] if network else [len(values) for values in weights]
        assert before - after == sum(round(share * size) for size in groups)
