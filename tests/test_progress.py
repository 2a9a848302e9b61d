"""What people see while runs go on."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from suite.execution import progress
from suite.execution.progress import Progress
from suite.settings import Settings
from suite.store.tally import Condition, Tally, seconds_left
from suite.study.runs import Run


@pytest.fixture(scope="module")
def runs():
    shared = {"dataset": "digits", "hidden": (16, 12), "epsilon": 3, "epochs": 10}
    cells = {
        "set": Settings(**shared),
        "dynset[metric=loss]": Settings(method="dynset", metric="loss", **shared),
    }
    return [Run(name, settings, seed, "x") for seed in (1, 2) for name, settings in cells.items()]


def followed(runs):
    """Play a study in which everything happens once, and return what was shown."""
    shown = io.StringIO()
    first, second, third, _ = (run.key for run in runs)
    with Progress("study", runs, runs[:3], Console(file=shown, width=100)) as watcher:
        watcher.started(first)
        watcher.started(second)
        watcher.reached(first, 4, 2.0)
        watcher.retried(second, "its node has died")
        watcher.started(third)
        watcher.ended(first, "done")
        watcher.ended(third, "failed")
        watcher.started(second)
        watcher.reached(second, 5, 2.0)
        watcher.waiting()
        watcher.stopping(30)
        watcher.ended(second, "stopped")
    return shown.getvalue()


def test_a_batch_log_has_plain_lines(runs, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    lines = followed(runs).splitlines()
    assert lines[0] == "1 of 4 runs done, starting"
    # set: 6 and 10 epochs of 2 s; dynset: 10 of the same; two at once.
    assert (
        "1 of 4 runs done, 2 running, time left 0:00:26: "
        "set 4/20 epochs, dynset[metric=loss] 10/20 epochs" in lines
    )
    of_second, of_third = f"seed 1: its node has died ({runs[1].key})", f"seed 2 ({runs[2].key})"
    assert f"trying again: dynset[metric=loss], {of_second}" in lines
    assert f"failed: set, {of_third}" in lines
    assert any(line.startswith("2 of 4 runs done, 1 running, 1 failed, time") for line in lines)
    assert any(line.startswith("Stopping: ") and "30 s" in line for line in lines)
    assert any(line.startswith("waiting: no node") for line in lines)
    assert not any("\x1b" in line for line in lines)


def test_a_run_of_two_cells_counts_for_both(runs):
    again = [replace(run, cell=f"{run.cell}, untuned") for run in runs]
    watcher = Progress("study", [*runs, *again], runs, Console(quiet=True))
    watcher.started(runs[0].key)
    watcher.ended(runs[0].key, "done")
    counted = {cell.cell: (cell.runs, cell.done) for cell in watcher.status().cells}
    assert counted == {
        "set": (2, 1),
        "set, untuned": (2, 1),
        "dynset[metric=loss]": (2, 0),
        "dynset[metric=loss], untuned": (2, 0),
    }


def test_a_terminal_has_the_table_of_suite_status(runs):
    shown = io.StringIO()
    with Progress("study", runs, runs, Console(file=shown, force_terminal=True)) as watcher:
        watcher.started(runs[1].key)
        watcher.reached(runs[1].key, 5, 2.0)
    assert "dynset[metric=loss]" in shown.getvalue()
    assert "5/20" in shown.getvalue()
    assert "━" in shown.getvalue()


def test_the_driver_sees_what_suite_status_reads_from_the_store(runs, tmp_path):
    """One count and one rendering, whether the events or the store say how a study gets on."""
    watcher = Progress("study", runs, runs[:3], Console(quiet=True), {runs[1].key: 3})
    assert watcher.status().summary == "1 of 4 runs done"
    watcher.started(runs[0].key)
    watcher.reached(runs[0].key, 4, 2.0)
    watcher.ended(runs[2].key, "failed")
    by_events = watcher.status()
    counted = Tally()
    for state in zip(runs, ("running", "waiting", "failed", "done"), (4, 3, 0, 0), strict=True):
        counted.put(*state)
    assert by_events.cells == counted.cells({"set": 2.0})
    assert by_events.seconds_left == pytest.approx((6 + 7) * 2.0)
    assert by_events.count("failed") == 1


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(get_args(Condition)), st.integers(0, 10)))
)
def test_runs_are_counted_as_they_are_last(runs, events):
    """Whatever they were before."""
    kept, last = Tally(), {}
    for place, *state in [*((place, "waiting", 0) for place in range(4)), *events]:
        kept.put(runs[place], *state)
        last[place] = state
    for cell in kept.cells({}):
        now = [last[place] for place, run in enumerate(runs) if run.cell == cell.cell]
        conditions = [condition for condition, _ in now]
        done = [10 if condition == "done" else epochs for condition, epochs in now]
        left = [10 - epochs for epochs, at in zip(done, conditions, strict=True) if at != "failed"]
        for name in ("done", "running", "stale", "failed"):
            assert getattr(cell, name) == conditions.count(name)
        assert (cell.runs, cell.epochs, cell.epochs_in_all) == (2, sum(done), 20)
        assert kept.left()[cell.cell] == sum(left)


def test_epochs_of_earlier_attempts_shorten_the_time_left(runs):
    watcher = Progress("study", runs, runs, Console(quiet=True), {run.key: 8 for run in runs})
    assert watcher.status().seconds_left is None
    watcher.started(runs[0].key)
    watcher.reached(runs[0].key, 9, 3.0)
    assert watcher.status().seconds_left == pytest.approx((1 + 2 + 2 + 2) * 3.0)


def test_runs_of_a_rung_have_only_its_epochs_to_go(runs):
    until = {run.key: 4 for run in runs}
    watcher = Progress("study", runs, runs, Console(quiet=True), {}, until)
    watcher.started(runs[0].key)
    watcher.reached(runs[0].key, 3, 3.0)
    status = watcher.status()
    assert (status.count("epochs"), status.count("epochs_in_all")) == (3, 4 * 4)
    assert status.seconds_left == pytest.approx((1 + 4 + 4 + 4) * 3.0)
    for run in runs:
        watcher.ended(run.key, "done")
    assert watcher.status().count("epochs") == 4 * 4


def test_time_left_goes_by_each_cells_pace_and_by_what_runs_at_once():
    assert seconds_left({"a": 10, "b": 20}, {"a": 1.0, "b": 2.0}, 2) == pytest.approx(25.0)
    assert seconds_left({"a": 10, "b": 20}, {"a": 1.0}, 3) == pytest.approx(10.0)
    known = {"a": 1.0, "b": 3.0}  # c has no pace yet and counts with the mean of the others
    assert seconds_left({"a": 10, "b": 20, "c": 5}, known, 2) == pytest.approx(40.0)
    assert seconds_left({"a": 10}, {}, 3) is None
    assert seconds_left({"a": 10}, {"a": 1.0}, 0) is None


def test_short_runs_are_counted_as_they_end(runs, monkeypatch):
    """Half of them have taken 6 s, starting included; none need be running or seen at an epoch."""
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    watcher = Progress("study", runs, runs, Console(quiet=True))
    for run, now in zip(runs[:2], (2.0, 6.0), strict=True):
        watcher.started(run.key)
        clock[0] = now
        watcher.ended(run.key, "done")
    assert watcher.status().count("running") == 0
    assert watcher.seconds_left() == pytest.approx(6.0)
    watcher.ended(runs[2].key, "failed")
    assert watcher.seconds_left() == pytest.approx(3.0)
    clock[0] = 100.0
    assert watcher.seconds_left() is None  # they are not short: only running ones tell


def test_a_long_list_of_cells_is_cut(runs, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    monkeypatch.setattr(progress, "CELLS_IN_A_LINE", 1)
    shown = io.StringIO()
    with Progress("study", runs, runs, Console(file=shown)) as watcher:
        for run in runs:
            watcher.started(run.key)
        watcher.reached(runs[0].key, 1, 1.0)
    assert "set 1/20 epochs, and 1 more" in shown.getvalue()


def test_what_cannot_be_printed_is_left_out():
    said = []
    with suppress(OSError), Path("/dev/full").open("w") as full:  # closing raises too
        progress.reading(Console(file=full))("images", 10, 10)
        progress.say(Console(file=full), "a line")
        said.append("all")
    assert said == ["all"]
