"""Status from the store alone: what is stale is called stale."""

from __future__ import annotations

import re
import threading
import time

import pytest
from rich.console import Console

from suite.store import lock
from suite.store.status import as_text, look, watch
from suite.store.store import RunStore
from suite.study import load_study

TEXT = """
schema: 1
name: study
seeds: {root: 1, count: 2}
defaults: {dataset: digits, hidden: [16, 12], epsilon: 3, epochs: 10}
cells:
  - {method: set}
  - {method: static}
"""
KEYS = ("set1", "static1", "set2", "static2")


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(TEXT)
    return load_study(path)


@pytest.fixture
def store(tmp_path):
    opened = RunStore(tmp_path / "store")
    opened.stand()
    opened.note_fingerprint("digits", "content")
    return opened


@pytest.fixture
def keys(study):
    return dict(zip(KEYS, (run.key for run in study.runs({"digits": "content"})), strict=True))


def note(store, key, driver, *, epoch=4, age=1.0, seconds=2.0, loss=0.5, **more):
    store.begin(key, {})
    told = {"epoch": epoch, "epochs": 10, "train_loss": loss, "seconds": seconds}
    store.note_progress(key, told | {"driver": driver, "time": time.time() - age} | more)


def drive(store, *, age=1.0, stopping=False, **more):
    now = time.time()
    known = {"token": "t", "host": "far", "machine": "far", "pid": 7, "started": now - 90}
    store.note_driver("study", known | {"time": now - age, "stopping": stopping} | more)


def shown(status):
    console = Console(width=120)
    with console.capture() as captured:
        console.print(as_text(status), soft_wrap=True)  # as suite status does
    return captured.get()


def test_where_no_run_is_seen_running_the_driver_knows_the_time_left(study, store):
    drive(store, seconds_left=40.0)
    assert look(study, store).seconds_left == pytest.approx(40.0)
    drive(store)  # as version 0.1.0 reports
    assert look(study, store).seconds_left is None


def test_the_driver_s_count_stands_before_that_of_the_last_epochs(study, store, keys):
    """The last epoch may be the first of its process, which takes longer."""
    drive(store, seconds_left=40.0)
    note(store, keys["set1"], "t", seconds=100.0)
    assert look(study, store).seconds_left == pytest.approx(40.0, abs=2)


def test_a_study_that_never_ran(study, tmp_path):
    status = look(study, RunStore(tmp_path / "none"))
    assert (status.count("runs"), status.count("done"), status.driver) == (4, 0, "none")
    assert status.seconds_left is None
    assert "study: 0 of 4 runs done." in shown(status)
    assert not (tmp_path / "none").exists()


def test_what_goes_on_is_counted_and_timed(study, store, keys):
    began = time.time()
    drive(store)
    note(store, keys["set1"], "t", epoch=10)
    store.finish(keys["set1"], {"history": []})
    note(store, keys["static1"], "t", epoch=6, loss=0.25)
    note(store, keys["set2"], "t", epoch=5, loss=0.75)
    store.fail(keys["static2"], {"reason": "no luck"})
    status = look(study, store)
    sets, statics = status.cells
    assert (sets.done, sets.running, sets.epochs, sets.epochs_in_all) == (1, 1, 15, 20)
    assert (statics.done, statics.running, statics.failed, statics.epochs) == (0, 1, 1, 6)
    assert statics.last_loss == 0.25
    assert sets.seconds_left == pytest.approx(5 * 2.0)
    assert status.seconds_left == pytest.approx((5 + 4) * 2.0 / 2)
    assert status.driver == "driving"
    told = shown(status)
    assert "1 of 4 runs done, 2 running, 1 failed, time left 0:00:09" in told
    minutes, seconds = re.search(r"process 7 on far, started 0:(\d\d):(\d\d)", told).groups()
    assert 90 <= 60 * int(minutes) + int(seconds) <= 90 + time.time() - began + 1


def test_the_first_warnings_of_runs_are_shown_and_all_are_in_the_document(study, store, keys):
    drive(store)
    for name in KEYS:
        note(store, keys[name], "t", warnings=["one thing.", "another."])
    status = look(study, store)
    told = shown(status)
    assert len(status.document()["warnings"]) == 8
    assert "Warning: set, seed 1: one thing." in told
    assert told.count("Warning: ") == 5
    assert "3 more warnings" in told


