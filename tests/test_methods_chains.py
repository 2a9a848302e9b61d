"""Taking out what leads nowhere: golden cases, the rule restated, and invariants."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from suite.methods.layer import LayerView
from suite.methods.moment import Moment
from suite.methods.prune.chains import remove_chains
from suite.methods.recipe import resolve
from suite.methods.update import update
from tests.reference import methods as reference


def view(index, shape, positions, weights=None):
    positions = np.array(sorted(positions), dtype=np.int64)
    weights = np.ones(positions.size) if weights is None else weights
    weights = np.asarray(weights, dtype=np.float32)
    return LayerView(index, shape, positions, weights, 0 * weights)


def left(layers, keep):
    """Return what stays, as sets of (row, column)."""
    found = []
    for layer, stays in zip(layers, keep, strict=True):
        rows, columns = np.divmod(layer.positions[stays], layer.shape[1])
        found.append(set(zip(rows.tolist(), columns.tolist(), strict=True)))
    return found


def all_of(layers):
    return [np.ones(layer.positions.size, dtype=bool) for layer in layers]


def test_what_no_one_reads_goes():
    """W1 links a <- x and b <- x, W2 links out <- a only: b <- x goes."""
    layers = [view(0, (2, 1), [0, 1]), view(1, (1, 2), [0])]
    keep = all_of(layers)
    remove_chains(layers, keep)
    assert left(layers, keep) == [{(0, 0)}, {(0, 0)}]


def test_what_nothing_feeds_goes():
    """a <- x was pruned: out <- a goes, and b <- x, which leads nowhere."""
    layers = [view(0, (2, 1), [0, 1]), view(1, (1, 2), [0])]
    keep = all_of(layers)
    keep[0][0] = False
    remove_chains(layers, keep)
    assert left(layers, keep) == [set(), set()]


@st.composite
def networks(draw):
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=5))
    layers = []
    for index, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        every = st.sets(st.integers(0, n_in * n_out - 1))
        layers.append(view(index, (n_out, n_in), draw(every)))
    return layers


@given(networks(), st.data())
def test_it_agrees_with_the_reference(layers, data):
    keep = [
        np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool)
        for n in (layer.positions.size for layer in layers)
    ]
    before = left(layers, keep)
    remove_chains(layers, keep)
    assert left(layers, keep) == reference.without_chains(before, [x.shape for x in layers])


@given(networks())
def test_every_unit_that_is_left_has_both_sides_or_none(layers):
    keep = all_of(layers)
    remove_chains(layers, keep)
    stays = left(layers, keep)
    for before, after in itertools.pairwise(stays):
        assert {column for _, column in after} <= {row for row, _ in before}


def test_an_update_gives_each_layer_back_what_it_lost():
    rng = np.random.default_rng(2)
    layers = [
        view(i, shape, rng.choice(200, 60, replace=False), rng.standard_normal(60))
        for i, shape in enumerate([(20, 10), (10, 20)])
    ]
    done = update(
        resolve("chts"),
        layers,
        Moment(1, 1, 10, 1, 10, {}),
        [60, 60],
        lambda purpose, layer: np.random.default_rng(layer),
    )
    assert [layer.positions.size for layer in done.layers] == [60, 60]
    assert done.pruned == done.regrown
    assert min(done.pruned) >= 18


def test_what_stays_before_chains_go_may_be_drawn():
    """Small weights go more often than large ones, and a weight of zero before all others."""
    weights = np.repeat([0.0, 0.5, 1.0], [20, 180, 200])
    np.random.default_rng(2).shuffle(weights)
    moment = Moment(1, 500, 1000, 1, 2)
    layers = [
        replace(view(i, (20, 20), range(400), weights), rng=np.random.default_rng(i), moment=moment)
        for i in range(2)
    ]
    rule = resolve("chts").prune
    for keep in rule.part.function(layers, 0.3, **rule.options):
        zero, small, large = (np.count_nonzero(~keep[weights == w]) for w in (0, 0.5, 1))
        assert zero == 20
        assert small > large > 0
        assert zero + small + large == 120  # a layer so full has no chain to lose
