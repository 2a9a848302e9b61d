"""The fill last_value: what was pruned returns with the weight that it had."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import suite
from suite.methods.last_weights import LastWeights
from suite.methods.layer import LayerView
from suite.methods.moment import Moment
from suite.methods.recipe import resolve
from suite.methods.update import update
from tests.test_methods_every import ENGINES, STEPS, assert_the_same, run, soon

REPLACED = {"fill": {"name": "last_value"}, "prune": {"name": "magnitude"}}


@given(st.lists(st.dictionaries(st.integers(0, 20), st.floats(-1, 1, width=32)), max_size=5))
def test_the_last_weight_of_each_position_is_known(updates):
    last, known = LastWeights(), {}
    for gone in updates:
        positions = sorted(gone)
        last.note(np.array(positions, np.int64), np.array([gone[p] for p in positions], np.float32))
        known |= gone
    found = last.at(np.arange(21))
    assert found.tolist() == [known.get(position, 0.0) for position in range(21)]


def test_what_returns_has_its_last_weight_and_what_is_new_has_zero():
    """Positions 0 to 3 have weights .1 to .4; 5 went earlier with .7; 0 goes, and all return."""
    last = LastWeights(np.array([5]), np.array([0.7], np.float32))
    weights = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
    layer = LayerView(0, (1, 6), np.arange(4), weights, 0 * weights, last_from=last.at)
    recipe = resolve("set", REPLACED)
    after = update(
        recipe, [layer], Moment(1, 1, 9, 1, 9), [6], lambda *_: np.random.default_rng(0)
    ).layers[0]
    assert after.positions.tolist() == [0, 1, 2, 3, 4, 5]
    assert after.source.tolist() == [-1, 1, 2, 3, -1, -1]
    assert after.weights == pytest.approx([0.1, 0, 0, 0, 0, 0.7])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_that_is_cut_ends_bit_for_bit_the_same(engine, monkeypatch):
    chosen = soon("rigl", fill="last_value", rate={"constant": {"zeta": 0.6}})
    expected = run(chosen, engine)
    assert expected[0] != run(soon("rigl", rate={"constant": {"zeta": 0.6}}), engine)[0]
    _, _, (checkpoint,) = run(chosen, engine, None, STEPS + 4, monkeypatch)
    assert_the_same(run(chosen, engine, checkpoint), expected)


def test_a_model_of_ones_own_gets_last_weights_back():
    """Half of eight connections goes each time; nothing is trained, so that weights tell."""
    layer = suite.SparseLinear(4, 4, positions=np.arange(8))
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.0)
    parts = {"zeta": 0.5, "prune": {"magnitude": {"zeros": "count"}}, "fill": "last_value"}
    rewiring = suite.Rewiring("set", [layer], optimizer, epochs=30, steps=1, **parts)

    def now():
        return dict(zip(layer.positions.tolist(), layer.weight.tolist(), strict=True))

    first, returned = now(), set()
    for _ in range(20):
        before = now()
        rewiring.step()
        assert all(weight == first.get(at, 0.0) for at, weight in now().items())
        returned |= first.keys() & now().keys() - before.keys()
    assert returned
