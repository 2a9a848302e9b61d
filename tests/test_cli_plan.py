"""suite plan: each run of a study as done, partial, missing or failed."""

from __future__ import annotations

import json

import pytest

from suite.store.known import known_runs
from suite.store.store import RunStore
from suite.study import load_study
from tests.command import suite

STUDY = """\
name: planned
seeds: {root: 1, count: 2}
defaults: {dataset: digits, hidden: [20], epsilon: 4}
cells: [{method: set}, {method: lset}]
"""


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path / "study.yaml"


def keys(path, store):
    return [run.key for run in known_runs(load_study(path), store)]


def test_before_anything_ran_all_is_missing_and_nothing_is_written(path):
    done = suite("plan", path)
    lines = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert [line.split(maxsplit=2)[0] for line in lines[:-1]] == ["missing"] * 4
    assert [line.split(maxsplit=2)[2] for line in lines[:-1]] == [
        "set, seed 1",
        "lset, seed 1",
        "set, seed 2",
        "lset, seed 2",
    ]
    assert lines[-1] == "4 missing."
    assert [file.name for file in path.parent.iterdir()] == ["study.yaml"]


def test_every_state_is_told(path):
    store = RunStore(path.parent / "elsewhere")
    one, two, three, four = keys(path, store)
    store.finish(one, {"history": []})
    store.keep_checkpoint(two, b"half way")
    store.fail(three, {"reason": "no luck"})
    done = suite("plan", path, "--store", store.location)
    assert [line.split()[:2] for line in done.out.splitlines()] == [
        ["done", one],
        ["partial", two],
        ["failed", three],
        ["missing", four],
        ["1", "done,"],
    ]
    assert done.out.splitlines()[-1] == "1 done, 1 failed, 1 missing, 1 partial."


def test_as_json(path):
    store = RunStore(path.parent / "results")
    one, *_ = keys(path, store)
    store.finish(one, {"history": []})
    plan = json.loads(suite("plan", path, "--json").out)
    assert plan["study"] == "planned"
    assert plan["counts"] == {"done": 1, "missing": 3}
    assert plan["runs"][0] == {"key": one, "cell": "set", "seed": 1, "state": "done"}
    assert len(plan["runs"]) == 4


def test_a_wrong_study(path):
    path.write_text(STUDY + "wrong: 1\n")
    done = suite("plan", path)
    assert done.code == 2
    assert done.err.startswith(f"{path}:5: wrong: there is no")


def test_a_store_that_cannot_be_opened(path):
    done = suite("plan", path, "--store", "nowhere://x")
    assert done.code == 2
    assert done.err.startswith("--store nowhere://x: cannot be opened")


READERS = {
    "plan": 0,
    "status": 0,
    "export": 4,
    "report": 4,
    "compare": 4,
    "power": 2,  # the study declares no comparison
    "network": 2,
    "logs": 2,
}


@pytest.mark.parametrize("verb", READERS)
def test_a_store_that_is_misspelt_is_named_with_the_one_beside_it(path, verb):
    RunStore(path.parent / "results").stand()
    more = {"export": ["--out", "a.parquet"], "network": ["set", "--out", "a.npz"]}.get(verb, [])
    what = "abc" if verb == "logs" else path
    done = suite(verb, what, *more, "--store", path.parent / "reslts")
    first = done.err.splitlines()[0]
    assert first == (
        f"There is no store {path.parent / 'reslts'}; did you mean {path.parent / 'results'}?"
    )
    assert done.code == READERS[verb]
    assert not (path.parent / "reslts").exists()


def test_a_store_that_is_there_or_the_default_one_is_not_remarked_upon(path):
    RunStore(path.parent / "elsewhere").stand()
    assert suite("plan", path, "--store", path.parent / "elsewhere").err == ""
    assert suite("plan", path).err == ""
    assert suite("plan", path, "--store", path.parent / "far").err.endswith("far.\n")
    assert suite("plan", path, "--store", path.parent / "a.parquet").err.count("\n") == 1
    missing = suite("compare", path, "--store", path.parent / "a.parquet")
    assert (missing.code, missing.err.count("\n")) == (2, 1)
    assert suite("plan", path, "--store", "").err.startswith("--store is empty")


def test_files_that_were_not_read_yet_give_no_key_and_every_row_counts(path):
    cells = "[{method: set, dataset: {npz: a.npz}}, {method: set, dataset: {npz: b.npz}}]"
    path.write_text(f"name: planned\nseeds: {{count: 2}}\ncells: {cells}\n")
    lines = suite("plan", path).out.splitlines()
    assert {line.split()[1] for line in lines[:-1]} == {"-"}
    assert lines[-1] == "4 missing."
    told = json.loads(suite("plan", path, "--json").out)
    assert told["counts"] == {"missing": 4}
    assert {run["key"] for run in told["runs"]} == {None}


@pytest.mark.parametrize("verb", ["plan", "export", "report", "compare", "power"])
def test_a_store_that_cannot_be_read_is_a_sentence(path, verb):
    (path.parent / "results").mkdir()
    (path.parent / "results" / "runs").write_text("a file where a directory belongs")
    more = ["--out", path.parent / "out.parquet"] if verb == "export" else []
    done = suite(verb, path, *more)
    assert (done.code, done.out) == (2, "")
    assert "results: the store cannot be used now" in done.err
    assert done.err.count("\n") == 1
