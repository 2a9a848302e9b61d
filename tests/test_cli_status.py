"""suite status: one look, or one after the other until nothing more is to come."""

from __future__ import annotations

import json
import re

import pytest

from suite.datasets.digits import digits
from suite.execution.attempt import attempt
from suite.store.known import known_runs
from tests.command import suite
from tests.finished import finished


@pytest.fixture
def looked(tmp_path, monkeypatch):
    """A study whose last run is done by the second look: its file and its store."""
    study, path, store = finished(tmp_path, lost=("set",))
    images = digits()
    (last,) = [run for run in known_runs(study, store) if not store.done(run.key)]
    monkeypatch.setattr(
        "suite.store.status.time.sleep",
        lambda _: attempt(last, images, store, study.file.execution),
    )
    return path, "--store", store.location


def test_one_look_in_words_and_as_a_document(looked):
    done = suite("status", *looked)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("tiny: 5 of 6 runs done")
    counts = json.loads(suite("status", *looked, "--json").out)["counts"]
    assert (counts["done"], counts["runs"]) == (5, 6)


def test_watching_prints_each_look_until_the_study_is_complete(looked):
    done = suite("status", *looked, "--watch")
    assert (done.code, done.err) == (0, "")
    found = re.findall(r"tiny: (\d) of 6 runs done", done.out)
    assert found == ["5", "6"]


def test_watching_as_json_prints_a_document_a_line(looked):
    done = suite("status", *looked, "--watch", "--json")
    documents = [json.loads(line) for line in done.out.splitlines()]
    assert [document["counts"]["done"] for document in documents] == [5, 6]
