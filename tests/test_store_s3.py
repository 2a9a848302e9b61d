"""The run store in object storage: a real S3 server on this machine."""

from __future__ import annotations

import logging
import re
import threading

import pytest

from suite.store import gathered
from suite.store.lock import hold, order
from suite.store.store import RunStore
from tests.object_storage import bucket

pytestmark = pytest.mark.external

RECORD = {"key": "k1", "history": [{"epoch": 1}]}


@pytest.fixture
def store(monkeypatch):
    with bucket(monkeypatch) as url:
        opened = RunStore(url)
        opened.stand()
        yield opened


def test_a_run_from_missing_to_done(store):
    assert store.states(["k1"]) == {"k1": "missing"}
    assert store.checkpoint("k1") is None
    store.begin("k1", {"cell": "set"})
    store.keep_checkpoint("k1", b"weights" * 1000)
    assert store.states(["k1"]) == {"k1": "partial"}
    assert store.checkpoint("k1") == b"weights" * 1000
    store.keep_log("k1", "1", "a line\n")
    assert store.final_network("k1") is None
    store.keep_final_network("k1", b"network")
    store.finish("k1", RECORD)
    assert store.states(["k1"]) == {"k1": "done"}
    assert store.final_network("k1") == b"network"
    assert store.with_final_network() == {"k1"}
    assert RunStore(store.location).result("k1") == RECORD
    assert store.logs("k1") == ["a line\n"]
    assert store.keys() == ["k1"]


def test_damage_is_set_aside(store, caplog):
    store.finish("k1", RECORD)
    with store.place.system.open_output_stream(store.place.path("runs/k1/result.json")) as stream:
        stream.write(b"suite 1 sha256 and then something else")
    assert store.result("k1") is None
    assert "aside/runs-k1-result.json.0" in caplog.text
    assert store.states(["k1"]) == {"k1": "missing"}


def test_a_reader_beside_writers_sees_no_damage(store):
    def write():
        for number in range(30):
            store.note_progress("k1", {"epoch": 10**number})

    writer = threading.Thread(target=write)
    store.note_progress("k1", {"epoch": 0})
    writer.start()
    while writer.is_alive():
        assert store.progress("k1") is not None
    assert not [name for name in store.place.names() if name.startswith("aside")]


def test_the_lock(store):
    with hold(store, "study") as lock:
        assert order(store, "study", lock.token) == "go on"
    assert order(store, "study", lock.token) == "unknown"


def test_a_file_is_written_in_one_request(store, caplog):
    with caplog.at_level(logging.INFO, "werkzeug"):
        store.keep_checkpoint("k1", b"w" * 6_000_000)
    assert re.findall(r'"([A-Z]+) ', caplog.text) == ["PUT"]
    assert len(store.checkpoint("k1")) == 6_000_000


@pytest.fixture
def gathering(store, monkeypatch):
    """A store with two finished runs that are copied at once, however few and new they are."""
    monkeypatch.setattr(gathered, "LEAST", 1)
    monkeypatch.setattr(gathered, "NANOSECONDS_UNTIL_SETTLED", 0)
    for key in ("k1", "k2"):
        store.finish(key, RECORD | {"key": key})
        store.note_progress(key, {"epoch": 1})
    store.gather()
    return RunStore(store.location)


def test_finished_runs_are_read_in_a_request_for_all(gathering, caplog):
    lying = gathering.lying()
    with caplog.at_level(logging.INFO, "werkzeug"):
        results = gathering.results(["k1", "k2", "k3"], lying)
        reports = gathering.reports(["k2", "k1"], lying)
        assert gathering.sound(["k1", "k3"], lying) == [True, False]
    assert results == [RECORD, RECORD | {"key": "k2"}, None]
    assert reports == [{"epoch": 1}, {"epoch": 1}]
    assert not re.findall(r"runs/k[12]", caplog.text)


def test_a_copy_never_stands_for_a_file_that_has_changed_or_gone(gathering):
    place, longer = gathering.place, RECORD | {"key": "k2", "degrees": {}}
    with place.system.open_output_stream(place.path("runs/k1/result.json")) as stream:
        stream.write(b"suite 1 sha256 and then something else")
    gathering.finish("k2", longer)
    place.delete("runs/k2/progress.json")
    lying = gathering.lying()
    assert gathering.results(["k1", "k2"], lying) == [None, longer]
    assert gathering.reports(["k2"], lying) == [None]
    assert gathering.states(["k1"]) == {"k1": "missing"}


def test_a_table_that_is_damaged_costs_nothing_but_requests(gathering):
    place = gathering.place
    for name in place.names("gathered"):
        with place.system.open_output_stream(place.path(f"gathered/{name}")) as stream:
            stream.write(b"nothing")
    assert gathering.results(["k1"], gathering.lying()) == [RECORD]
    assert not place.names("gathered")
    gathering.gather()
    assert place.names("gathered")
