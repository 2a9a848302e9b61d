"""What `suite run` says at its end; what it does is tested in tests/cluster."""

import os
import shlex
import subprocess
import sys

import pytest

from suite.errors import UserError
from suite.execution import drive as driver
from suite.study import load_study
from tests.cluster.studies import SUITE, write_study
from tests.command import suite


@pytest.mark.parametrize("ends", ["at once", "after what was running"])
def test_an_interrupted_study_says_how_to_go_on_with_all_that_was_given(
    tmp_path, monkeypatch, ends
):
    def interrupted(*_, **__):
        if ends == "at once":
            raise KeyboardInterrupt
        return driver.Outcome(done=0, total=4, executed=3, failed=[], interrupted=True)

    monkeypatch.setattr(driver, "drive", interrupted)
    (tmp_path / "my studies").mkdir()
    study = write_study(tmp_path / "my studies")
    given = [study, "--store", tmp_path / "the store", "--data", tmp_path, "--address", "head:6379"]
    given += ["--report", "--yes"]
    ended = suite("run", *given)
    assert ended.code == 130
    told = ended.err.rpartition("To resume: ")[2]
    assert shlex.split(told) == ["suite", "run", *map(str, given)]


@pytest.mark.parametrize("ends", ["at once", "after what was running"])
def test_an_interrupted_tuning_says_how_to_go_on(tmp_path, monkeypatch, ends):
    def interrupted(*_, **__):
        if ends == "at once":
            raise KeyboardInterrupt

    monkeypatch.setattr(driver, "tune_cells", interrupted)
    given = [write_study(tmp_path), "--store", tmp_path / "the store", "--data", tmp_path]
    given += ["--address", "head:6379", "--yes"]
    ended = suite("tune", *given)
    assert ended.code == 130
    assert shlex.split(ended.err.rpartition("To resume: ")[2]) == [
        "suite",
        "tune",
        *map(str, given),
    ]


@pytest.mark.slow
def test_a_report_that_nobody_reads_of_leaves_the_exit_code(tmp_path):
    """As after `suite run --report STUDY 2>&1 | tee log`, once tee has ended."""
    folder = tmp_path / "folder"
    folder.mkdir()
    told = f"""
import sys
from suite import cli, reporting
from suite.execution import drive as driver
from suite.store import table
done = driver.Outcome(done=1, total=4, executed=3, failed=[])
driver.drive = lambda *_, **__: done
table.read = lambda *_: None
reporting.write = lambda *_: type("Written", (), dict(index="page"))
sys.argv = ["suite", "run", {str(write_study(tmp_path))!r}, "--report"]
cli.main()
"""
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run([sys.executable, "-c", told], stdout=writing, stderr=writing, cwd=folder)
    os.close(writing)
    assert ended.returncode == 3


@pytest.mark.parametrize("done", [3, 4])
def test_a_report_that_cannot_be_written_hides_nothing(tmp_path, monkeypatch, done):
    """The outcome is said first, and runs that failed are the worse news."""
    monkeypatch.chdir(tmp_path)
    study = write_study(tmp_path)
    run = next(iter(load_study(study).runs({"digits": "content"})))
    failed = [(run, "no luck")] * (4 - done)
    outcome = driver.Outcome(done=done, total=4, executed=4, failed=failed)
    monkeypatch.setattr(driver, "drive", lambda *_, **__: outcome)

    def refused(*_):
        raise UserError("reports/x: has files that no report wrote")

    monkeypatch.setattr("suite.reporting.write", refused)
    ended = suite("run", study, "--report")
    assert ended.code == (3 if failed else 2)
    assert f"{done} of 4 runs are done" in ended.err
    assert "has files that no report wrote" in ended.err
    assert ("no luck" in ended.err) == bool(failed)


@pytest.mark.slow
def test_a_mistake_that_nobody_reads_of_keeps_its_exit_code(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run([*SUITE, "run", tmp_path / "none.yaml"], stderr=writing)
    os.close(writing)
    assert ended.returncode == 2
