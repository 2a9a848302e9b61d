"""What came of driving a study, where nothing is left to run."""

from __future__ import annotations

import numpy as np
import pytest

from suite.datasets.digits import digits
from suite.decisions import undecided
from suite.errors import UserError
from suite.execution.data import fingerprints
from suite.execution.drive import drive, far_enough, lacking, note_fingerprints
from suite.execution.tuning import due_runs
from suite.store.lock import hold
from suite.store.status import look
from suite.store.store import RunStore
from suite.store.table import collect
from suite.store.tuned import standing
from suite.study import load_study
from suite.study.chains import starts, with_earlier
from tests.command import suite

STUDY = """\
name: twice
seeds: {count: 2}
defaults: {hidden: [20], epsilon: 4, epochs: 1, augment: false}
cells:
  - {method: set, dataset: digits}
  - {method: set, dataset: {npz: same.npz, name: Mine}}
"""
EPOCH = {
    "epoch": 1,
    "train_loss": 1.0,
    "val_loss": 1.0,
    "val_accuracy": 0.5,
    "test_loss": 1.0,
    "test_accuracy": 0.5,
    "connections": [40],
    "theta": 1.0,
    "evolved": False,
    "paused": False,
    "seconds": 1.0,
}


@pytest.fixture
def twice(tmp_path):
    """A study that names the same images twice, done, as another study had run it."""
    images = digits()
    arrays = {"x_train": images.x_train, "y_train": images.y_train}
    arrays |= {"x_test": images.x_test, "y_test": images.y_test}
    np.savez(tmp_path / "same.npz", **arrays)
    (tmp_path / "twice.yaml").write_text(STUDY)
    study, store = load_study(tmp_path / "twice.yaml"), RunStore(tmp_path / "store")
    found = fingerprints(study, tmp_path, lambda *_: None)
    note_fingerprints(study, found, store)
    runs = study.runs(found)
    assert len({run.key for run in runs}) == 2
    for run in runs:
        record = {"key": run.key, "dataset": "as somebody else wrote it", "history": [EPOCH]}
        store.finish(run.key, {**record, "seed": run.seed, "settings": {}})
    return study, store


def test_a_study_that_names_the_same_images_twice_is_complete(twice, tmp_path):
    study, store = twice
    outcome = drive(study, store, data_dir=tmp_path)
    assert (outcome.done, outcome.total, outcome.executed) == (4, 4, 0)
    assert outcome.complete
    told = suite("plan", tmp_path / "twice.yaml", "--store", store.location).out
    assert told.splitlines()[-1] == "4 done."
    assert look(study, store).complete


def test_a_data_set_has_the_name_that_its_study_gives_it(twice):
    frame = collect(*twice).frame
    named = dict(zip(frame["cell"], frame["dataset"], strict=True))
    assert sorted(named.values()) == ["Mine", "digits"]


