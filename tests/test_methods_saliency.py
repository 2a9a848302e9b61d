"""SNIP and correlated topologies: golden cases, plain restatements, and what the probe computes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from suite.datasets.batches import Batches
from suite.datasets.splits import split
from suite.methods.initial.saliency import absolute_correlation, most_salient
from suite.methods.probe import Probe
from suite.methods.recipe import resolve
from suite.methods.update import initial_topology
from suite.randomness import stream
from suite.training.probe import probe
from suite.training.state import Training
from suite.training.train import train
from tests.reference import network, saliency
from tests.test_training import ENGINES, IMAGES, SEED, assert_alike, measures, run, small


def test_snip_golden_case():
    """Of W [[1, .2], [.6, -.4]] with input (1, 2) of the second class, (0,0) and (1,1) stay."""
    found = np.array(saliency.softmax_saliency([[1, 0.2], [0.6, -0.4]], [1, 2], 1))
    assert found == pytest.approx(np.array([[0.832018, 0.332807], [0.499211, 0.665615]]), abs=1e-6)
    normalised = np.array([[0.357143, 0.142857], [0.214286, 0.285714]])
    assert found / found.sum() == pytest.approx(normalised, abs=1e-6)
    assert [layer.tolist() for layer in most_salient([found.astype(np.float32)], 2)] == [[0, 3]]


@given(st.data())
def test_the_most_salient_agree_with_the_reference(data):
    shapes = data.draw(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1))
    few = st.integers(0, 4).map(float)
    layers = [data.draw(hnp.arrays(np.float32, shape, elements=few)) for shape in shapes]
    count = data.draw(st.integers(0, sum(layer.size for layer in layers)))
    chosen = most_salient(layers, count)
    found = {
        (n, *divmod(int(at), layers[n].shape[1])) for n, layer in enumerate(chosen) for at in layer
    }
    assert found == saliency.most_salient([layer.tolist() for layer in layers], count)
    assert all((np.diff(layer) > 0).all() for layer in chosen)


def ask(name, shapes, look, **options):
    recipe = resolve("static", {"initial": {"name": name, "options": options}})
    rngs = [np.random.default_rng(index) for index in range(len(shapes))]
    return initial_topology(recipe, shapes, rngs, look)


def test_biases_may_be_counted():
    values = np.arange(24, dtype=np.float32).reshape(4, 6)
    look = Probe(lambda batches, draw: [values], lambda count: values)
    sizes = {biases: ask("snip", [(4, 6)], look, density=0.5, biases=biases)[0].size
             for biases in ("apart", "counted")}  # fmt: skip
    assert sizes == {"apart": 12, "counted": 14}


@given(
    inputs=hnp.arrays(np.float32, (3, 4), elements=st.integers(-3, 3).map(float)),
    shape=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    density=st.sampled_from([0.1, 0.4, 1.0]),
)
def test_correlated_agrees_with_the_reference(inputs, shape, density):
    look = Probe(lambda batches, draw: [], lambda count: inputs)
    chosen = ask("correlated", [shape], look, density=density)[0]
    scores = saliency.correlated(inputs.tolist(), shape)
    assert chosen.size == round(density * shape[0] * shape[1])
    reached = sorted(scores[divmod(int(at), shape[1])] for at in chosen)
    assert reached == pytest.approx(sorted(scores.values())[len(scores) - chosen.size :], abs=1e-6)
    drawn = ask("correlated", [shape], look, density=density, choice="drawn")[0]
    assert drawn.size == chosen.size


def test_a_constant_input_is_correlated_with_nothing():
    inputs = np.array([[1, 2, 3], [5, 5, 5], [-1, -2, -3]], dtype=np.float32)
    expected = [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert absolute_correlation(inputs) == pytest.approx(np.array(expected), abs=1e-6)


@pytest.mark.parametrize(("count", "draw"), [(1, 0), (2, 1)])
def test_the_saliency_is_that_of_a_dense_network(count, draw):
    settings = small(dropout=0.5, negative_slope=0.2)
    parts = split(IMAGES, "test", None, SEED)
    batches = Batches(IMAGES, parts)
    found = probe(settings, SEED, (20, 14, 11), 3, batches, parts.train).saliency(count, draw)
    layers = []
    for index, shape in enumerate([(14, 20), (11, 14), (3, 11)]):
        limit = np.sqrt(6 / sum(shape))
        drawn = stream(SEED, "weights", draw, index).random(shape, dtype=np.float32)
        weights = (2 * drawn.astype(np.float64) - 1) * limit
        slope = 1.0 if index == 2 else 0.2
        layers.append(network.Layer(weights, np.ones(shape), np.zeros(shape[0]), slope))
    order = stream(SEED, "order").permutation(parts.train)
    totals = [0.0, 0.0]
    for step in range(count):
        chosen = order[8 * step : 8 * step + 8]
        h = batches.training(chosen).numpy().astype(np.float64)
        for layer in layers:
            h = layer.forward(h, np.ones((len(layer.bias), 8)))
        _, error = network.cross_entropy(h.T, IMAGES.y_train[chosen])
        error = error.T
        for layer in reversed(layers):
            error = layer.backward(error)
        totals = [t + x.gradients["weight"] for t, x in zip(totals, layers, strict=False)]
    for layer, total, values in zip(layers, totals, found, strict=False):
        assert values == pytest.approx(np.abs(layer.weight * total), rel=1e-3, abs=1e-6)


CASES = {
    "snip": {"method": "snip"},
    "snip, kept": {"method": "snip", "initial": {"snip": {"weights": "kept", "batches": 3}}},
    "snip, then SET": {"initial": {"snip": {"density": 0.2}}},
    "correlated": {"initial": {"correlated": {"density": 0.1, "samples": 40}}},
}


@pytest.mark.parametrize("case", CASES)
def test_both_engines_train_alike(case):
    masked, sparse = (run(small(**CASES[case]), engine=engine)[0] for engine in ENGINES)
    assert_alike(masked, sparse)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES)
def test_a_resumed_run_ends_bit_for_bit_the_same(case, engine):
    settings = small(**CASES[case], epochs=4)
    expected, _, kept = run(settings, engine=engine)
    for checkpoint in kept:
        trained = train(settings, SEED, IMAGES, engine=engine, checkpoint=checkpoint)
        assert measures(trained.history) == expected


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("weights", ["kept", "redrawn"])
def test_weights_are_the_dense_network_s_or_drawn_anew(engine, weights):
    chosen = {"snip": {"density": 0.3, "weights": weights}}
    sparse = Training(small(method="snip", initial=chosen), SEED, IMAGES, engine=engine).network
    dense = Training(small(method="dense"), SEED, IMAGES).network
    for layer, whole in zip(sparse.layers, dense.layers, strict=True):
        those = whole.weight.detach().numpy().ravel()[layer.positions]
        assert (layer.gather(layer.weight) == those).all() == (weights == "kept")


def test_a_sparse_output_is_ranked_by_the_weights_that_it_keeps():
    """Its weights are those of `initial_weights`, as in the network that is trained."""
    initial = {"snip": {"density": 0.3, "weights": "kept", "output": "sparse"}}
    settings = small(method="snip", initial=initial, initial_weights={"scale": 2, "fan": "in"})
    output = Training(settings, SEED, IMAGES).network.layers[-1]
    drawn = settings.initial_weights.draw(output.shape, (3, 11), stream(SEED, "weights", 0, 2))
    assert output.shape == (3, 11)
    assert (output.gather(output.weight) == drawn.ravel()[output.positions]).all()
