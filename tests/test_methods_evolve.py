from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.errors import UserError
from suite.methods.layer import LayerView
from suite.methods.library import names
from suite.methods.moment import Moment
from suite.methods.presets import METHODS
from suite.methods.recipe import resolve
from suite.methods.update import update
from suite.randomness import stream
from tests.reference import methods as reference

REFERENCE = {"set": reference.pruned_by_set, "magnitude": reference.pruned_by_magnitude}


def layer_of(rng, rows, columns, share):
    positions = np.flatnonzero(rng.random(rows * columns) < share)
    weights = rng.standard_normal(positions.size, dtype=np.float32)
    weights[rng.random(positions.size) < 0.1] = 0
    return positions, weights, rng.standard_normal(positions.size, dtype=np.float32)


def sides(shape, count):
    """Return activations that enter and leave a layer of some inputs, drawn by chance."""
    rng = np.random.default_rng(count)
    n_out, n_in = shape
    return tuple(rng.standard_normal((units, count), np.float32) for units in (n_in, n_out))


def evolve(
    shape,
    positions,
    weights,
    momentum,
    *,
    initial_count=None,
    theta=1.0,
    zeta=0.3,
    prune="set",
    regrow="random",
    options=(),
    fill="zeros",
    at=3,
):
    """Update one layer, and give its connections what training would carry over to them."""
    changes = {
        "rate": {"options": {"zeta": zeta}},
        "prune": {"name": prune},
        "budget": {"name": "performance", "options": {"overshoot": True}},
        "regrow": {"name": regrow, "options": dict(options)},
        "fill": {"name": fill},
    }
    layer = LayerView(
        0,
        shape,
        positions,
        weights,
        np.zeros_like(weights) if momentum is None else momentum,
        gradient_from=lambda start, stop: np.ones(shape, dtype=np.float32)[start:stop],
        samples_from=lambda count: sides(shape, count),
        batch_from=lambda: sides(shape, 5),
    )
    done = update(
        resolve("set", changes),
        [layer],
        Moment(at, at, 99, at, 99, {"loss": [1.0, theta]}),  # so theta is the last loss
        [positions.size if initial_count is None else initial_count],
        lambda purpose, _: stream(0, purpose, at),
    )
    new = done.layers[0]
    stays = new.source >= 0
    carried = [new.weights.copy(), np.zeros_like(new.weights)]
    for values, old in zip(carried, (layer.weights, layer.momentum), strict=True):
        values[stays] = old[new.source[stays]]
    return SimpleNamespace(
        positions=new.positions,
        weights=carried[0],
        momentum=carried[1],
        fill=new.weights,
        theta=done.theta,
        pruned=done.pruned[0],
        regrown=done.regrown[0],
    )


@pytest.mark.slow
@pytest.mark.parametrize("prune", REFERENCE)
@pytest.mark.parametrize("regrow", names("regrow"))
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(1, 9),
    columns=st.integers(1, 9),
    share=st.floats(0, 1),
    theta=st.floats(0, 2),
    zeta=st.floats(0.01, 0.99),
    extra=st.integers(-5, 60),
)
def test_a_layer_after_evolution(prune, regrow, seed, rows, columns, share, theta, zeta, extra):
    positions, weights, momentum = layer_of(np.random.default_rng(seed), rows, columns, share)
    before = positions.copy(), weights.copy(), momentum.copy()
    initial = max(0, positions.size + extra)
    new = evolve(
        (rows, columns),
        positions,
        weights,
        momentum,
        initial_count=initial,
        theta=theta,
        zeta=zeta,
        prune=prune,
        regrow=regrow,
    )
    layer = {divmod(int(at), columns): float(w) for at, w in zip(positions, weights, strict=True)}
    kept = {i * columns + j for i, j in REFERENCE[prune](layer, zeta)}
    assert new.theta == pytest.approx(theta)
    lacking = max(0, round(new.theta * (initial - len(kept))))
    regrown = min(lacking, rows * columns - len(kept))

    assert (new.pruned, new.regrown) == (positions.size - len(kept), regrown)
    assert new.positions.dtype == np.int64
    assert (np.diff(new.positions) > 0).all()
    assert kept <= set(new.positions.tolist())
    assert new.positions.size == len(kept) + regrown
    assert set(new.positions.tolist()) <= set(range(rows * columns))
    old_weight = dict(zip(positions.tolist(), weights.tolist(), strict=True))
    old_momentum = dict(zip(positions.tolist(), momentum.tolist(), strict=True))
    for name, values, old in (
        ("weights", new.weights, old_weight),
        ("momentum", new.momentum, old_momentum),
    ):
        assert values.dtype == np.float32, name
        expected = [old[at] if at in kept else 0.0 for at in new.positions.tolist()]
        assert values.tolist() == expected, name
    for now, then in zip((positions, weights, momentum), before, strict=True):
        assert (now == then).all()


