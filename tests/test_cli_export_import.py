"""suite export and suite import: results as one file, and into another store."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from suite.files import MARK
from suite.store.store import RunStore
from tests.command import suite
from tests.finished import finished


def numbers(line):
    """Return the counts in a line."""
    return [int(number) for number in re.findall(r"\d+", line)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("cli"), lost=("set",))


@pytest.fixture
def file(made, tmp_path):
    _, path, store = made
    file = tmp_path / "runs.parquet"
    done = suite("export", path, "--store", store.location, "--out", file)
    assert done == (0, f"{file}: 5 of 6 runs.\n", "")
    return file


def test_export_writes_a_row_a_run_and_epoch(file):
    frame = pd.read_parquet(file)
    assert len(frame) == 5 * 3
    assert list(frame.columns[:3]) == ["study", "key", "cell"]


def test_import_into_a_new_store_and_plan_and_export_again(made, file, tmp_path):
    _, path, _ = made
    there = tmp_path / "there"
    done = suite("import", file, "--store", there)
    assert (done.code, numbers(done.out), done.err) == (0, [5, 0], "")
    assert (there / MARK).is_file()
    assert suite("plan", path, "--store", there).out.endswith("5 done, 1 missing.\n")
    again = tmp_path / "again.parquet"
    suite("export", path, "--store", there, "--out", again)
    assert again.read_bytes() == file.read_bytes()


def test_importing_what_is_there_adds_nothing(made, file):
    _, _, store = made
    done = suite("import", file, "--store", store.location)
    assert (done.code, numbers(done.out), done.err) == (0, [0, 5], "")


def test_a_conflict_is_reported_and_exits_3(made, file, tmp_path):
    _, _, store = made
    other = RunStore(tmp_path / "other")
    key = pd.read_parquet(file)["key"].iloc[0]
    record = store.result(key)
    record["history"][0]["test_loss"] += 1e-12
    other.finish(key, record)
    done = suite("import", file, "--store", other.location)
    assert done.code == 3
    assert numbers(done.out) == [4, 0]
    assert done.err.startswith(f"{key}: ") and done.err.count("\n") == 1
    assert other.result(key) == record


def test_nothing_to_export(made, tmp_path):
    _, path, _ = made
    done = suite("export", path, "--store", tmp_path / "none", "--out", tmp_path / "x.parquet")
    assert (done.code, done.out) == (4, "")
    assert "No run of" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_name_is_refused_before_the_runs_are_read(made, tmp_path):
    _, path, _ = made
    done = suite("export", path, "--store", tmp_path / "none", "--out", tmp_path / "x.xlsx")
    assert (done.code, done.out) == (2, "")
    assert "must end in .parquet (which suite import reads) or .csv" in done.err.splitlines()[-1]


def test_a_foreign_file(tmp_path):
    path = tmp_path / "foreign.parquet"
    path.write_text("x,y\n1,2\n")
    done = suite("import", path, "--store", tmp_path / "store")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"{path}: ") and "suite export" in done.err
    assert not Path(tmp_path / "store").exists()
