"""What holds of every method that is registered, tested without a line for any of them.

A method that is added later is covered at once. Its updates are brought close together, so that a
training of three short epochs has several.
"""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.methods.layer import LayerView
from suite.methods.moment import SIGNALS, Moment
from suite.methods.presets import METHODS
from suite.methods.update import update
from suite.settings import Settings
from suite.study.chains import starts
from suite.study.runs import Run
from suite.training.earlier import Earlier, read
from suite.training.state import Training
from suite.training.train import train
from tests.test_training import ENGINES, assert_alike, make_images, measures

SEED = 3
EPOCHS, STEPS = 3, 7
IMAGES = make_images(shape=(4, 3, 1))

SOON = {
    ("schedule", "n"): {"step": 2, "epoch": 1},
    ("schedule", "doubles_at"): [0.9],
    ("rate", "target"): 10,
    ("budget", "after"): 0,
    ("budget", "every"): 1,
    ("regrow", "patience"): 1,
}
"""What options of parts are when all of them must happen within three epochs."""


def soon(method, **given):
    """Return the settings of a method on a tiny network, with its updates close together."""
    chosen = {}
    for kind, answer in METHODS[method].parts.items():
        options = {name: SOON[kind, name] for name in answer.options if (kind, name) in SOON}
        if kind == "schedule" and options:
            options["n"] = options["n"][answer.part.at]
        if options:
            chosen[kind] = {answer.name: options}
    shared = {
        **{"hidden": (10, 8), "epsilon": 3, "epochs": EPOCHS, "batch_size": 8, "augment": False},
        **{"learning_rate": 0.03, "reset_momentum": False},
    }
    return Settings(method=method, **shared | chosen | given)


class Cut(BaseException):
    """Ends a training as a killed process ends: nothing that it held is used again."""


def run(chosen, engine, checkpoint=None, cut=None, monkeypatch=None, device="cpu"):
    """Train; return the history without times, the last weights, and all checkpoints.

    Args:
        chosen: The settings.
        engine: The engine.
        checkpoint: Where to go on.
        cut: Ends the training between two steps, after so many steps and the update there.
        monkeypatch: For a cut.
        device: Where it trains.
    """
    kept, ended = [], {}
    if cut:
        original = Training._update_if_due

        def deadly(self, at, moment, *more):
            original(self, at, moment, *more)
            if at == "step" and moment.step == cut:
                raise Cut

        monkeypatch.setattr(Training, "_update_if_due", deadly)

    def at_the_end(training, _):
        parameters = training.network.named_parameters()
        ended.update({name: values.detach().cpu().numpy().copy() for name, values in parameters})
        for index, layer in enumerate(training.network.layers):
            ended[f"positions {index}"] = layer.positions

    options = {"engine": engine, "device": device, "checkpoint": checkpoint}
    try:
        trained = train(
            *(chosen, SEED, IMAGES),
            **options,
            earlier=earlier_of(chosen),
            keep=kept.append,
            keep_every=0,
            on_final=at_the_end,
        )
    except Cut:
        return None, None, kept
    finally:
        if cut:
            monkeypatch.undo()
    return measures(trained.history), ended, kept


def earlier_of(chosen):
    """Return the networks that a chained run starts from, trained; None for other runs."""
    found = [trained_before(start.run.settings, start.epoch) for start in starts(as_run(chosen))]
    return Earlier(*found) if found else None


def as_run(chosen):
    return Run("cell", chosen, SEED, "made")


@functools.cache
def trained_before(chosen, epoch):
    kept = []
    train(chosen, SEED, IMAGES, earlier=earlier_of(chosen), keep_network={epoch: kept.append})
    return read(kept[0])


@functools.cache
def whole(method, engine):
    """Return a training that nothing has interrupted."""
    return run(soon(method), engine)


def assert_the_same(found, expected):
    assert found[0] == expected[0]
    assert found[1].keys() == expected[1].keys()
    for name, values in expected[1].items():
        assert np.array_equal(found[1][name], values), name


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("method", METHODS)
def test_a_run_that_is_cut_anywhere_ends_bit_for_bit_the_same(method, engine, monkeypatch):
    """It is cut between two steps of the second epoch, goes on, and is cut again in the third."""
    expected = whole(method, engine)
    chosen, checkpoint = soon(method), None
    for cut in (STEPS + 4, 2 * STEPS + 4):
        _, _, kept = run(chosen, engine, checkpoint, cut, monkeypatch)
        (checkpoint,) = kept  # of the epoch before; the one that was cut is done again
    assert_the_same(run(chosen, engine, checkpoint), expected)


@pytest.mark.parametrize("method", METHODS)
def test_there_are_updates_on_both_sides_of_the_cut(method):
    """Or resumption would say little: epochs whose updates are between steps have several."""
    recipe = soon(method).recipe
    updates = [record["updates"] for record in whole(method, "masked")[0]]
    if not recipe.evolves:
        assert updates == [0] * EPOCHS
    elif recipe.schedule.part.at == "step":
        assert updates[1] >= 3
    else:
        assert updates[:-1] == [1] * (EPOCHS - 1)


@pytest.mark.parametrize("method", METHODS)
def test_both_engines_train_alike(method):
    masked, sparse = (whole(method, engine)[0] for engine in ENGINES)
    assert_alike(sparse, masked)


