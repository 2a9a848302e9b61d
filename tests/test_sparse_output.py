"""A sparse output layer: an option of the initial topologies."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from suite.settings import Settings
from suite.sparse.layers import SparseLayer
from suite.training.network import describe, from_file, to_file
from suite.training.state import Training
from tests.test_methods_every import (
    ENGINES,
    IMAGES,
    SEED,
    STEPS,
    assert_the_same,
    run,
    soon,
)
from tests.test_training import assert_alike

SPARSE = {"uniform": {"density": 0.4, "output": "sparse"}}
METHODS = ("set", "rigl", "snfs_window", "ctre_sim", "chts", "granet", "gse", "static")


def training(chosen, engine="sparse"):
    return Training(chosen, SEED, IMAGES, engine=engine)


@pytest.mark.parametrize("name", ["uniform", "erk"])
def test_the_density_is_that_of_all_layers(name):
    initial = {name: {"density": 0.4, "output": "sparse"}}
    network = training(Settings(hidden=[30, 20], augment=False, initial=initial)).network
    sizes = [IMAGES.features, 30, 20, len(IMAGES.classes)]
    shapes = [(n_out, n_in) for n_in, n_out in itertools.pairwise(sizes)]
    assert [layer.shape for layer in network.layers] == shapes
    total = sum(n_out * n_in for n_out, n_in in shapes)
    assert sum(layer.connections for layer in network.layers) == pytest.approx(0.4 * total, abs=2)
    assert network.output is None
    assert [layer.shape for layer in network.hidden] == shapes[:-1]


def test_the_hidden_layers_are_as_with_a_dense_output():
    """Same topology, weights and dropout; the output's weights are its dense layer's, in number."""
    dense = soon("set", initial={"uniform": {"density": 0.4}}, dropout=0.5)
    one, other = training(dense).network, training(soon("set", initial=SPARSE, dropout=0.5)).network
    for ours, theirs in zip(one.layers, other.hidden, strict=True):
        assert np.array_equal(ours.positions, theirs.positions)
        assert torch.equal(ours.weight, theirs.weight)
    for network in (one, other):
        network.draw_dropout_from(np.random.default_rng(0))
    assert [*one.draw_dropout(), None] == other.draw_dropout()


def test_its_logits_are_a_product_without_activation():
    network = training(soon("set", initial=SPARSE)).network.eval()
    layer = network.layers[-1]
    weight = torch.zeros(layer.shape)
    weight.view(-1)[layer.positions] = layer.weight.detach()
    x = torch.randn(IMAGES.features, 5)
    h = x
    for hidden in network.hidden:
        h = hidden(h)
    assert torch.allclose(network(x), (weight @ h).T, atol=1e-6)
    assert (network(x) < 0).any()  # no rectifier


@pytest.mark.parametrize("method", METHODS)
def test_both_engines_train_alike_and_every_layer_is_updated(method):
    chosen = soon(method, initial=SPARSE)
    masked, sparse = (run(chosen, engine)[0] for engine in ENGINES)
    assert_alike(sparse, masked)
    before = training(chosen).network.layers[-1].positions
    found = training(chosen)
    for _ in range(2):
        found.epoch()
    after = found.network.layers[-1]
    assert isinstance(after, SparseLayer)
    assert np.array_equal(after.positions, before) == (method == "static")
    assert found.history[-1]["inference_multiply_adds"] == sum(found.history[-1]["connections"])
    assert 0 < found.history[-1]["active_units"] <= 18


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_that_is_cut_ends_bit_for_bit_the_same(engine, monkeypatch):
    chosen = soon("rigl", initial=SPARSE)
    expected = run(chosen, engine)
    _, _, (checkpoint,) = run(chosen, engine, None, STEPS + 4, monkeypatch)
    assert_the_same(run(chosen, engine, checkpoint), expected)


def test_a_network_that_is_kept_gives_the_same_logits():
    chosen = soon("set", initial=SPARSE)
    network = training(chosen).network.eval()
    about = describe(chosen, IMAGES) | {"engine": "sparse"}
    ones = np.ones(IMAGES.features, dtype=np.float32)
    read = from_file(to_file(network, 0 * ones, ones, about), "a file")
    x = torch.randn(5, *IMAGES.shape)
    assert torch.allclose(read(x), network(x.flatten(1).T.contiguous()), atol=1e-6)


def test_keys_know_it():
    dense, sparse = Settings(), Settings(initial={"erdos_renyi": {"output": "sparse"}})
    assert dense.deciding() != sparse.deciding()
    assert Settings(initial={"erdos_renyi": {"output": "dense"}}).deciding() == dense.deciding()


@pytest.mark.parametrize("weights", ["kept", "redrawn"])
def test_snip_chooses_the_output_s_connections_with_the_others(weights):
    options = {"density": 0.4, "output": "sparse", "weights": weights}
    chosen = soon("static", initial={"snip": options})
    dense = training(soon("dense"), "masked").network
    masked, sparse = (training(chosen, engine).network for engine in ENGINES)
    total = sum(layer.weight.numel() for layer in masked.layers)
    assert sum(layer.connections for layer in sparse.layers) == round(0.4 * total)
    for ours, theirs in zip(masked.layers, sparse.layers, strict=True):
        assert np.array_equal(ours.positions, theirs.positions)
    last = sparse.layers[-1]
    kept = dense.output.weight.detach().numpy().ravel()[last.positions]
    assert np.array_equal(last.weight.detach().numpy(), kept) == (weights == "kept")
