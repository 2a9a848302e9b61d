"""How long connections live, and what an epoch costs in multiply-adds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.datasets.digits import digits
from suite.methods import multiply_adds
from suite.methods.layer import LayerView
from suite.methods.presets import METHODS
from suite.methods.regrow import sampled
from suite.methods.update import Rewired, Updated
from suite.settings import Settings
from suite.training.checkpoint import epochs_behind
from suite.training.lifetimes import Lifetimes
from suite.training.train import Stopped, train
from tests.reference.lifetimes import lifetimes as plainly

SMALL = {"dataset": "digits", "hidden": [40, 30], "epsilon": 3, "train_samples": 300}


def updated(sources):
    layers = [
        Rewired(np.arange(len(s)), np.array(s, dtype=np.int64), np.zeros(len(s), np.float32))
        for s in sources
    ]
    return Updated(layers, 0.3, None, [], [], [])


def listed(counts):
    """Return counts as the plain restatement has them."""
    return {
        (which, state, age): number
        for which, states in counts.items()
        for state, ages in states.items()
        for age, number in enumerate(ages)
        if number
    }


def test_one_layer_by_hand():
    lived = Lifetimes(1)
    lived.note(updated([[0, 2, -1]]), [3])  # the middle one goes, and one comes
    lived.note(updated([[-1, 1, -1]]), [3])  # of the first, an initial, and the regrown one too
    assert lived.counts([3]) == {
        "initial": {"died": [0, 1, 1], "alive": [0, 0, 1]},
        "regrown": {"died": [0, 1], "alive": [2]},
    }


@given(st.data())
def test_counts_are_those_of_single_connections(data):
    sizes = data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=3))
    lived, updates = Lifetimes(len(sizes)), []
    for _ in range(data.draw(st.integers(1, 6))):
        layers = []
        for size in sizes:
            kept = data.draw(st.sets(st.integers(0, size - 1))) if size else set()
            new = data.draw(st.integers(0, 3))
            layers.append((size, [*sorted(kept), *[-1] * new]))
        lived.note(updated([source for _, source in layers]), sizes)
        updates.append(layers)
        sizes = [len(source) for _, source in layers]
    assert listed(lived.counts(sizes)) == plainly(updates)


@pytest.mark.parametrize("engine", ["masked", "sparse"])
def test_every_connection_is_counted_once(engine):
    trained = train(Settings(epochs=5, **SMALL), 1, digits(), engine=engine)
    counts, last = trained.lifetimes, trained.history[-1]
    assert last["updates"] == 0  # nothing changes after the last epoch
    initial, regrown = counts["initial"], counts["regrown"]
    assert sum(initial["died"]) + sum(initial["alive"]) == sum(trained.history[0]["connections"])
    assert sum(regrown["died"]) + sum(regrown["alive"]) == sum(
        record["regrown"] for record in trained.history
    )
    assert sum(initial["died"]) + sum(regrown["died"]) == sum(
        record["pruned"] for record in trained.history
    )
    assert len(initial["alive"]) == 5  # all have lived through four updates


@pytest.mark.parametrize(("method", "found"), [("static", False), ("dense", False), ("set", True)])
def test_only_where_a_topology_changes(method, found):
    trained = train(Settings(method=method, epochs=2, **SMALL), 1, digits())
    assert (trained.lifetimes is not None) is found
    assert bool(trained.pixels) is (method != "dense")


@pytest.mark.parametrize("more", [{}, {"schedule": {"every_steps": {"n": 2}}}])
def test_a_resumed_run_counts_on(more):
    settings = Settings(epochs=4, **SMALL, **more)
    whole = train(settings, 1, digits())
    kept = []

    def stop(record):
        if record["epoch"] == 2:
            raise Stopped

    with pytest.raises(Stopped):
        train(settings, 1, digits(), keep=kept.append, keep_every=1e9, on_epoch=stop)
    assert epochs_behind(kept[-1]) == 2
    resumed = train(settings, 1, digits(), checkpoint=kept[-1])
    assert resumed.lifetimes == whole.lifetimes
    assert resumed.pixels == whole.pixels
    counted = [record["multiply_adds"] for record in whole.history]
    assert [record["multiply_adds"] for record in resumed.history] == counted


def test_pixels_have_the_connections_of_the_first_layer():
    trained = train(Settings(epochs=3, **SMALL), 1, digits())
    for when, place in (("initial", 0), ("final", -1)):
        assert len(trained.pixels[when]) == 64
        assert sum(trained.pixels[when]) == trained.history[place]["connections"][0]
        degrees = trained.degrees[when][0]["inputs"]
        assert np.bincount(trained.pixels[when]).tolist() == degrees


# ---------------------------------------------------------------- multiply-adds


def test_multiply_adds_by_hand():
    assert multiply_adds.inference([6, 4], 2) == 12
    assert multiply_adds.training([6, 4], 2, 5) == 5 * 36


def plain_pass(widths, active):
    """Return the multiplications of one image's step, counted one by one."""
    forward = sum(1 for layer in active for row in layer for there in row if there)
    forward += widths[-2] * widths[-1]
    return forward + forward + forward  # forward, by inputs, by weights


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), st.integers(1, 4), st.randoms())
def test_a_step_costs_what_its_products_cost(inputs, units, classes, images, random):
    active = [[[random.random() < 0.4 for _ in range(inputs)] for _ in range(units)]]
    count = sum(map(sum, active[0]))
    widths = [inputs, units, classes]
    expected = images * plain_pass(widths, active)
    assert multiply_adds.training([count], units * classes, images) == expected


