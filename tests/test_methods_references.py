"""Whole updates of the field's methods agree with their plain restatements, bit for bit."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.methods.moment import Change, Moment
from suite.methods.presets import METHODS
from suite.methods.recipe import resolve
from suite.methods.update import update
from tests.reference.updates import (
    chts,
    ctre,
    dsr,
    granet,
    gse,
    itop,
    mest,
    plain,
    rigl,
    snfs,
    truly_sparse,
)
from tests.test_methods_every import network

REFERENCES = {
    "rigl": rigl.update,
    "set_itop": itop.set_itop,
    "rigl_itop": itop.rigl_itop,
    "dsr": dsr.update,
    "snfs_gradient": snfs.update,
    "snfs_window": snfs.update,
    "gse": gse.update,
    "mest": mest.update,
    "ctre_sim": ctre.similarity,
    "ctre_seq": ctre.sequential,
    "truly_sparse": truly_sparse.update,
    "chts": chts.update,
    "gmp": granet.gmp,
    "granet": granet.granet,
}

ELSEWHERE = {
    **dict.fromkeys(("set", "accset", "lset", "dynset"), "tests/reference/training.py"),
    "cht": "tests/reference/regrowth.py, whose scores tie",
}


def test_every_method_that_changes_its_topology_is_restated():
    evolving = {name for name, of in METHODS.items() if of.parts["schedule"].name != "never"}
    assert evolving == REFERENCES.keys() | ELSEWHERE.keys()


def plainly(layer):
    """Return a layer as the restatements have it."""

    def of(values):
        at = (divmod(position, layer.shape[1]) for position in layer.positions.tolist())
        return dict(zip(at, values.tolist(), strict=True))

    inputs, errors = layer.batch_from()
    return plain.Layer(layer.shape, of(layer.weights), of(layer.momentum), inputs, errors)


def compare(recipe, restated, seed, sizes, moment):
    """Update a network in both ways, and compare counts, positions, weights and what is carried."""
    rng = np.random.default_rng(seed)
    layers = network(rng, [(n_out, n_in) for n_in, n_out in itertools.pairwise(sizes)])

    def stream(purpose, layer):
        return np.random.default_rng([seed, len(purpose), layer])

    initial = [layer.positions.size for layer in layers]
    found = update(recipe, layers, moment, initial, stream)
    expected = restated([plainly(layer) for layer in layers], moment, stream)
    assert found.pruned == [layer.pruned for layer in expected]
    assert found.regrown == [layer.regrown for layer in expected]
    for before, now, truth in zip(layers, found.layers, expected, strict=True):
        at = [divmod(position, before.shape[1]) for position in now.positions.tolist()]
        assert at == sorted(truth.weights)
        old = now.source >= 0
        assert {at[n] for n in np.flatnonzero(old)} == truth.carried
        weights = now.weights.copy()
        weights[old] = before.weights[now.source[old]]
        assert weights.tolist() == [truth.weights[position] for position in at]


SIZES = st.lists(st.integers(2, 8), min_size=2, max_size=4)


@pytest.mark.parametrize("method", REFERENCES)
@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    sizes=SIZES,
    step=st.integers(1, 99),
    pruned=st.lists(st.integers(300, 600), max_size=9),
    accuracies=st.lists(st.floats(0, 1), max_size=5),
    flat=st.sampled_from([0, 39, 40]),
)
def test_an_update_agrees_with_its_restatement(method, seed, sizes, step, pruned, accuracies, flat):
    changes = [Change((count - 9, 9), (count - 7, 6), (0, 0)) for count in pruned]
    signals = {"val_accuracy": sorted(accuracies) + [0.0] * flat}
    moment = Moment(step, step, 100, 1 + step // 10, 10, signals=signals, changes=changes)
    compare(resolve(method), REFERENCES[method], seed, sizes, moment)


@given(st.lists(st.sampled_from([300, 539, 540, 600, 660, 661, 900]), max_size=20))
def test_the_threshold_agrees_with_its_restatement(pruned):
    changes = [Change((count,), (count,), (0,)) for count in pruned]
    moment, rate = Moment(1, 1, 10, 1, 10, changes=changes), resolve("dsr").rate
    assert rate.part.function(moment, **rate.options) == dsr.threshold(moment)


@given(seed=st.integers(0, 2**32), sizes=SIZES)
def test_importance_pruning_agrees_with_its_restatement(seed, sizes):
    budget = {"name": "importance", "options": {"after": 0, "every": 1}}
    recipe = resolve("truly_sparse", {"budget": budget})
    moment = Moment(5, 5, 10, 5, 10)
    compare(recipe, truly_sparse.with_importance, seed, sizes, moment)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), sizes=SIZES, step=st.integers(1, 99))
def test_sparing_full_layers_agrees_with_its_restatement(seed, sizes, step):
    prune = {"name": "sparing_magnitude", "options": {"rounding": "ceil"}}
    restated = functools.partial(snfs.update, spares=True)
    recipe = resolve("snfs_gradient", {"prune": prune})
    compare(recipe, restated, seed, sizes, Moment(step, step, 100, 1, 10))