def test_what_only_the_data_can_tell_is_said_of_every_cell(twice, tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(
        "name: wrong\n"
        "defaults: {dataset: {npz: same.npz}, hidden: [20], epsilon: 4, epochs: 1}\n"
        "cells: [{method: set, grid: {batch_size: [100, 1500, 1600]}}]\n"
    )
    told = suite("run", path, "--data", tmp_path, "--store", tmp_path / "other")
    assert told.code == 2
    for line, size in zip(told.err.splitlines(), (1500, 1600), strict=True):
        wrong = f"set[batch_size={size}]: batch_size {size} is more than the 1442 "
        assert line.startswith(f"{path}:3: cells[0]: {wrong}")


def test_a_driver_that_is_refused_changes_nothing_in_the_store(twice, tmp_path):
    """Its images are others than those that the first driver's study is known by."""
    study, store = twice
    before = {name: store.place.read(name) for name in store.place.names()}
    (tmp_path / "same.npz").unlink()
    images = digits()
    other = {"x_train": images.x_train[:-1], "y_train": images.y_train[:-1]}
    np.savez(tmp_path / "same.npz", **other, x_test=images.x_test, y_test=images.y_test)
    with hold(store, study.name) as first:
        with pytest.raises(UserError, match="is being driven into"):
            drive(study, store, data_dir=tmp_path)
        assert store.driver(study.name)["token"] == first.token
    assert {name: store.place.read(name) for name in store.place.names()} == before


ANYTIME = """\
name: anytime
seeds: {count: 12}
defaults: {dataset: {npz: same.npz}, hidden: [20], epsilon: 4, epochs: 1, augment: false}
cells: [{method: set}, {method: static}]
comparisons: {baseline: {method: set}, inference: anytime}
"""


@pytest.fixture
def decided(twice, tmp_path):
    """A study that is decided by runs on files that have changed since."""
    (tmp_path / "anytime.yaml").write_text(ANYTIME)
    study, store = load_study(tmp_path / "anytime.yaml"), twice[1]
    found = fingerprints(study, tmp_path)
    note_fingerprints(study, found, store)
    for run in study.runs(found):
        accuracy = 0.5 + 0.1 * (run.cell == "set") + 0.001 * (run.seed % 5)
        epoch = {**EPOCH, "test_accuracy": accuracy}
        record = {"key": run.key, "dataset": "mine", "history": [epoch]}
        store.finish(run.key, {**record, "seed": run.seed, "settings": {}})
    assert undecided(collect(study, store)) == []
    (tmp_path / "same.npz").unlink()
    images = digits()
    shown = {"x_train": images.x_train[:-1], "y_train": images.y_train[:-1]}
    np.savez(tmp_path / "same.npz", **shown, x_test=images.x_test, y_test=images.y_test)
    return study, store


def test_what_changed_data_would_show_is_not_decided_by_the_old(decided, tmp_path, monkeypatch):
    study, store = decided
    started = []
    monkeypatch.setattr("suite.execution.drive._execute", lambda *_: started.append(1) or False)
    outcome = drive(study, store, data_dir=tmp_path, until_decided=True)
    assert started == [1]
    assert (outcome.done, outcome.complete) == (0, False)
    assert len(outcome.undecided) == 1


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"max_seeds": 3}, "--max-seeds goes with --until-decided"),
        ({"max_seeds": 0, "until_decided": True}, "must be 1 or more, not 0"),
        ({"keep": "netwrok"}, "one of these: nothing, network; not netwrok"),
    ],
)
def test_what_is_asked_for_wrongly_from_python_is_refused(twice, tmp_path, asked, told):
    study, store = twice
    with pytest.raises(UserError, match=told):
        drive(study, store, data_dir=tmp_path, **asked)


TICKETS = """\
name: tickets
defaults: {dataset: digits, hidden: [16], augment: false, epochs: 30}
cells: [{method: dense}, {method: ticket}, {method: ticket, initial: {ticket: {rewind: 2}}}]
tune: {search: {batch_size: [50, 100]}, samples: 4, halving: {from: 10, by: 3}, validation: 0.2}
"""


def test_a_sample_that_others_start_from_is_trained_as_far_as_they_need(tmp_path, store):
    (tmp_path / "tickets.yaml").write_text(TICKETS)
    study, data = load_study(tmp_path / "tickets.yaml"), {"digits": digits().fingerprint}
    due = due_runs(standing(study, store, data), data)
    runs = with_earlier([run for run, _ in due])
    until = {run.key: epoch for run, epoch in due}
    needed = [start for run in runs for start in starts(run) if start.run.key in until]
    assert needed and set(until.values()) == {10}
    reached = far_enough(runs, until)
    assert all(reached[start.run.key] >= start.epoch for start in needed)
    assert {reached[run.key] for run, _ in due if run.settings.method == "ticket"} == {10}


def test_a_run_whose_result_is_damaged_is_lacking(twice, tmp_path):
    study, store = twice
    runs = study.runs(fingerprints(study, tmp_path, lambda *_: None))
    assert lacking(runs, store) == []
    file = tmp_path / "store" / "runs" / runs[0].key / "result.json"
    file.write_bytes(file.read_bytes()[:-1])
    assert [run.key for run in lacking(runs, store)] == [runs[0].key]
