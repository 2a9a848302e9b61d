"""Ranks over blocks, and tallies."""

import math

import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from scipy import stats

from suite.statistics import rank, tally
from suite.statistics.ranks import _groups, critical_difference


def table(blocks, seed=0):
    generator = np.random.default_rng(seed)
    values = generator.normal([0.9, 0.8, 0.79, 0.6], 0.02, (blocks, 4))
    return pd.DataFrame(values, columns=["a", "b", "c", "d"])


def test_ranks_by_hand():
    found = rank(pd.DataFrame({"a": [3, 3, 1], "b": [2, 3, 2], "c": [1, 1, 3]}))
    # Best first: a 1, 1.5, 3; b 2, 1.5, 2; c 3, 3, 1.
    assert found.ranks.to_dict() == pytest.approx({"a": 5.5 / 3, "b": 5.5 / 3, "c": 7 / 3})
    found = rank(pd.DataFrame({"a": [3, 3, 1], "b": [2, 3, 2]}), higher_is_better=False)
    assert found.ranks.to_dict() == pytest.approx({"b": 4.5 / 3, "a": 4.5 / 3})


def test_the_tests_are_those_of_the_libraries():
    data = table(12)
    found = rank(data)
    assert found.p == pytest.approx(stats.friedmanchisquare(*data.to_numpy().T).pvalue)
    expected = scikit_posthocs.posthoc_nemenyi_friedman(data)
    for first in data:
        for second in data:
            assert found.p_values.loc[first, second] == pytest.approx(expected.loc[first, second])
    assert "the cells differ" in found.reason
    assert "rough" not in found.reason
    assert "rough" in rank(table(6)).reason


def test_values_that_differ_by_rounding_are_tied():
    found = rank(pd.DataFrame({"a": [0.1 + 0.2] * 6, "b": [0.3] * 6, "c": [0.3] * 6}))
    assert found.ranks.to_dict() == {"a": 2.0, "b": 2.0, "c": 2.0}
    assert math.isnan(found.p)


def test_blocks_that_share_seeds_are_not_tested():
    found = rank(table(12), independent=False)
    assert list(found.ranks.index) == ["a", "b", "c", "d"]
    assert math.isnan(found.p) and found.groups == []


@pytest.mark.parametrize("alpha", [0.05, 0.1])
def test_the_critical_difference_is_at_the_declared_level(alpha):
    expected = stats.studentized_range.ppf(1 - alpha, 4, 1e6) / 2**0.5 * (4 * 5 / (6 * 12)) ** 0.5
    assert rank(table(12), alpha=alpha).critical_difference == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("cells", "blocks", "expected"),
    # Demšar (2006), Table 5: q = 2.343, 2.569 and 2.728 for three, four and five cells.
    [
        (3, 10, 2.343 * math.sqrt(12 / 60)),
        (4, 14, 2.569 * math.sqrt(20 / 84)),
        (5, 30, 2.728 * math.sqrt(30 / 180)),
    ],
)
def test_the_critical_difference_is_demsars(cells, blocks, expected):
    assert critical_difference(cells, blocks) == pytest.approx(expected, abs=1e-3)


def test_groups_are_cells_that_do_not_differ():
    found = rank(table(20))
    assert list(found.ranks.index) == ["a", "b", "c", "d"]
    reach = found.critical_difference
    for group in found.groups:
        assert found.ranks[group[-1]] - found.ranks[group[0]] < reach
    assert any({"b", "c"} <= set(group) for group in found.groups)
    assert not any({"a", "d"} <= set(group) for group in found.groups)
    assert all(not set(one) < set(other) for one in found.groups for other in found.groups)


def test_where_friedmans_test_finds_nothing_no_two_cells_differ():
    """Nemenyi's alone would tell the first cell from the last."""
    generator = np.random.default_rng(29)
    found = None
    while found is None or found.p <= 0.05 or found.ranks.max() - found.ranks.min() < 3.91:
        values = generator.normal(np.r_[0.8, -0.8, np.zeros(8)], 1, (12, 10))
        found = rank(pd.DataFrame(values, columns=list("abcdefghij")))
    assert "not shown to differ" in found.reason
    assert found.groups == [tuple(found.ranks.index)]
    assert (found.p_values == 1).all(axis=None)


def test_a_group_within_another_is_left_out():
    ranks = pd.Series([1.0, 2.0, 2.5, 5.0], index=list("abcd"))
    assert _groups(ranks, 2.0) == [("a", "b", "c")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (table(4), "4 complete blocks"),
        (table(9)[["a", "b"]], "2 cells are too few"),
        (pd.DataFrame(np.ones((6, 3)), columns=list("abc")), "equal in every block"),
        (table(6).mask(lambda frame: frame > 0.85), "0 complete blocks"),
    ],
)
def test_nothing_is_tested_where_there_is_nothing_to_say(data, reason):
    found = rank(data)
    assert reason in found.reason
    assert math.isnan(found.p)
    assert math.isnan(found.critical_difference)
    assert found.groups == []


def test_incomplete_blocks_are_left_out():
    data = table(8)
    data.iloc[2, 1] = math.nan
    data.iloc[5, 0] = math.inf
    assert rank(data).blocks == 6


def test_wins_ties_and_losses():
    counts = tally(
        [
            ("a", "b", "better"),
            ("a", "c", "worse"),
            ("b", "c", "equivalent"),
            ("c", "a", "inconclusive"),
        ]
    )
    assert counts.loc["a"].tolist() == [1, 1, 1]
    assert counts.loc["b"].tolist() == [0, 1, 1]
    assert counts.loc["c"].tolist() == [1, 2, 0]
    assert list(counts.columns) == ["wins", "ties", "losses"]
    assert tally([]).empty
