"""A study that runs until it is decided, really killed: the runs that decide it are done."""

import json

import pytest

from suite.store.store import RunStore
from suite.store.table import collect
from suite.study import load_study
from tests.cluster.processes import driving
from tests.cluster.studies import suite, write_study

CELLS = """
  - {method: set}
  - {method: accset}
  - {method: static}
  - {method: dense}
"""
DECLARED = """
comparisons:
  outcome: connections
  inference: anytime
  pairs: [[accset, set], [static, set]]
"""
"""accset has fewer connections in every seed; static has as many, so that stays open to the end."""


@pytest.fixture
def path(tmp_path):
    return write_study(tmp_path, CELLS, seeds=10, epochs=3, more=DECLARED)


def done(path, store):
    results = collect(load_study(path), RunStore(store))
    return {(run.cell, run.seed) for run in results.runs if run.state == "done"}


def seeds(names, cell):
    return [seed for name, seed in sorted(names) if name == cell]


def test_killed_and_started_again_it_does_what_decides_it(path, tmp_path):
    store = tmp_path / "store"
    for runs in (3, 20):
        with driving(path, "--store", store, "--until-decided") as driver:
            driver.until(lambda n=runs: len(done(path, store)) >= n, f"{runs} runs")
            driver.kill()
    waiting = suite("status", path, "--store", store)
    assert "static against set: open with " in waiting.stdout
    assert "waits for seed " in waiting.stdout
    last = suite("run", path, "--store", store, "--until-decided")
    assert last.returncode == 0, last.stderr
    runs = done(path, store)
    assert seeds(runs, "set") == seeds(runs, "static") == list(range(1, 11))
    assert seeds(runs, "accset") == list(range(1, 8))  # two comparisons need 7 pairs
    assert seeds(runs, "dense") == []  # nothing compares it
    assert "is not decided: 27 of 40 runs are done" in last.stderr
    assert "static against set: open with 10 pairs" in last.stderr
    document = json.loads(suite("status", path, "--store", store, "--json").stdout)
    assert [row["what"] for row in document["undecided"]] == ["static against set"]
    again = suite("run", path, "--store", store, "--until-decided")
    assert again.returncode == 0
    assert done(path, store) == runs


def test_the_most_seeds_and_what_cannot_be_decided(path, tmp_path):
    store = tmp_path / "store"
    code = suite("run", path, "--store", store, "--until-decided", "--max-seeds", "2")
    assert code.returncode == 0, code.stderr
    assert {seed for _, seed in done(path, store)} == {1, 2}
    assert "accset against set: open with 2 pairs" in code.stderr
    path.write_text(path.read_text().replace("inference: anytime", "inference: fixed"))
    refused = suite("run", path, "--store", store, "--until-decided")
    assert refused.returncode == 2
    assert "--until-decided needs" in refused.stderr
    assert refused.stderr.count("\n") == 1
    refused = suite("run", path, "--store", store, "--max-seeds", "2")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
