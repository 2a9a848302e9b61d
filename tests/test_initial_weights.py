"""The weights that networks start with: their variance, whose they are, and the key."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.settings.weights import InitialWeights
from suite.sparse.topology import glorot_uniform
from suite.training.state import Training
from tests.test_settings import key
from tests.test_training import ENGINES, IMAGES, SEED, small

CHTS = {"scale": 2.0, "fan": "out", "counts": "connections", "distribution": "normal"}


def generator():
    return np.random.default_rng(5)


@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 9))
def test_by_default_they_are_glorots_bit_for_bit(rows, columns, count):
    found = InitialWeights().draw((rows, columns), count, generator())
    assert found.dtype == np.float32
    assert np.array_equal(found, glorot_uniform((rows, columns), count, generator()))


def test_glorot_weights_are_uniform_within_the_limit():
    weights = glorot_uniform((40, 60), 20_000, generator())
    limit = np.sqrt(6 / 100)
    assert weights.dtype == np.float32
    assert abs(weights).max() <= np.float32(limit)
    quantiles = np.quantile(weights, [0.1, 0.5, 0.9])
    assert quantiles == pytest.approx([-0.8 * limit, 0, 0.8 * limit], abs=0.02 * limit)


@pytest.mark.parametrize(
    ("given", "variance"),
    [
        ({}, 2 / 400),
        ({"scale": 2.0, "fan": "in"}, 2 / 100),
        ({"scale": 2.0, "fan": "out"}, 2 / 300),
        ({"scale": 2.0, "fan": "out", "counts": "connections"}, 2 / (0.2 * 300)),
    ],
)
@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_their_variance(given, variance, distribution):
    """A layer of 100 inputs and 300 outputs, a fifth of whose positions is active."""
    drawn = InitialWeights(**given, distribution=distribution).draw((300, 100), 6000, generator())
    assert drawn.var() == pytest.approx(variance, rel=0.06)
    kurtosis = ((drawn / drawn.std()) ** 4).mean()
    assert kurtosis == pytest.approx(1.8 if distribution == "uniform" else 3, rel=0.15)


def test_chts_weights_are_a_hundred_times_he_s_at_99_percent():
    chts, he = InitialWeights(**CHTS), InitialWeights(scale=2, fan="in", distribution="normal")
    ratio = chts.draw((50, 50), 25, generator()) / he.draw((50, 50), 25, generator())
    assert ratio**2 == pytest.approx(100, rel=1e-5)
    assert chts.draw((50, 50), 0, generator()).size == 0


@pytest.mark.parametrize("method", ["set", "dense", "snip"])
def test_both_engines_have_them_in_all_layers_but_a_dense_output_layer(method):
    networks = [
        Training(small(method=method, initial_weights=chosen), SEED, IMAGES, engine=engine).network
        for engine in ENGINES
        for chosen in ({}, CHTS)
    ]
    glorot, chts, _, sparse = networks
    assert glorot.output.weight.equal(chts.output.weight)
    for index, (layer, other) in enumerate(zip(chts.layers, sparse.layers, strict=True)):
        drawn = layer.gather(layer.weight)
        assert np.array_equal(drawn, other.gather(other.weight))
        density = drawn.size / np.prod(layer.shape)
        assert drawn.var() == pytest.approx(2 / (density * layer.shape[0]), rel=0.5), index


def test_the_dense_network_that_a_topology_comes_from_has_them_too():
    """Kept weights are its weights, and a larger variance in one layer's inputs changes scores."""
    chosen = {"snip": {"density": 0.3, "weights": "kept"}}
    settings = small(method="snip", initial=chosen, initial_weights=CHTS)
    sparse = Training(settings, SEED, IMAGES).network
    dense = Training(small(method="dense", initial_weights=CHTS), SEED, IMAGES).network
    for layer, whole in zip(sparse.layers, dense.layers, strict=True):
        those = whole.weight.detach().numpy().ravel()[layer.positions]
        assert np.array_equal(layer.gather(layer.weight), those)


def test_they_are_in_the_key_only_where_they_are_not_glorots():
    assert key(initial_weights={"scale": 1.0, "fan": "mean"}) == key()
    keys = {key(initial_weights=given) for given in ({"scale": 2.0}, {"fan": "in"}, CHTS)}
    assert len(keys | {key()}) == 4