@pytest.mark.parametrize("method", METHODS)
def test_a_history_adds_up(method):
    """Connections change by what updates prune and regrow, and stay as many where all returns."""
    recipe = soon(method).recipe
    history = whole(method, "masked")[0]
    totals = [sum(record["connections"]) for record in history]
    at_step = recipe.schedule.part.at == "step"
    for before, after in itertools.pairwise(history):
        changes = after if at_step else before
        if soon(method).noise is None:
            change = changes["regrown"] - changes["pruned"]
            assert sum(after["connections"]) - sum(before["connections"]) == change
    for record in history:
        assert 0 <= record["returned"] <= min(record["pruned"], record["regrown"])
        assert 0 < record["explored"] <= 1
        assert all(count > 0 for count in record["connections"])
        assert all(math.isfinite(value) for value in record.values() if isinstance(value, float))
    if recipe.budget.name == "all" and soon(method).noise is None:
        assert max(totals) - min(totals) <= 2 * drift(recipe, 2)
    explored = [record["explored"] for record in history]
    assert explored == sorted(explored)


def drift(recipe, layers):
    """Return by how many connections an update may miss the total: about one a layer."""
    return layers + 1 if recipe.share.options.get("total") == "drifts" else 0


# ---------------------------------------------------------------- one update


EVOLVING = [name for name, method in METHODS.items() if method.parts["schedule"].name != "never"]


FEW = 10


def network(rng, shapes):
    """Return the layers of a network before an update, with all that a part may ask for.

    Each has at least a few connections, or as many as it has positions.
    """
    layers = []
    for index, shape in enumerate(shapes):
        size = math.prod(shape)
        count = int(rng.integers(min(FEW, size), max(min(FEW, size), size // 2) + 1))
        positions = np.sort(rng.choice(size, count, replace=False))
        weights = rng.standard_normal(count, dtype=np.float32)
        weights[rng.random(count) < rng.choice([0.0, 0.1])] = 0
        inputs = rng.standard_normal((shape[1], 4), dtype=np.float32)
        errors = rng.standard_normal((shape[0], 4), dtype=np.float32)
        gradient = errors @ inputs.T
        layers.append(
            LayerView(
                *(index, shape, positions, weights),
                rng.standard_normal(count, dtype=np.float32),
                gradient_from=lambda start, stop, gradient=gradient: gradient[start:stop],
                activations_from=lambda both=(inputs, errors): both,
                samples_from=lambda count, both=(inputs, errors): both,
                batch_from=lambda both=(inputs, errors): both,
            )
        )
    return layers


@pytest.mark.parametrize("method", EVOLVING)
@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32),
    shapes=st.lists(st.integers(1, 9), min_size=2, max_size=4),
    progress=st.integers(1, 99),
)
def test_an_update_keeps_its_promises(method, seed, shapes, progress):
    rng = np.random.default_rng(seed)
    layers = network(rng, [(n_out, n_in) for n_in, n_out in itertools.pairwise(shapes)])
    initial = [layer.positions.size for layer in layers]
    moment = Moment(
        *(progress, progress, 100, 1 + progress // 10, 10),
        signals={signal: rng.random(5).tolist() for signal in SIGNALS},
    )
    recipe = soon(method).recipe
    views = [(layer.positions.copy(), layer.weights.copy()) for layer in layers]
    after = update(
        recipe,
        layers,
        moment,
        initial,
        lambda purpose, layer: np.random.default_rng([seed, len(purpose), layer]),
    )
    for layer, (positions, weights) in zip(layers, views, strict=True):
        assert np.array_equal(layer.positions, positions), "what it is given stays as it was"
        assert np.array_equal(layer.weights, weights)
    if after is None:
        assert recipe.gate.name != "open"
        return
    counts = [layer.positions.size for layer in after.layers]
    for index, (layer, before) in enumerate(zip(after.layers, layers, strict=True)):
        assert layer.positions.dtype == np.int64
        assert (np.diff(layer.positions) > 0).all(), "no position twice"
        assert ((layer.positions >= 0) & (layer.positions < before.size)).all()
        assert np.isfinite(layer.weights).all()
        old = layer.source >= 0
        assert np.array_equal(before.positions[layer.source[old]], layer.positions[old])
        assert not layer.weights[old].any(), "what stays keeps its own weight"
        assert counts[index] == initial[index] - after.pruned[index] + after.regrown[index]
        came_back = np.isin(layer.positions[~old], before.positions).sum()
        kept = recipe.fill.options.get("returning") == "kept"
        shrinks = "layers" in recipe.budget.part.needs  # and what it takes out comes back as new
        assert came_back == (0 if kept else after.returned[index]) or (kept and shrinks)
        assert after.returned[index] <= min(after.pruned[index], after.regrown[index])
    if recipe.budget.name == "all":
        assert abs(sum(counts) - sum(initial)) <= drift(recipe, len(layers))
        if recipe.share.name == "own" and recipe.regrow.part.scope == "layer":
            assert counts == initial
    else:
        assert sum(counts) <= sum(initial)
    if min(initial) >= FEW and sum(counts) == sum(initial):
        assert all(counts), "no layer is left empty, unless the network shrinks"
