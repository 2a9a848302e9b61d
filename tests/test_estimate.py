"""What a study will cost, from a few measured steps."""

from __future__ import annotations

import re

import pytest

from suite.execution.estimate import estimate
from suite.study import load_study
from suite.study.file import Execution
from tests.command import suite

STUDY = """\
name: costly
seeds: {count: 3}
defaults: {dataset: digits, hidden: [40, 30], epsilon: 4, augment: false, epochs: 7}
cells: [{method: set}, {method: lset}, {method: dense}]
execution: {cpu: 1}
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / "costly.yaml").write_text(STUDY)
    return tmp_path / "costly.yaml"


def test_core_time_is_an_epochs_time_of_all_runs_and_wall_time_divides_it(path, tmp_path):
    found = estimate(load_study(path), tmp_path, at_hand=2)
    assert found.at_once == 2
    for cost in found.cells:
        assert cost.core_seconds == pytest.approx(cost.epoch_seconds * 7 * 3)
    assert found.wall_seconds == pytest.approx(found.core_seconds / 2)
    assert found.cells[0].epoch_seconds == found.cells[1].epoch_seconds  # the same steps


def test_the_earlier_runs_of_a_chain_cost_too(path, tmp_path):
    ticket = "{method: ticket, initial: {ticket: {round: 2, epochs: 3}}}"
    path.write_text(STUDY.replace("{method: lset}, {method: dense}", ticket))
    found = estimate(load_study(path), tmp_path)
    assert [cost.cell.rpartition(", ")[2] for cost in found.cells] == [
        "set", "dense training", "round 1", "epochs: 3}}]"
    ]  # fmt: skip
    dense = found.cells[1]
    assert dense.core_seconds == pytest.approx(dense.epoch_seconds * 3 * 3)
    in_a_row = sum(cost.core_seconds / 3 for cost in found.cells[1:])
    many = estimate(load_study(path), tmp_path, at_hand=100)
    assert many.wall_seconds > 0.5 * in_a_row  # measured anew; one run alone is at most 7/13 of it


@pytest.mark.parametrize(
    ("asked", "cores", "gpus", "runs"),
    [
        ({}, 16, 0, 16),
        ({"cpu": 0.1}, 3, 0, 30),
        ({"cpu": 4}, 2, 0, 1),
        ({"gpu": 1}, 16, 2, 2),
        ({"gpu": 0.25}, 16, 2, 8),
        ({"gpu": 1}, 16, 0, 1),
    ],
)
def test_how_many_runs_go_on_at_once(asked, cores, gpus, runs):
    assert Execution(**asked).at_once(cores, gpus) == runs


def test_check_says_it_in_units_that_suit_it(path, tmp_path):
    told = suite("check", path, "--estimate", "--data", tmp_path)
    assert told.code == 0
    rows = told.out.splitlines()
    assert rows[0].endswith("3 cells x 3 seeds (2022 to 2024) = 9 runs.")
    assert [row.split()[0] for row in rows[2:5]] == ["set", "lset", "dense"]
    for row in rows[2:5]:
        assert re.search(r"[1-9]\d*(\.\d+)?\s(ms|s) +[\d.]+\s(ms|s) of a core", row), row
    assert re.match(r"at most [\d.e-]+ core-hours; .* at once on this machine", rows[5])


TUNE = """\
tune: {search: {zeta: [0.1, 0.5], batch_size: {int: [50, 150]}}, samples: 4, seeds: 2,
  halving: {from: 2, by: 2}, validation: 0.2}
"""


@pytest.mark.parametrize("algorithm", ["sobol", "optuna"])
def test_tuning_costs_its_budget_too(path, tmp_path, algorithm):
    path.write_text(
        STUDY + TUNE.replace("samples:", f"untuned: true, algorithm: {algorithm}, samples:")
    )
    found = estimate(load_study(path), tmp_path, at_hand=2)
    tunings = [cost for cost in found.cells if cost.cell.endswith(", tuning")]
    assert [cost.cell for cost in tunings] == ["set, tuning", "lset, tuning", "dense, tuning"]
    assert sum(cost.cell.endswith(", untuned") for cost in found.cells) == 3
    for cost in tunings:
        assert cost.core_seconds == pytest.approx(cost.epoch_seconds * 2 * (4 * 2 + 2 * 2 + 3))
    assert found.wall_seconds == pytest.approx(found.core_seconds / 2)


def test_a_run_of_two_cores_costs_both(path, tmp_path):
    path.write_text(STUDY.replace("cpu: 1", "cpu: 2"))
    found = estimate(load_study(path), tmp_path, at_hand=5)
    assert found.at_once == 2
    for cost in found.cells:
        assert cost.core_seconds == pytest.approx(2 * cost.epoch_seconds * 7 * 3)


def test_more_cores_than_runs_do_not_shorten_a_run(path, tmp_path):
    found = estimate(load_study(path), tmp_path, at_hand=100)
    assert found.wall_seconds >= 7 * max(cost.epoch_seconds for cost in found.cells)
