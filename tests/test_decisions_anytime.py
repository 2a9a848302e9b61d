"""Studies that are looked at after every seed: which seeds count, and what is recorded."""

import math
from dataclasses import replace

import pytest

from suite import decisions
from suite.errors import UserError
from suite.statistics import seeds_until_decided
from suite.store.table import Results
from tests.test_decisions import ACCURACY, SEEDS, small

ANYTIME = "comparisons: {baseline: set, inference: anytime, equivalence_margin: 0.001}\n"


def without(results, *lost, state="missing"):
    """The results without some runs, given as (cell's beginning, seed)."""
    frame, runs = results.frame, []
    for run in results.runs:
        gone = any(run.cell.startswith(cell) and run.seed == seed for cell, seed in lost)
        runs.append(replace(run, state=state) if gone else run)
        if gone:
            frame = frame[~((frame["cell"] == run.cell) & (frame["seed"] == run.seed))]
    return Results(results.study, frame, runs)


def test_an_anytime_study_is_decided_by_e_values(tmp_path):
    better, same = decisions.comparisons(small(tmp_path, ANYTIME, ACCURACY))
    assert (better.found.verdict, better.found.inference) == ("better", "anytime")
    assert better.found.seeds == tuple(SEEDS)
    assert len(better.found.evidence.e) == 10
    row = better.row()
    assert row["e"] == pytest.approx(1 / row["p"])
    assert row["seeds"] == "2022-2031"
    assert not {"p_t", "p_exact", "detectable"} & set(row)
    assert same.found.reason.startswith("Identical so far in all 10 pairs")


def test_a_fixed_study_has_no_columns_of_e_values(tmp_path):
    more = "comparisons: {baseline: set}\n"
    row = decisions.comparisons(small(tmp_path, more, ACCURACY))[0].row()
    assert not {"e", "p"} & set(row)
    assert (row["inference"], row["seeds"]) == ("fixed", "2022-2031")


@pytest.mark.parametrize("cell", ["set", "lset"])
def test_seeds_count_in_order_up_to_the_first_still_to_run(tmp_path, cell):
    results = without(small(tmp_path, ANYTIME, ACCURACY), (cell, SEEDS[6]), (cell, SEEDS[8]))
    found = decisions.comparisons(results)[0].found
    assert (found.n, found.dropped, found.seeds) == (6, 0, tuple(SEEDS[:6]))
    assert "seed 2028 is still to run, so 2 later pairs do not count yet" in found.note
    assert "missing" not in found.note


def test_runs_that_end_first_change_nothing(tmp_path):
    """A cell whose later seeds end before its earlier ones is judged by the earlier ones alone."""
    results = small(tmp_path, ANYTIME, ACCURACY)
    six = without(results, *[("lset", seed) for seed in SEEDS[6:]])
    holes = without(results, ("lset", SEEDS[6]))
    expected, found = (decisions.comparisons(it)[0].found for it in (six, holes))
    assert (found.p, found.difference) == (expected.p, expected.difference)


def test_a_run_that_failed_drops_its_pair_and_holds_nothing_up(tmp_path):
    results = without(small(tmp_path, ANYTIME, ACCURACY), ("lset", SEEDS[3]), state="failed")
    row = decisions.comparisons(results)[0]
    found = row.found
    assert (found.n, found.dropped) == (9, 1)
    assert row.row()["seeds"] == "2022-2024, 2026-2031"
    assert "1 of 10 declared pairs missing" in found.note
    assert "LSET f(loss) failed with seed 2025" in found.note


def test_seeds_that_no_two_cells_share_are_not_compared_otherwise(tmp_path):
    lost = [("lset", seed) for seed in SEEDS[5:]] + [("set", seed) for seed in SEEDS[:5]]
    found = decisions.comparisons(without(small(tmp_path, ANYTIME, ACCURACY), *lost))[0].found
    assert (found.design, found.n, found.verdict) == ("paired", 0, "unattainable")
    assert math.isnan(found.p)


def test_claims_are_judged_the_same_way(tmp_path):
    more = (
        ANYTIME
        + """
claims:
  - sentence: LSET is more accurate than SET.
    parts: [{cells: [lset], against: [set], direction: higher}]
"""
    )
    (claim,) = decisions.claims(small(tmp_path, more, ACCURACY))
    assert claim.found.verdict == "supported"
    assert claim.rows()[0]["inference"] == "anytime"
    assert claim.rows()[0]["seeds"] == "2022-2031"


def test_independent_samples_have_no_anytime_test(tmp_path):
    more = "comparisons: {baseline: set, inference: anytime, design: independent}\n"
    with pytest.raises(UserError, match=r"small.yaml:\d+: comparisons.*pairs.*design"):
        small(tmp_path, more, ACCURACY)


def test_another_inference_is_named(tmp_path):
    with pytest.raises(UserError, match=r"comparisons\.inference.*fixed.*anytime"):
        small(tmp_path, "comparisons: {baseline: set, inference: anytme}\n", ACCURACY)


@pytest.mark.slow
def test_power_gives_seeds_for_both_kinds(tmp_path):
    fixed = decisions.seeds_needed(
        small(tmp_path, "comparisons: {baseline: set}\n", ACCURACY), effect=0.01, sd=0.01
    )[0]
    anytime = decisions.seeds_needed(small(tmp_path, ANYTIME, ACCURACY), effect=0.01, sd=0.01)[0]
    expected = seeds_until_decided(1.0, 0.025)
    assert fixed.until == anytime.until == expected
    assert fixed.need.seeds == anytime.need.seeds < expected.expected
    assert fixed.until_equivalent is None
    assert fixed.row()["anytime_expected"] == expected.expected
    assert anytime.row()["anytime_equivalence_expected"] is None  # a margin of a tenth of the sd
    assert anytime.detectable > fixed.detectable


def test_power_has_no_seeds_at_any_time_for_independent_samples(tmp_path):
    more = "comparisons: {baseline: set, design: independent}\n"
    row = decisions.seeds_needed(small(tmp_path, more, ACCURACY), effect=0.01, sd=0.01)[0]
    assert row.until is None
    assert row.row()["anytime_seeds"] is None
