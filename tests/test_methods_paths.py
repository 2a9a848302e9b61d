"""Cannistraci-Hebb regrowth: golden cases, the rules restated path by path, and invariants."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from suite.methods.layer import LayerView
from suite.methods.regrow import paths as module
from suite.methods.regrow.paths import paths
from tests.reference import regrowth

FORMS = {"nodes": module._of_nodes, "paths": module._of_paths}
CASES = list(itertools.product(("ch2", "ch3"), FORMS))

GOLDEN = np.array([[1, 1, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]], dtype=bool)
EXPECTED = {
    ("ch2", "nodes"): {(0, 3): 4, (1, 0): 3, (1, 2): 3, (2, 0): 3, (2, 1): 3, (2, 3): 0},
    ("ch3", "nodes"): {(0, 3): 2, (1, 0): 1.5, (1, 2): 1.5, (2, 0): 1.5, (2, 1): 1.5, (2, 3): 0},
    ("ch3", "paths"): {(0, 3): 1, (1, 0): 0.5**0.5, (1, 2): 0.5**0.5, (2, 0): 0.5**0.5}
    | {(2, 1): 0.5**0.5, (2, 3): 0},
    ("ch2", "paths"): {(0, 3): 2, (1, 0): 2**0.5, (1, 2): 2**0.5, (2, 0): 2**0.5}
    | {(2, 1): 2**0.5, (2, 3): 0},
}


def view(mask):
    positions = np.flatnonzero(mask)
    weights = np.ones(positions.size, dtype=np.float32)
    return LayerView(0, mask.shape, positions, weights, weights)


def scores(mask, rule, form, height):
    """Compute every score, in blocks of some rows."""
    compute = FORMS[form](module.adjacency(view(mask)), rule)
    rows = range(0, len(mask), height)
    return np.concatenate([compute(start, min(start + height, len(mask))) for start in rows])


def active_of(mask):
    return set(zip(*(axis.tolist() for axis in np.nonzero(mask)), strict=True))


@pytest.mark.parametrize(("rule", "form"), CASES)
@pytest.mark.parametrize("height", [1, 2, 3])
def test_golden_cases(rule, form, height):
    found = scores(GOLDEN, rule, form, height)
    expected = EXPECTED[rule, form]
    assert {at: float(found[at]) for at in expected} == pytest.approx(expected)
    assert regrowth.paths(active_of(GOLDEN), GOLDEN.shape, rule, form) == pytest.approx(expected)


@pytest.mark.parametrize(("rule", "form"), CASES)
@settings(max_examples=40)
@given(
    mask=hnp.arrays(bool, st.tuples(st.integers(1, 6), st.integers(1, 6))), height=st.integers(1, 6)
)
def test_scores_agree_with_the_reference(rule, form, mask, height):
    found = scores(mask, rule, form, height)
    assert found.shape == mask.shape
    expected = regrowth.paths(active_of(mask), mask.shape, rule, form)
    assert {at: float(found[at]) for at in expected} == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("rule", "form"), CASES)
@settings(max_examples=40)
@given(mask=hnp.arrays(bool, st.tuples(st.integers(1, 6), st.integers(1, 6))))
def test_a_turned_layer_has_turned_scores(rule, form, mask):
    here, turned = scores(mask, rule, form, 6), scores(mask.T, rule, form, 6)
    assert here[~mask] == pytest.approx(turned.T[~mask], rel=1e-5)


@pytest.mark.parametrize("choice", ["drawn", "best"])
@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40)
@given(mask=hnp.arrays(bool, st.tuples(st.integers(1, 6), st.integers(1, 6))), data=st.data())
def test_whatever_the_layer_and_count(choice, form, mask, data):
    count = data.draw(st.integers(0, int((~mask).sum())))
    new = paths(view(mask), count, np.random.default_rng(0), form=form, choice=choice)
    assert new.size == np.unique(new).size == count
    assert not mask.ravel()[new].any()


def test_the_best_are_taken_and_of_equal_ones_the_first():
    assert paths(view(GOLDEN), 2, np.random.default_rng(0), choice="best").tolist() == [3, 4]


@pytest.mark.slow
def test_positions_are_drawn_in_proportion():
    rng, layer = np.random.default_rng(1), view(GOLDEN)
    seen = Counter(int(paths(layer, 1, rng)[0]) for _ in range(1600))
    at = {row * 4 + column: score for (row, column), score in EXPECTED["ch2", "nodes"].items()}
    assert seen[11] == 0
    observed = [seen[position] for position, score in at.items() if score]
    expected = [1600 * score / 16 for score in at.values() if score]
    assert scipy.stats.chisquare(observed, expected).pvalue > 1e-3