def test_an_epoch_costs_its_steps():
    first = train(Settings(epochs=3, **SMALL), 1, digits()).history
    for record in first:
        active = sum(record["connections"]) + 30 * 10
        assert record["inference_multiply_adds"] == active
        assert record["multiply_adds"] == 300 * 3 * active


def one_update(**given):
    """Train three steps of 100 images with an update after the second; return what that one cost.

    Returns:
        The multiply-adds beyond those of three steps, the connections of the hidden layers, and
        their positions. The output layer has 300 weights.
    """
    often = {"schedule": {"every_steps": {"n": 2, "until": 1.0, "doubles_at": []}}}
    (record,) = train(Settings(**{"epochs": 1, **often, **SMALL} | given), 1, digits()).history
    assert record["updates"] == 1
    active = sum(record["connections"])  # as many before the update as after it
    return record["multiply_adds"] - 300 * 3 * (active + 300), active, 64 * 40 + 40 * 30


def kept(method):
    """Return the setting by which a method keeps the number of connections exactly."""
    return {"share": {"momentum": {"total": "kept"}}} if method.startswith("snfs") else {}


@pytest.mark.parametrize("method", ["rigl", "snfs_gradient", "rigl_itop"])
def test_an_update_by_the_gradient_costs_a_dense_one(method):
    """The step has computed the gradient of what is active."""
    more, active, positions = one_update(method=method, **kept(method))
    assert more == 100 * (positions - active)


def test_a_window_costs_each_of_its_batches():
    more, active, positions = one_update(method="snfs_window", **kept("snfs_window"))
    assert more == 200 * (positions - active)


@pytest.mark.parametrize("method", ["set", "set_itop", "dsr", "chts", "mest"])
def test_what_looks_at_the_active_connections_alone_costs_nothing_more(method):
    given = {"rate": {"adaptive_threshold": {"target": 10}}} if method == "dsr" else {}
    more, _, _ = one_update(method=method, **given)
    assert more == 0


def test_sampled_candidates_cost_a_look_and_their_own_gradient(monkeypatch):
    looked_at = []

    def noted(*given):
        looked_at.append(candidates(*given))
        return looked_at[-1]

    candidates = sampled._candidates
    monkeypatch.setattr(sampled, "_candidates", noted)
    more, active, positions = one_update(method="gse", rate={"constant": {"zeta": 0.3}})
    number = sum(map(len, looked_at))
    assert 0 < number < active < positions - active
    assert more == 100 * 3 * (active + 300) + 100 * number


def test_candidates_for_nothing_cost_the_look_only():
    """Two of three steps are beyond half of the training, where GSE's rate is 0."""
    more, active, _ = one_update(method="gse")
    assert more == 100 * 3 * (active + 300)


@pytest.mark.parametrize("method", ["ctre_sim", "ctre_seq"])
def test_likeness_costs_the_samples_through_the_network_and_every_pair_of_units(method):
    of = METHODS[method].parts["regrow"].name
    more, active, positions = one_update(method=method, regrow={of: {"samples": 70}})
    assert more == 70 * (active + positions)


@given(
    st.integers(1, 6),
    st.integers(1, 6),
    st.integers(0, 9),
    st.sets(st.integers(0, 35)),
    st.sets(st.integers(0, 35)),
)
def test_the_gradient_is_charged_where_no_step_has_computed_it(rows, columns, images, active, some):
    charged = []
    active, some = (sorted(at for at in of if at < rows * columns) for of in (active, some))
    weights = np.zeros(len(active), dtype=np.float32)
    layer = LayerView(
        *(0, (rows, columns), np.array(active, dtype=np.int64), weights, weights),
        gradient_from=lambda start, stop: np.zeros((stop - start, columns), dtype=np.float32),
        images=images,
        charge=charged.append,
    )
    pruned = replace(layer, positions=layer.positions[::2], weights=weights[::2], before=layer)
    new = sum(1 for at in some if at not in active)
    pruned.gradient_at(np.array(some, dtype=np.int64))
    assert sum(charged) == images * new
    charged.clear()
    pruned.active_gradient()
    assert sum(charged) == 0
    pruned.gradient()
    assert sum(charged) == images * (rows * columns - len(active))
