"""What people see while runs go on."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

import pytest
from rich.console import Console

from suite.execution import progress
from suite.execution.progress import Progress, seconds_left
from suite.settings import Settings
from suite.study.runs import Run


@pytest.fixture
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
    with Progress(runs, 3, Console(file=shown, width=100)) as watcher:
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
    assert lines[0] == "3 of 7 runs done, 0 running, starting"
    assert (
        "3 of 7 runs done, 2 running, time left 0:00:36: "
        "set seed 1 epoch 4/10, dynset[metric=loss] seed 1 epoch 0/10" in lines
    )
    assert f"tried again: dynset[metric=loss], seed 1: its node has died ({runs[1].key})" in lines
    assert f"failed: set, seed 2 ({runs[2].key})" in lines
    assert any(
        line.startswith("4 of 7 runs done, 1 running, 1 failed, time left") for line in lines
    )
    assert any(line.startswith("Stopping: runs end their epoch") for line in lines)
    assert any(line.startswith("waiting: no node") for line in lines)
    assert not any("\x1b" in line for line in lines)


def test_a_terminal_has_a_table(runs):
    shown = io.StringIO()
    with Progress(runs, 0, Console(file=shown, force_terminal=True, width=100)) as watcher:
        watcher.started(runs[1].key)
        watcher.reached(runs[1].key, 5, 2.0)
    assert "s an epoch" in shown.getvalue()
    assert "dynset[metric=loss]" in shown.getvalue()
    assert "━" in shown.getvalue()


def test_epochs_of_earlier_attempts_shorten_the_time_left(runs):
    watcher = Progress(runs, 0, Console(quiet=True), {run.key: 8 for run in runs})
    assert watcher.seconds_left() is None
    watcher.started(runs[0].key)
    watcher.reached(runs[0].key, 9, 3.0)
    assert watcher.seconds_left() == pytest.approx((1 + 2 + 2 + 2) * 3.0)


def test_time_left_goes_by_each_cells_pace_and_by_what_runs_at_once():
    assert seconds_left({"a": 10, "b": 20}, {"a": 1.0, "b": 2.0}, 2) == pytest.approx(25.0)
    assert seconds_left({"a": 10, "b": 20}, {"a": 1.0}, 3) == pytest.approx(10.0)
    assert seconds_left({"a": 10}, {}, 3) is None
    assert seconds_left({"a": 10}, {"a": 1.0}, 0) is None


def test_a_long_list_of_runs_is_cut(runs, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    monkeypatch.setattr(progress, "RUNS_IN_A_LINE", 1)
    shown = io.StringIO()
    with Progress(runs, 0, Console(file=shown)) as watcher:
        for run in runs:
            watcher.started(run.key)
        watcher.reached(runs[0].key, 1, 1.0)
    assert "set seed 1 epoch 1/10, and 3 more" in shown.getvalue()


def test_what_cannot_be_printed_is_left_out():
    said = []
    with suppress(OSError), Path("/dev/full").open("w") as full:  # closing raises too
        progress.reading(Console(file=full))("images", 10, 10)
        progress.say(Console(file=full), "a line")
        said.append("all")
    assert said == ["all"]
