"""suite network and suite evaluate, and the networks that runs keep."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

import suite as package
from suite.datasets.digits import digits
from suite.execution.attempt import attempt
from suite.store.store import RunStore
from suite.training.train import Stopped
from tests.command import suite
from tests.finished import STUDY, finished

KEPT = STUDY.replace("{engine: masked}", "{engine: masked, keep: network}")

OTHERS = ("dynset[metric=val_accuracy]", "dense[hidden=[10]]")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("network"), KEPT, lost=("dense[hidden=[10]]",))


@pytest.fixture(scope="module")
def file(made, tmp_path_factory):
    _, path, store = made
    out = tmp_path_factory.mktemp("file") / "set.safetensors"
    done = suite("network", path, "set", "--seed", 2, "--store", store.location, "--out", out)
    assert done.code == 0, done.err
    assert done.out.startswith(f"{out}: set, seed 2, test accuracy 0.")
    return out


def last_of(made, cell, seed):
    study, _, store = made
    (run,) = (
        r for r in study.runs({"digits": digits().fingerprint}) if (r.cell, r.seed) == (cell, seed)
    )
    return store.result(run.key)["history"][-1]


def test_evaluate_finds_the_run_s_own_loss_and_accuracy(made, file):
    shown = json.loads(suite("evaluate", file, "digits", "--json").out)
    last = last_of(made, "set", 2)
    assert shown["accuracy"] == last["test_accuracy"]
    assert shown["loss"] == last["test_loss"]
    assert package.load_network(file).about["threads"] == 1
    right = sum(row[place] for place, row in enumerate(shown["confusion"]))
    assert right / shown["count"] == shown["accuracy"]
    text = suite("evaluate", file, "digits", "--engine", "sparse").out
    assert f"accuracy {last['test_accuracy']:.4f}" in text
    assert len(text.splitlines()) == 15


def test_an_archive_is_the_same_network(made, file, tmp_path):
    _, path, store = made
    out = tmp_path / "set.npz"
    suite("network", path, "set", "--seed", 2, "--store", store.location, "--out", out)
    ours, theirs = (package.load_network(name).state_dict() for name in (file, out))
    assert all(ours[name].equal(theirs[name]) for name in ours)
    assert ours.keys() == theirs.keys()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sett"], 'no cell "sett"; did you mean "set"?'),
        (["set", "--seed", 7], "seed 7: tiny has the seeds 1 to 2"),
        (["dense", "--seed", 1], "seed 1: is not done in"),
        (["set", "--out", "set.pt"], ".safetensors or .npz"),
        (["set", "--out", "/dev/null/set.npz"], "cannot be written"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(made, words, told, tmp_path):
    _, path, store = made
    out = [] if "--out" in words else ["--out", tmp_path / "x.safetensors"]
    done = suite("network", path, *words, "--store", store.location, *out)
    assert done.code == 2
    assert told in done.err
    assert len(done.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_evaluated_is_one_sentence(file, tmp_path):
    (tmp_path / "text").write_text("no network")
    for words, told in (
        ([file, "wine"], "wine: its rows have the shape 13; the network takes 8x8x1"),
        ([file, "digit"], 'did you mean "digits"?'),
        ([tmp_path / "none", "digits"], "there is no such file."),
        ([tmp_path / "text", "digits"], "is not a network"),
    ):
        done = suite("evaluate", *words)
        assert (done.code, done.out) == (2, "")
        assert told in done.err
        assert len(done.err.splitlines()) == 1


def test_keeping_is_no_part_of_the_key(made):
    study, _, _ = made
    execution = study.file.execution.model_copy(update={"keep": "nothing"})
    without = replace(study, file=study.file.model_copy(update={"execution": execution}))
    known = {"digits": digits().fingerprint}
    assert [run.key for run in study.runs(known)] == [run.key for run in without.runs(known)]


def test_nothing_is_kept_unless_asked_for_and_training_again_gives_the_same_bits(
    made, file, tmp_path
):
    _, path, store = finished(tmp_path, lost=OTHERS)
    assert store.with_final_network() == set()
    out = tmp_path / "set.safetensors"
    words = ["network", path, "set", "--seed", 2, "--store", store.location, "--out", out]
    refused = suite(*words)
    assert refused.code == 2
    assert refused.err.rstrip().endswith(f"--out {out} --retrain")
    keys = store.keys()
    before = [store.result(key) for key in keys]
    assert suite(*words, "--retrain").code == 0
    assert out.read_bytes() == file.read_bytes()
    assert [store.result(key) for key in keys] == before
    assert len(store.with_final_network()) == 1


def test_training_again_that_ends_differently_keeps_nothing(tmp_path):
    study, path, store = finished(tmp_path, lost=OTHERS)
    run = study.runs({"digits": digits().fingerprint})[-3]
    assert run.cell == "set"
    record = store.result(run.key)
    record["history"][-1]["test_accuracy"] = 0.5
    record["provenance"]["host"] = "elsewhere"
    store.finish(run.key, record)
    out = tmp_path / "set.npz"
    done = suite(
        *("network", path, "set", "--seed", 2, "--store", store.location, "--out", out, "--retrain")
    )
    assert done.code == 2
    assert "ended differently than on elsewhere" in done.err
    assert store.result(run.key) == record
    assert not out.exists()


def test_a_run_of_a_gpu_is_trained_again_on_a_gpu_only(tmp_path, monkeypatch):
    monkeypatch.setattr("suite.execution.retrain.gpu", lambda: None)
    study, path, store = finished(tmp_path, lost=OTHERS)
    run = study.runs({"digits": digits().fingerprint})[-3]
    record = store.result(run.key)
    assert record["provenance"]["gpu"] is None
    record["provenance"]["gpu"] = "GPU X"
    store.finish(run.key, record)
    out = ("--store", store.location, "--out", tmp_path / "set.npz")
    done = suite("network", path, "set", "--seed", 2, *out, "--retrain")
    assert done.code == 2
    assert "was trained on GPU X" in done.err


@pytest.mark.parametrize(
    ("more", "says"),
    [((), "without keeping its network"), (("--retrain",), "ended differently")],
)
def test_a_network_of_another_result_does_not_count(made, tmp_path, more, says):
    study, path, store = made
    other = RunStore(tmp_path / "other")
    other.stand()
    run = study.runs({"digits": digits().fingerprint})[0]
    record = store.result(run.key)
    record["history"][-1]["test_loss"] += 1e-3
    other.note_fingerprint("digits", digits().fingerprint)
    other.finish(run.key, record)
    other.keep_final_network(run.key, store.final_network(run.key))
    out = ("--store", other.location, "--out", tmp_path / "x.npz")
    done = suite("network", path, "set", *out, *more)
    assert done.code == 2
    assert says in done.err


def test_a_run_that_was_stopped_keeps_the_same_network(made, tmp_path):
    study, _, store = made
    run = study.runs({"digits": digits().fingerprint})[0]
    execution = study.file.execution.model_copy(update={"checkpoint_seconds": 0})
    again = RunStore(tmp_path / "again")
    again.stand()

    def stop(record):
        if record["epoch"] == 2:
            raise Stopped

    assert attempt(run, digits(), again, execution, stop) == "stopped"
    assert again.final_network(run.key) is None
    assert attempt(run, digits(), again, execution) == "done"
    assert again.result(run.key)["provenance"]["resumed_after"] == 2
    assert again.final_network(run.key) == store.final_network(run.key)


KILLED = """
import os, sys
from pathlib import Path
from suite.datasets.digits import digits
from suite.execution.attempt import attempt
from suite.store.store import RunStore
from suite.study import load_study

