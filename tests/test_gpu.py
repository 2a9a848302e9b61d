"""Training on a GPU: the same methods with the masked engine, by hand and through Ray."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from suite.methods.presets import METHODS
from suite.store.store import RunStore
from suite.training.timing import epoch_seconds
from tests.cluster.studies import CELLS, suite, write_study
from tests.test_methods_every import IMAGES, STEPS, assert_the_same, run, soon, whole
from tests.test_training import assert_alike

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


@pytest.mark.parametrize("method", METHODS)
def test_a_gpu_trains_as_a_cpu_does(method):
    history, ended, _ = run(soon(method), "masked", device="cuda")
    expected, weights, _ = whole(method, "masked")
    assert_alike(history, expected)
    for name, values in weights.items():
        if name.startswith("positions"):
            assert np.mean(np.isin(ended[name], values)) > 0.9, name


@pytest.mark.parametrize("method", METHODS)
def test_a_run_on_a_gpu_that_is_cut_ends_bit_for_bit_the_same(method, monkeypatch):
    expected = run(soon(method), "masked", device="cuda")
    _, _, kept = run(soon(method), "masked", None, STEPS + 4, monkeypatch, device="cuda")
    assert_the_same(run(soon(method), "masked", kept[0], device="cuda"), expected)


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_what_adam_counts_is_on_the_gpu_again_after_a_cut(optimizer, monkeypatch):
    settings = soon("set", optimizer=optimizer)
    expected = run(settings, "masked", device="cuda")
    _, _, kept = run(settings, "masked", None, STEPS + 4, monkeypatch, device="cuda")
    assert_the_same(run(settings, "masked", kept[0], device="cuda"), expected)


def test_what_an_epoch_costs_is_measured_on_a_gpu():
    assert 0 < epoch_seconds(soon("rigl"), IMAGES, engine="masked", device="cuda") < 60


def test_runs_that_share_a_gpu_keep_their_networks_and_are_evaluated_on_a_cpu(tmp_path):
    study = write_study(tmp_path, CELLS, epochs=3, keep="network")
    text = study.read_text().replace("engine: masked", "cpu: 0.5, gpu: 0.25")
    study.write_text(text)
    ended = suite("run", study, "--store", tmp_path / "store")
    assert ended.returncode == 0, ended.stderr
    store = RunStore(tmp_path / "store")
    records = [store.result(path.name) for path in (tmp_path / "store" / "runs").iterdir()]
    assert len(records) == 4
    assert {record["provenance"]["gpu"] for record in records} == {torch.cuda.get_device_name()}
    assert {record["provenance"]["engine"] for record in records} == {"masked"}
    out = ("--store", tmp_path / "store", "--out", tmp_path / "set.npz")
    ended = suite("network", study, "set", "--seed", "1", *out)
    assert ended.returncode == 0, ended.stderr
    ended = suite("evaluate", tmp_path / "set.npz", "digits", "--json")
    assert ended.returncode == 0, ended.stderr
    (record,) = [r for r in records if r["seed"] == 1 and r["settings"]["method"] == "set"]
    accuracy = record["history"][-1]["test_accuracy"]
    assert json.loads(ended.stdout)["accuracy"] == pytest.approx(accuracy, abs=0.005)
