"""Bringing two cells' values together by seed."""

import subprocess
import sys

import numpy as np
import pytest

from suite.statistics import Part, Question, compare, judge, match, pairs


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


def seeds(*numbers):
    return {seed: float(seed) for seed in numbers}


@pytest.mark.parametrize(
    ("first", "second", "paired", "n"),
    [
        (range(7), range(6, 13), False, 7),  # one seed shared
        (range(7), range(2, 9), False, 7),  # five shared: no exact test of them reaches 0.05
        (range(7), range(1, 8), True, 6),  # six shared
        (range(3), range(10), True, 3),  # all of the first cell's runs are shared
        (range(1), range(1), True, 1),
        (range(2), range(1, 3), False, 2),
    ],
)
def test_cells_that_share_too_few_seeds_keep_their_runs(first, second, paired, n):
    sample = match(seeds(*first), seeds(*second))
    assert (sample.paired, sample.n, sample.fallback) == (paired, n, not paired)
    assert sample.paired_by_design


def test_a_note_counts_the_few_seeds_that_are_shared():
    note = "compared as independent (Welch), 7 runs against 7, since only {} shared"
    assert match(seeds(*range(7)), seeds(*range(6, 13))).note == note.format("1 seed is")
    assert match(seeds(*range(7)), seeds(*range(4, 11))).note == note.format("3 seeds are")


def test_independent_by_design_keeps_every_run():
    sample = match({1: 1.0, 2: 2.0}, {1: 1.0, 2: 2.0, 3: 9.0}, design="independent")
    assert not sample.paired
    assert (sample.a.size, sample.b.size) == (2, 3)
    assert "shared" not in sample.note
    assert not sample.fallback
    assert not sample.paired_by_design


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


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_pairs_in_order_stay_pairs_however_few_are_whole(bad):
    a, b = np.arange(1.0, 8.0), np.arange(2.0, 9.0)
    a[0] = b[3] = bad
    sample = pairs(a, b)
    assert (sample.paired, sample.n, sample.dropped) == (True, 5, 2)
    assert sample.seeds == (1, 2, 4, 5, 6)
    assert sample.differences.tolist() == 5 * [-1.0]
    assert compare([Question(sample)], inference="anytime")[0].design == "paired"


def test_importing_the_statistics_imports_nothing_slow():
    code = "import suite.statistics, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    slow = {"statsmodels", "scikit_posthocs", "matplotlib", "scipy.stats", "torch", "ray"}
    assert not slow & set(loaded.stdout.split())


def test_a_difference_that_is_rounding_is_a_tie():
    """The reported case: values of about 0.7, ten pairs of which differ by 1e-15."""
    values = 0.7 + np.arange(10) / 100
    sample = pairs(values - 1e-15, values)
    assert (sample.identical, sample.differing) == (True, 0)
    assert not sample.differences.any()
    assert compare([Question(sample, higher_is_better=False)])[0].verdict == "inconclusive"
    assert judge([[Part(sample, "lower")]])[0].verdict == "inconclusive"


def test_small_values_may_differ_by_as_little():
    values = np.arange(1, 11) * 1e-13
    sample = pairs(values - 1e-15, values)
    assert sample.differing == 10
    assert compare([Question(sample)])[0].verdict == "worse"


def test_a_tie_by_rounding_counts_as_a_tie():
    a, b = np.arange(1.0, 9.0), np.arange(1.0, 9.0)
    a[:6] += 0.5
    a[6] += 1e-15
    found = compare([Question(pairs(a, b))])[0]
    assert (found.wins, found.ties, found.losses) == (6, 2, 0)
