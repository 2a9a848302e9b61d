"""suite bench: which measures, how they are shown, and what has become worse."""

from __future__ import annotations

import json

import pytest

from suite import bench
from suite.bench.measures import machine
from tests.command import suite


@pytest.fixture
def measured(monkeypatch):
    """Have evaluation and memory measured at once; return the figures and the turns asked for."""
    figures = {"evaluation_ms": 40.0, "share_of_epoch": 0.03}
    turns = []
    monkeypatch.setitem(
        bench.MEASURES, "evaluation", lambda _, asked: turns.append(asked) or dict(figures)
    )
    monkeypatch.setitem(bench.MEASURES, "memory", lambda *_: {"added_mb": 44.0})
    return figures, turns


def test_the_measures_that_are_named_are_shown_beside_what_is_wanted(measured):
    done = suite("bench", "evaluation", "memory", "--turns", 7)
    assert done.code == 0
    assert measured[1] == [7]
    rows = [line.split("  ") for line in done.out.splitlines()]
    shown = {row[0].strip(): " ".join(filter(None, map(str.strip, row[1:]))) for row in rows}
    assert shown["evaluation: share of epoch"] == "3.0 % at most 4 %"
    assert shown["memory: added mb"] == "44 MB at most 200 MB"
    assert "measuring: memory" in done.err.splitlines()


def test_json_is_one_document_and_names_the_machine(measured):
    found = json.loads(suite("bench", "evaluation", "--json").out)
    assert found["evaluation"] == measured[0]
    assert found["machine"] == machine()


def test_a_history_grows_and_what_is_worse_ends_with_1(measured, tmp_path):
    file = tmp_path / "history.jsonl"
    done = suite("bench", "evaluation", "--history", file, "--against", file)
    assert (done.code, measured[1], file.exists()) == (2, [], False)  # nothing to compare with
    assert suite("bench", "evaluation", "--history", file).code == 0
    done = suite("bench", "evaluation", "--history", file, "--against", file)
    assert (done.code, len(file.read_text().splitlines())) == (0, 2)
    assert "nothing is more than 10 % worse" in done.err
    measured[0]["evaluation_ms"] = 60.0
    done = suite("bench", "evaluation", "--against", file)
    assert done.code == 1
    assert "worse: evaluation: evaluation ms was 40 and is 60" in done.err


def test_a_measure_that_is_unknown_is_refused_before_anything_is_measured(measured):
    done = suite("bench", "memory", "evaluatoin")
    assert (done.code, done.out) == (2, "")
    assert '"evaluatoin"; did you mean "evaluation"?' in done.err
    assert "measuring" not in done.err


def test_a_profile_beside_measures_is_refused(measured):
    done = suite("bench", "evaluation", "--profile")
    assert (done.code, done.out, measured[1]) == (2, "", [])
    assert "leave out the names of measures" in done.err
