"""Runs followed from outside: TensorBoard, MLflow and Weights & Biases."""

from __future__ import annotations

import importlib.util
import struct

import pytest

from suite.errors import UserError
from suite.execution.ray.tracking import _harmless, check_installed, run_folder
from suite.store.store import RunStore
from suite.study.file import Track
from tests.cluster.studies import WITH_TRACKERS, suite, undisturbed, write_study

TRACK = "{tensorboard: events, mlflow: tracked, wandb: regrowth}"


def events(file):
    """Yield (tag, step, value) of the scalars in one of TensorBoard's event files."""
    from tensorboardX.proto.event_pb2 import Event

    told = file.read_bytes()
    while told:
        (length,) = struct.unpack("<Q", told[:8])
        event = Event.FromString(told[12 : 12 + length])
        for value in event.summary.value:
            yield value.tag, event.step, value.simple_value
        told = told[16 + length :]


def test_a_run_is_followed_by_every_tracker_that_the_study_names(tmp_path, monkeypatch):
    from mlflow.tracking import MlflowClient

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    study = write_study(tmp_path, "  - {method: set}\n", seeds=1, track=TRACK)
    ended = suite("run", study, "--store", "store", command=WITH_TRACKERS)
    assert ended.returncode == 0, ended.stderr

    ((key, history),) = undisturbed(study).items()
    assert RunStore(str(tmp_path / "store")).done(key)
    by_epoch = {record["epoch"]: record for record in history}

    (folder,) = (tmp_path / "events" / "small").iterdir()
    assert folder.name == f"set seed 1 {key}"
    (file,) = folder.iterdir()
    drawn = [(step, value) for tag, step, value in events(file) if tag == "ray/tune/test_accuracy"]
    assert drawn
    for step, value in drawn:
        assert value == pytest.approx(by_epoch[step]["test_accuracy"], rel=1e-6)

    client = MlflowClient("tracked")
    experiment = client.get_experiment_by_name("small")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == "set seed 1"
    assert run.info.status == "FINISHED"
    assert run.data.params["run/key"] == key
    for metric in client.get_metric_history(run.info.run_id, "connections"):
        assert metric.value == sum(by_epoch[metric.step]["connections"])

    (kept,) = (tmp_path / "wandb").glob("offline-run-*/run-*.wandb")
    assert b"test_accuracy" in kept.read_bytes()


def test_a_tracker_that_cannot_be_used_is_said_before_any_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    track = "{mlflow: 'ftp://nowhere'}"
    study = write_study(tmp_path, "  - {method: set}\n", seeds=1, track=track)
    ended = suite("run", study, "--store", "store", command=WITH_TRACKERS)
    assert ended.returncode == 2
    assert "execution: track: mlflow: cannot be used: " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_tracker_that_fails_later_is_told_once_and_ends_nothing():
    class Failing:
        def on_trial_result(self, **_):
            raise ConnectionError("the server is gone\nat length")

    told = []
    tracker = _harmless("mlflow", Failing(), told.append)
    for _ in range(3):
        tracker.on_trial_result(iteration=1, trials=[], trial=None, result={})
    assert told == ["mlflow tracking ended: the server is gone"]


@pytest.mark.parametrize("cell", ["set[hidden=[9, 9]]" * 30, "é" * 300, "{npz: a/b.npz}"])
def test_a_runs_folder_is_one_folder_of_bearable_length(tmp_path, cell):
    name = run_folder(f"{cell} seed 1", "0123456789abcdef")
    (tmp_path / name).mkdir()
    assert name.endswith(" 0123456789abcdef")
    assert name.startswith(cell[:5])


def test_a_tracker_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"track: wandb: wandb is not installed here"):
        check_installed(Track(wandb="regrowth"))
    check_installed(Track())
