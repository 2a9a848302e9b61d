"""The run store: states, and distrust of what does not check out."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path

import pytest

from suite.errors import UserError
from suite.files import Stamp
from suite.store import gathered
from suite.store.store import RunStore, usable

RECORD = {"key": "k1", "seed": 1, "history": [{"epoch": 1, "train_loss": 2.5, "theta": None}]}


def path(store, name):
    return Path(store.place.path(name))


def test_states_follow_a_run_from_missing_to_done(store):
    def state():
        return store.states(["k1"])["k1"]

    assert state() == "missing"
    store.begin("k1", {"cell": "set"})
    assert state() == "missing"
    store.keep_checkpoint("k1", b"weights")
    assert state() == "partial"
    store.fail("k1", {"reason": "no luck"})
    assert state() == "failed"
    store.begin("k1", {"cell": "set"})
    assert store.failure("k1") is None
    assert state() == "partial"
    store.finish("k1", RECORD)
    assert state() == "done"
    assert store.result("k1") == RECORD
    assert store.checkpoint("k1") is None
    assert store.keys() == ["k1"]


def test_what_an_orphan_writes_late_does_no_harm(store):
    store.finish("k1", RECORD)
    orphan = RunStore(store.location)
    orphan.begin("k1", {"cell": "set"})
    orphan.keep_checkpoint("k1", b"old weights")
    orphan.note_progress("k1", {"epoch": 3})
    orphan.fail("k1", {"reason": "its node has died"})
    assert store.states(["k1"]) == {"k1": "done"}
    assert store.result("k1") == RECORD
    orphan.finish("k1", RECORD)
    assert store.result("k1") == RECORD


def test_logs_are_kept_one_an_attempt_in_order(store):
    store.keep_log("k1", "20260102", "second\n")
    store.keep_log("k1", "20260101", "half of the first\n")
    store.keep_log("k1", "20260101", "first\n")
    assert store.logs("k1") == ["first\n", "second\n"]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "foreign", "another run's"])
@pytest.mark.parametrize("name", ["result.json", "checkpoint"])
def test_damaged_files_are_set_aside_with_a_warning(store, caplog, name, damage):
    store.keep_checkpoint("k1", b"weights" * 100)
    if name == "result.json":
        store.finish("k1", RECORD)
    file = path(store, f"runs/k1/{name}")
    content = file.read_bytes()
    if damage == "another run's":
        other = RunStore(store.location)
        other.keep_checkpoint("k2", b"weights" * 100)
        other.place.write("runs/k2/result.json", json.dumps(RECORD).encode())
        content = path(store, f"runs/k2/{name}").read_bytes()
    damaged = {
        "truncated": content[:-3],
        "flipped": content[:-3] + bytes([content[-3] ^ 1]) + content[-2:],
        "empty": b"",
        "foreign": b"PK\x03\x04 something else",
        "another run's": content,
    }[damage]
    file.write_bytes(damaged)
    with caplog.at_level(logging.WARNING):
        assert (store.result if name == "result.json" else store.checkpoint)("k1") is None
    assert f"runs/k1/{name}" in caplog.text
    assert f"aside/runs-k1-{name}.0" in caplog.text
    assert store.states(["k1"])["k1"] == "missing"
    assert path(store, f"aside/runs-k1-{name}.0").read_bytes() == damaged


def test_every_damaged_file_is_kept_aside(store, caplog):
    for content in (b"one", b"two"):
        store.keep_checkpoint("k1", b"weights")
        path(store, "runs/k1/checkpoint").write_bytes(content)
        assert store.checkpoint("k1") is None
    aside = [file.read_bytes() for file in sorted(path(store, "aside").iterdir())]
    assert aside == [b"one", b"two"]


def test_a_damaged_file_that_cannot_be_set_aside_is_passed_over(store, caplog, monkeypatch):
    store.finish("k1", RECORD)
    path(store, "runs/k1/result.json").write_bytes(b"")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(store.place), "move", refuse)
    assert not store.done("k1")
    assert "cannot be set aside (Permission denied)" in caplog.text


def test_a_sound_file_that_takes_a_damaged_one_s_place_is_not_set_aside(store, monkeypatch):
    """A writer finishes between the reading and the moving of what it replaces."""
    store.finish("k1", RECORD)
    path(store, "runs/k1/result.json").write_bytes(b"damaged")
    move = type(store.place).move

    def late(place, name, to):
        if name.endswith("result.json"):
            RunStore(store.location).finish("k1", RECORD)
        move(place, name, to)

    monkeypatch.setattr(type(store.place), "move", late)
    assert store.result("k1") == RECORD
    assert store.states(["k1"]) == {"k1": "done"}
    assert not list(path(store, "aside").iterdir())


def test_what_a_later_version_wrote_is_left_where_it_lies(store, caplog):
    store.finish("k1", RECORD)
    file = path(store, "runs/k1/result.json")
    later = file.read_bytes().replace(b"suite 1 sha256", b"suite 2 sha256")
    file.write_bytes(later)
    with pytest.raises(UserError, match=r"a later version of the suite wrote runs/k1/result\.json"):
        store.result("k1")
    assert file.read_bytes() == later
    assert store.place.names("aside") == []
    assert not caplog.text


def test_a_log_may_hold_what_is_not_utf_8(store):
    store.keep_log("k1", "20260101", "no such file: caf\udce9.csv\n")
    assert store.logs("k1") == ["no such file: caf\\udce9.csv\n"]


def test_numbers_that_json_has_not_are_refused(store):
    with pytest.raises(ValueError, match="JSON"):
        store.finish("k1", {"history": [{"train_loss": float("nan")}]})
    assert store.result("k1") is None


def test_a_worker_never_makes_a_store(tmp_path):
    worker = RunStore(tmp_path / "store")
    worker.insist()
    with pytest.raises(OSError, match="is not there"):
        worker.keep_checkpoint("k1", b"weights")
    with pytest.raises(OSError, match="is not there"):
        worker.result("k1")
    assert not (tmp_path / "store").exists()


def test_a_data_sets_content_is_remembered(store):
    assert store.fingerprint("digits") is None
    store.note_fingerprint("digits", "abc")
    assert store.fingerprint("digits") == "abc"


def test_an_unknown_kind_of_url_is_the_users_mistake():
    with pytest.raises(UserError, match="--store nosuch://bucket/x: cannot be opened"):
        RunStore("nosuch://bucket/x")


def test_what_is_no_file_or_no_directory_is_set_aside(store, caplog):
    root = Path(store.place.root)
    (root / "runs").mkdir(exist_ok=True)
    (root / "runs" / "k1").write_text("a file where a directory belongs")
    for name in ("run.json", "failure.json"):
        (root / "runs" / "k2" / name).mkdir(parents=True)
    for key in ("k1", "k2"):
        assert store.checkpoint(key) is None
        store.begin(key, {"cell": "set"})
        store.finish(key, {"history": []})
    assert store.states(["k1", "k2"]) == {"k1": "done", "k2": "done"}
    assert {path.name for path in (root / "aside").iterdir()} == {"runs-k1.0", "runs-k2-run.json.0"}
    assert caplog.text.count("is damaged or foreign") == 2


@pytest.mark.parametrize(
    "location", ["", "s3://", "gs://", "file", "~nosuchuser/store", "not UTF-8 \udcff"]
)
def test_a_location_that_cannot_be_a_store_is_the_users_mistake(tmp_path, monkeypatch, location):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("no directory")
    with pytest.raises(UserError, match=r"^--store "):
        RunStore(location)
    assert (tmp_path / "file").read_text() == "no directory"


def test_what_cannot_be_set_aside_is_in_the_way(tmp_path):
    store = RunStore(tmp_path / "file")
    (tmp_path / "file").write_text("no directory")
    with pytest.raises(UserError, match="is in the way of runs/k1"), usable(store):
        store.begin("k1", {})
    assert (tmp_path / "file").read_text() == "no directory"


@pytest.mark.parametrize(("age", "copied"), [(7200, 60), (60, 0)])
def test_files_of_one_moment_are_copied_once_it_is_long_ago(age, copied):
    """As in a store that was copied as a whole: no file is newer than the others."""
    stamp = Stamp(2, time.time_ns() - age * 10**9)
    lying = {f"{number:016x}/result.json": stamp for number in range(60)}
    found = list(gathered.tables(lying, {}, lambda names: [b"{}" for _ in names]))
    assert sum(len(gathered.unpack(table)) for table in found) == copied
