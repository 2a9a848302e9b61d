"""Layers of more positions than 32 bits can number: no part makes an array of that size."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from suite.methods.explored import Explored
from suite.methods.initial.random import erk_counts
from suite.methods.layer import LayerView
from suite.methods.moment import Moment
from suite.methods.recipe import resolve
from suite.methods.update import initial_topology, update
from suite.randomness import stream
from suite.sparse.functions import Connections

ACTIVE = 100_000
SHAPES = [(50_000, 65_536), (70_000, 65_536), (1_000_000, 65_536)]
"""(n_out, n_in): beyond 2^31 positions, beyond 2^32, and a million units."""

shapes = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: str(shape[0]))


@pytest.fixture
def traced():
    tracemalloc.start()
    yield tracemalloc
    tracemalloc.stop()


def bytes_of(shape, connections):
    """Return how much memory a few arrays of connections and of units take."""
    return 300 * connections + 50 * sum(shape)


def assert_spread(positions, shape):
    """Check that positions are ascending and distinct, and reach to both ends of a layer."""
    size = shape[0] * shape[1]
    assert positions.dtype == np.int64
    assert (np.diff(positions) > 0).all()
    assert 0 <= positions[0] < size / 1000
    assert size * 0.999 < positions[-1] < size
    assert abs(np.median(positions) / size - 0.5) < 0.02


@shapes
@pytest.mark.parametrize("name", ["erdos_renyi", "uniform", "erk"])
def test_a_topology_is_drawn_by_its_connections(shape, name, traced):
    size, density = shape[0] * shape[1], ACTIVE / (shape[0] * shape[1])
    options = {"epsilon": ACTIVE / sum(shape)} if name == "erdos_renyi" else {"density": density}
    recipe = resolve("set", {"initial": {"name": name, "options": options}})
    (positions,) = initial_topology(recipe, [shape], [stream(1, "topology", layer=0)])
    indexed = Connections(shape, positions)
    assert traced.get_traced_memory()[1] < bytes_of(shape, ACTIVE)
    assert_spread(positions, shape)
    rows, columns = indexed.by_column[1][: positions.size], indexed.by_row[1][: positions.size]
    of_column = np.repeat(np.arange(shape[1]), np.diff(indexed.by_column[0].astype(np.int64)))
    order = indexed.by_column[2]
    assert (rows.astype(np.int64) * shape[1] + of_column == positions[order]).all()
    assert (columns == positions % shape[1]).all()
    if name == "erdos_renyi":
        assert abs(positions.size - ACTIVE) < 5 * ACTIVE**0.5
    else:
        exact = round(density * size) if name == "uniform" else erk_counts([shape], density)[0]
        assert positions.size == exact == ACTIVE


@shapes
@pytest.mark.parametrize(
    ("prune", "regrow"),
    [
        ("set", "random"),
        ("magnitude", "one_neighbour"),
        ("set", "most_neighbours"),
        ("magnitude", "sampled"),
    ],
)
def test_an_update_takes_memory_by_connections(shape, prune, regrow, traced):
    rng = np.random.default_rng(7)
    size = shape[0] * shape[1]
    positions = np.unique(rng.integers(size, size=ACTIVE))
    weights, momentum = rng.standard_normal((2, positions.size), dtype=np.float32)
    sides = [rng.standard_normal((units, 2), dtype=np.float32) for units in shape[::-1]]
    layer = LayerView(0, shape, positions, weights, momentum, batch_from=lambda: tuple(sides))
    explored = Explored(size)
    tracemalloc.reset_peak()
    explored.add(positions)
    updated = update(
        resolve("set", {"prune": {"name": prune}, "regrow": {"name": regrow}}),
        [layer],
        Moment(1, 1, 9, 1, 9),
        [positions.size],
        lambda purpose, index: stream(1, purpose, 1, index),
    )
    (after,) = updated.layers
    explored.add(after.positions[after.source < 0])
    assert traced.get_traced_memory()[1] < bytes_of(shape, ACTIVE)
    assert after.positions.size == positions.size
    assert updated.regrown == updated.pruned != [0]
    assert_spread(after.positions, shape)
    stayed = after.source >= 0
    assert (after.positions[stayed] == positions[after.source[stayed]]).all()
    assert explored.count == np.union1d(positions, after.positions).size