def test_without_momentum_there_is_none():
    positions, weights, _ = layer_of(np.random.default_rng(0), 20, 20, 0.3)
    new = evolve((20, 20), positions, weights, None)
    assert not new.momentum.any()
    assert new.momentum.shape == new.positions.shape


def test_the_result_can_be_trained_on():
    positions, weights, momentum = layer_of(np.random.default_rng(0), 20, 20, 0.3)
    new = evolve((20, 20), positions, weights, momentum, theta=0.0)
    for array in (new.positions, new.fill):
        assert array.flags.writeable
    new.fill[:] = 7
    assert not (weights == 7).any()


def test_a_layer_that_lost_every_connection():
    nothing = np.empty(0, dtype=np.int64)
    new = evolve((4, 5), nothing, nothing.astype(np.float32), None, initial_count=6)
    assert (new.pruned, new.regrown, new.positions.size) == (0, 6, 6)
    new = evolve((4, 5), nothing, nothing.astype(np.float32), None, initial_count=6, theta=0.0)
    assert new.positions.size == 0


def test_overshoot_ends_with_a_full_layer():
    positions = np.arange(18)
    weights = np.ones(18, dtype=np.float32)
    new = evolve((4, 5), positions, weights, None, theta=2.0)  # lacks 5, asks for 10, 7 are left
    assert (new.pruned, new.regrown) == (5, 7)
    assert new.positions.tolist() == list(range(20))


def test_normal_regrown_weights():
    rng = np.random.default_rng(0)
    positions, weights, momentum = layer_of(rng, 300, 300, 0.3)
    zeros = evolve((300, 300), positions, weights, momentum)
    normal = evolve((300, 300), positions, weights, momentum, fill="normal")
    assert (zeros.positions == normal.positions).all()  # the two draws are apart
    new = normal.weights[zeros.weights == 0]
    assert new.size == zeros.regrown
    assert abs(new.mean()) < 5 * 0.1 / new.size**0.5
    assert abs(new.std() / 0.1 - 1) < 0.05
    drawn = stream(0, "regrown", 3).standard_normal(new.size, dtype=np.float32)
    assert (new == np.float32(0.1) * drawn).all()  # in order of position
    assert (normal.momentum == zeros.momentum).all()


def test_options_reach_the_strategy():
    shape, positions = (20, 20), np.array([210])
    weights = np.ones(1, dtype=np.float32)

    def new(neighbourhood):
        options = {"neighbourhood": neighbourhood}
        changes = {"regrow": "one_neighbour", "initial_count": 5, "options": options}
        return evolve(shape, positions, weights, None, **changes).positions.tolist()

    assert new("diagonal") == [189, 191, 210, 229, 231]
    assert new("block") != new("diagonal")


def test_an_unknown_strategy_is_refused():
    with pytest.raises(UserError, match='no regrowth strategy "nobody"'):
        evolve((1, 2), np.array([0]), np.ones(1, dtype=np.float32), None, regrow="nobody")


def test_counts_approach_the_equilibrium():
    """AccSET at a constant accuracy, on one layer, over real epochs of evolution."""
    rng = np.random.default_rng(1)
    positions, weights, _ = layer_of(rng, 100, 100, 0.2)
    initial = positions.size
    for epoch in range(1, 31):
        weights = rng.standard_normal(positions.size, dtype=np.float32)  # as training would
        new = evolve(
            (100, 100), positions, weights, None, initial_count=initial, theta=0.3506, at=epoch
        )
        positions, weights = new.positions, new.weights
    assert positions.size == pytest.approx(initial * 219_480 / 341_440, rel=0.005)


def test_the_table_of_methods():
    assert list(METHODS)[:6] == ["set", "accset", "lset", "dynset", "static", "dense"]
    for name, method in METHODS.items():
        read = "metric" in {**method.parts["budget"].options, **method.parts["gate"].options}
        assert method.name == name
        assert read == bool(method.metrics)
        assert (method.default_metric in method.metrics) == bool(method.metrics)
    of_the_paper = [METHODS[name] for name in list(METHODS)[:6]]
    assert [m.name for m in of_the_paper if m.parts["schedule"].name == "never"] == [
        "static",
        "dense",
    ]
    assert [m.name for m in of_the_paper if m.parts["initial"].name == "dense"] == ["dense"]
    assert [m.name for m in of_the_paper if m.parts["gate"].name == "pauses"] == ["dynset"]
