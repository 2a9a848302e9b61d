"""A study from its file to finished runs, on real Ray processes."""

from __future__ import annotations

import json

import pytest

from suite.store.store import RunStore
from tests.cluster.studies import CELLS, DIVERGING, suite, timeless, undisturbed, write_study


@pytest.fixture(scope="module")
def run_once(tmp_path_factory):
    """A study with two good cells and one that diverges, run once."""
    folder = tmp_path_factory.mktemp("run")
    good, bad = write_study(folder, name="good"), write_study(folder, CELLS + DIVERGING, name="bad")
    ended = suite("run", bad, "--store", folder / "store")
    return folder, good, bad, ended


def test_what_can_be_run_is_run_and_the_rest_fails_with_its_reason(run_once):
    folder, good, _, ended = run_once
    assert ended.returncode == 3, ended.stderr
    store, expected = RunStore(folder / "store"), undisturbed(good)
    assert len(expected) == 4
    for key, history in expected.items():
        assert timeless(store.result(key)["history"]) == history
    assert "bad is not complete: 4 of 6 runs are done" in ended.stderr
    for seed in (1, 2):
        assert (
            f"failed: set[learning_rate=1e+30], seed {seed}: the training loss is not finite"
            in ended.stderr
        )


def test_rays_own_noise_does_not_show(run_once):
    _, _, _, ended = run_once
    assert ended.stdout == ""
    for line in ended.stderr.splitlines():
        assert line.startswith(("failed: ", "bad is not complete")) or " of 6 runs done, " in line


def test_a_failed_runs_log_and_traceback_are_shown(run_once):
    folder, _, _, ended = run_once
    key = ended.stderr.rpartition("(suite logs ")[2].split()[0]
    shown = suite("logs", key, "--store", folder / "store")
    assert shown.returncode == 0
    assert "Traceback (most recent call last)" in shown.stdout
    assert "failed: the training loss is not finite (nan)" in shown.stdout


def test_a_finished_study_is_not_run_again_and_starts_no_ray(run_once, monkeypatch, tmp_path):
    folder, good, _, _ = run_once
    (tmp_path / "ray.py").write_text("raise RuntimeError('ray was imported')")
    ended = suite("run", good, "--store", folder / "store", PYTHONPATH=str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert "good is complete: 4 of 4 runs are done" in ended.stderr
    assert "nothing was missing" in ended.stderr


def test_a_run_can_end_with_its_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = write_study(tmp_path, "  - {method: set}\n", name="short", epochs=2)
    ended = suite("run", study, "--store", tmp_path / "store", "--report")
    assert ended.returncode == 0, ended.stderr
    page = tmp_path / "reports" / "short" / "index.html"
    assert ended.stdout.strip() == str(page.relative_to(tmp_path))
    assert "Complete: all 2 runs are done." in page.read_text()


def test_plan_lists_what_came_of_each_run(run_once):
    folder, _, bad, _ = run_once
    listed = json.loads(suite("plan", bad, "--store", folder / "store", "--json").stdout)
    assert listed["counts"] == {"done": 4, "failed": 2}


def test_exported_runs_import_into_another_store(run_once):
    folder, good, _, _ = run_once
    out = folder / "good.parquet"
    assert suite("export", good, "--store", folder / "store", "--out", out).returncode == 0
    first = suite("import", out, "--store", folder / "other")
    assert "4 runs added; 0 " in first.stdout
    again = suite("import", out, "--store", folder / "other")
    assert "0 runs added; 4 " in again.stdout
    ended = suite("run", good, "--store", folder / "other")
    assert "nothing was missing" in ended.stderr
