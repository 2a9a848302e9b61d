"""What `suite run` says at its end; what it does is tested in tests/cluster."""

import shlex

import pytest

from suite import driver
from tests.cluster.studies import write_study
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
    told = ended.err.rpartition("To go on: ")[2]
    assert shlex.split(told) == ["suite", "run", *map(str, given)]