rename = Path.replace

def die(self, target):
    if target.name == sys.argv[3]:
        os.kill(os.getpid(), 9)
    return rename(self, target)

Path.replace = die
study, images = load_study(sys.argv[1]), digits()
run = study.runs({"digits": images.fingerprint})[0]
attempt(run, images, RunStore(sys.argv[2]), study.file.execution)
"""


@pytest.mark.slow
@pytest.mark.parametrize("last", ["final-network", "result.json"])
def test_a_process_that_is_killed_while_it_keeps_leaves_no_half_of_it(made, last, tmp_path):
    """The network is kept before the result, so that a run that is done has it."""
    study, path, store = made
    run = study.runs({"digits": digits().fingerprint})[0]
    again = RunStore(tmp_path / "again")
    again.stand()
    arguments = (str(path), str(tmp_path / "again"), last)
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    left = {file.name for file in (tmp_path / "again" / "runs" / run.key).iterdir()}
    assert any(name.startswith(f".{last}.") for name in left)  # unfinished, and never read
    assert again.result(run.key) is None
    whole = store.final_network(run.key)
    assert again.final_network(run.key) == (None if last == "final-network" else whole)
    assert attempt(run, digits(), again, study.file.execution) == "done"
    assert again.final_network(run.key) == whole
    assert again.place.names("aside") == []


def test_a_damaged_network_is_set_aside(made, tmp_path):
    study, path, store = finished(tmp_path, KEPT, lost=OTHERS)
    run = study.runs({"digits": digits().fingerprint})[0]
    kept = tmp_path / "store" / "runs" / run.key / "final-network"
    kept.write_bytes(kept.read_bytes()[:-1])
    done = suite("network", path, "set", "--store", store.location, "--out", tmp_path / "x.npz")
    assert done.code == 2
    assert "without keeping its network" in done.err
