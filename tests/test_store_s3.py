"""The run store in object storage: a real S3 server on this machine."""

from __future__ import annotations

import logging
import re
import threading

import pytest

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