def test_a_silent_run_is_stale_though_its_driver_lives(study, store, keys):
    drive(store)
    note(store, keys["set1"], "t", age=lock.STALE_AFTER + 20)
    note(store, keys["static1"], "t", age=lock.STALE_AFTER + 20, seconds=30.0)
    status = look(study, store)
    assert [cell.stale for cell in status.cells] == [1, 0]
    assert [cell.running for cell in status.cells] == [0, 1]  # its epochs take so long


def test_a_silent_driver_is_stale_and_so_are_its_runs(study, store, keys, monkeypatch):
    monkeypatch.setattr(lock, "SECONDS_BETWEEN_BEATS", 0.1)
    drive(store, age=lock.STALE_AFTER + 600)
    note(store, keys["set1"], "t", age=lock.STALE_AFTER + 600)
    status = look(study, store)
    assert (status.driver, status.count("stale"), status.count("running")) == ("stale", 1, 0)
    assert status.seconds_left is None
    assert "Stale: it was driven by process 7 on far" in shown(status)
    assert re.search(r"last seen 6[67]\d s ago", shown(status))


def test_runs_of_an_earlier_driver_wait(study, store, keys):
    drive(store, stopping=True)
    note(store, keys["set1"], "another")
    store.keep_checkpoint(keys["set1"], b"")
    status = look(study, store)
    assert (status.count("running"), status.count("stale")) == (0, 0)
    assert status.cells[0].epochs == 4
    assert status.driver == "stopping"


def test_the_document_is_json_with_sums(study, store, keys):
    note(store, keys["set1"], "t", epoch=10)
    store.finish(keys["set1"], {"history": []})
    document = look(study, store).document()
    assert document["counts"]["done"] == 1
    assert document["counts"]["epochs_in_all"] == 40
    assert [cell["cell"] for cell in document["cells"]] == ["set", "static"]


def test_watching_ends_when_the_study_is_complete(study, store, keys, monkeypatch):
    monkeypatch.setattr("suite.store.status.SECONDS_BETWEEN_LOOKS", 0)
    seen = []
    for status in watch(study, store):
        seen.append(status.count("done"))
        if not status.complete:
            store.finish(list(keys.values())[len(seen) - 1], {"history": []})
    assert seen == [0, 1, 2, 3, 4]


@pytest.mark.slow
@pytest.mark.parametrize("skew", [-600, 600])
def test_a_driver_that_beats_drives_whatever_its_clock_says(study, store, keys, skew):
    released = threading.Event()

    def beat():
        while not released.wait(0.05):
            drive(store, age=skew)

    drive(store, age=skew)
    note(store, keys["set1"], "t", age=skew + 3)
    beating = threading.Thread(target=beat)
    beating.start()
    try:
        status = look(study, store)
    finally:
        released.set()
        beating.join()
    assert (status.driver, status.count("running"), status.count("stale")) == ("driving", 1, 0)


def test_a_dead_driver_whose_clock_was_ahead_is_stale(study, store, monkeypatch):
    monkeypatch.setattr(lock, "SECONDS_BETWEEN_BEATS", 0.1)
    drive(store, age=-600)
    assert look(study, store).driver == "stale"


def test_a_store_that_holds_nothing_of_the_study_is_said_to(study, store, keys, tmp_path):
    assert f"{tmp_path / 'none'} holds nothing of it" in shown(
        look(study, RunStore(tmp_path / "none"))
    )
    note(store, keys["set1"], "t")
    assert "Nobody is driving it now.\n" in shown(look(study, store)).replace(" \n", "\n")


def test_watching_waits_for_a_store_in_trouble_and_ends_where_nothing_more_comes(
    study, store, keys, monkeypatch, caplog
):
    monkeypatch.setattr("suite.store.status.SECONDS_BETWEEN_LOOKS", 0)
    for key in list(keys.values())[:-1]:
        store.finish(key, {"history": []})
    looks = watch(study, store)
    assert next(looks).count("done") == 3
    troubles = iter([OSError("away"), OSError("away")])
    lying = store.lying

    def troubled():
        for trouble in troubles:
            raise trouble
        return lying()

    monkeypatch.setattr(store, "lying", troubled)
    store.fail(keys["static2"], {"reason": "no luck"})
    assert [status.count("failed") for status in looks] == [1]
    assert caplog.text.count("the store cannot be read now: away") == 2
