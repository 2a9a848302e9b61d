"""Bringing two cells' values together by seed."""

import subprocess
import sys

import numpy as np
import pytest

from suite.statistics import match, pairs


def test_values_are_paired_by_seed_and_not_by_order():
    sample = match({3: 0.3, 1: 0.1, 2: 0.2}, {1: 1.0, 2: 2.0, 3: 3.0})
    assert sample.paired
    assert sample.a.tolist() == [0.1, 0.2, 0.3]
    assert sample.b.tolist() == [1.0, 2.0, 3.0]
    assert (sample.dropped, sample.note) == (0, "")


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf, None])
def test_a_seed_that_one_cell_lost_drops_the_pair_and_is_counted(lost):
    first = {seed: 1.0 * seed for seed in range(5)}
    if lost is None:
        del first[2]
    else:
        first[2] = lost
    sample = match(first, {seed: 2.0 * seed for seed in range(5)}, seeds=range(5))
    assert sample.a.tolist() == [0, 1, 3, 4]
    assert sample.dropped == 1
    assert sample.note == "1 of 5 declared pairs missing"


def test_declared_seeds_that_neither_cell_has_are_counted_too():
    assert match({1: 1.0}, {1: 2.0}, seeds=range(10)).dropped == 9


def test_cells_without_a_shared_seed_are_independent():
    sample = match({1: 1.0, 2: 2.0}, {3: 3.0, 4: 4.0, 5: 5.0})
    assert not sample.paired
    assert (sample.a.size, sample.b.size, sample.n) == (2, 3, 2)
    assert "2 runs against 3, since no seed is shared" in sample.note


def test_independent_by_design_keeps_every_run():
    sample = match({1: 1.0, 2: 2.0}, {1: 1.0, 2: 2.0, 3: 9.0}, design="independent")
    assert not sample.paired
    assert (sample.a.size, sample.b.size) == (2, 3)
    assert "no seed is shared" not in sample.note


def test_a_cell_without_runs_leaves_nothing():
    for sample in (match({}, {1: 1.0}), match({}, {}), match({1: np.nan}, {1: 1.0})):
        assert sample.n == 0
        assert not sample.identical


def test_identical_means_every_pair():
    assert pairs([1.0, 2.0], [1.0, 2.0]).identical
    sample = pairs([1.0, 2.0, 3.0], [1.0, 2.5, 3.0])
    assert not sample.identical
    assert sample.differing == 1


def test_arrays_of_two_shapes_are_no_pairs():
    with pytest.raises(ValueError, match="two arrays"):
        pairs([1.0, 2.0], [1.0])


def test_importing_the_statistics_imports_nothing_slow():
    code = "import suite.statistics, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    slow = {"statsmodels", "scikit_posthocs", "matplotlib", "scipy.stats", "torch", "ray"}
    assert not slow & set(loaded.stdout.split())
