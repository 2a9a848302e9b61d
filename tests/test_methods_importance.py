"""Importance pruning of units: golden cases, the rule restated, and an update with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from suite.methods import library
from suite.methods.layer import LayerView
from suite.methods.moment import Moment
from suite.methods.recipe import resolve
from suite.methods.update import update
from tests.reference import shrinking as reference

PART = library.get("budget", "importance")


def moment(epoch):
    return Moment(epoch, epoch, 1000, epoch, 1000, {})


def view(dense):
    """A layer with a connection wherever a weight is not zero."""
    dense = np.asarray(dense, dtype=np.float32)
    positions = np.flatnonzero(dense)
    weights = dense.ravel()[positions]
    return LayerView(0, dense.shape, positions, weights, weights)


def units_left(layer, **options):
    answer = PART.function(moment(1), np.array([0]), [layer], after=0, every=1, **options)
    if answer.stays is None:
        answer = PART.function(moment(2), np.array([0]), [layer], after=0, every=1, **options)
    return sorted(set((layer.positions[answer.stays[0]] // layer.shape[1]).tolist()))


@pytest.mark.parametrize(
    ("units", "percentile", "gone"), [(5, 20.0, [1]), (10, 20.0, [1, 2]), (10, 10.0, [1])]
)
def test_golden_cases(units, percentile, gone):
    """Units of importance 1, 2, 3, ...: 1.8 is the 20th percentile of five, 2.8 and 1.9 of ten."""
    importance = np.arange(1, units + 1)
    layer = view(np.stack([importance / 4, -0.75 * importance], axis=1))
    left = units_left(layer, percentile=percentile)
    assert [unit + 1 for unit in range(units) if unit not in left] == gone


@given(
    dense=hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.integers(1, 5)),
        elements=st.integers(-8, 8).map(lambda number: number / 4),
    ),
    percentile=st.sampled_from([5.0, 20.0, 50.0, 90.0]),
)
def test_it_agrees_with_the_reference(dense, percentile):
    layer = view(dense)
    active = {
        divmod(int(at), dense.shape[1]): float(weight)
        for at, weight in zip(layer.positions, layer.weights, strict=True)
    }
    left = reference.important_units(active, dense.shape[0], percentile)
    assert units_left(layer, percentile=percentile) == sorted(
        unit for unit in left if any(row == unit for row, _ in active)
    )


def test_the_epochs_are_those_of_the_authors():
    """Counted from 0: every tenth epoch above 200."""
    layer = view([[1.0], [2.0]])
    due = [
        epoch - 1
        for epoch in range(1, 241)
        if PART.function(moment(epoch), np.array([2]), [layer], **PART.defaults).stays is not None
    ]
    assert due == [210, 220, 230]


def test_an_update_shrinks_by_the_units_and_regrows_what_is_pruned():
    dense = np.outer([1, 2, 3, 4, 5], np.ones(20))
    dense[:, 10:] = 0
    recipe = resolve("set", {"budget": {"name": "importance", "options": {"after": 0, "every": 1}}})
    done = update(
        recipe, [view(dense)], moment(3), [50], lambda purpose, layer: np.random.default_rng(1)
    )
    assert done.layers[0].positions.size == 40
    assert (done.pruned, done.regrown) == ([10 + 12], [12])  # a unit of 10, then 30 % of 40
    assert (done.layers[0].source >= 0).sum() == 28
