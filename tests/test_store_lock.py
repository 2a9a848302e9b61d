"""One driver a study and store."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from suite.errors import UserError
from suite.store import lock


def foreign(store, **other):
    """Note a driver on another machine."""
    told = {
        "token": "theirs",
        "host": "elsewhere",
        "machine": "elsewhere 123",
        "pid": 4711,
        "started": time.time() - 3700,
        "time": time.time() - 12,
        "stopping": False,
    } | other
    store.note_driver("study", told)
    return told


def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_lock_is_held_and_released(store):
    with lock.hold(store, "study") as held:
        driver = store.driver("study")
        assert driver["pid"] == os.getpid()
        assert driver["token"] == held.token
        assert lock.order(store, "study", held.token) == "go on"
    assert store.driver("study") is None
    assert lock.order(store, "study", held.token) == "unknown"


@pytest.fixture
def beating(store):
    """A driver on another machine that lives."""
    released = threading.Event()

    def beat():
        while not released.wait(0.05):
            foreign(store)

    foreign(store)
    thread = threading.Thread(target=beat)
    thread.start()
    yield
    released.set()
    thread.join()


@pytest.mark.slow
def test_a_second_driver_refuses_naming_host_process_and_age(store, beating):
    with (
        pytest.raises(UserError, match=r"process 4711 on elsewhere, started 1:0[12]:.. ago"),
        lock.hold(store, "study"),
    ):
        pass
    assert store.driver("study")["token"] == "theirs"


def test_another_study_is_not_locked(store):
    foreign(store)
    with lock.hold(store, "other"):
        assert store.driver("study")["token"] == "theirs"


@pytest.mark.slow
@pytest.mark.parametrize("silent", [0, 3600])
def test_a_driver_elsewhere_that_does_not_beat_does_not_block(store, monkeypatch, silent):
    monkeypatch.setattr(lock, "SECONDS_BETWEEN_BEATS", 0.1)
    monkeypatch.setattr(lock, "STALE_AFTER", 1.0)
    foreign(store, time=time.time() - silent)
    with lock.hold(store, "study") as held:
        assert store.driver("study")["token"] == held.token


@pytest.mark.slow
@pytest.mark.parametrize("skew", [-3600, 0, 3600])
def test_a_driver_elsewhere_that_beats_blocks_whatever_its_clock_says(store, skew):
    released = threading.Event()

    def beat():
        while not released.wait(0.05):
            foreign(store, time=time.time() + skew)

    foreign(store, time=time.time() + skew)
    beating = threading.Thread(target=beat)
    beating.start()
    try:
        with pytest.raises(UserError, match="process 4711"), lock.hold(store, "study"):
            pass
    finally:
        released.set()
        beating.join()


def test_who_is_displaced_in_the_midst_of_a_beat_is_displaced_again(store):
    theirs = foreign(store)
    with lock.hold(store, "study", takeover=True) as held:
        store.note_driver("study", theirs)
        held.beat()
        assert held.lost is None
        assert store.driver("study")["token"] == held.token


def test_a_lock_of_earlier_times_is_no_order(store):
    with lock.hold(store, "study") as held:
        foreign(store, started=held.started - 100)
        assert lock.order(store, "study", held.token, since=held.started) == "unknown"
        foreign(store, started=held.started + 100)
        assert lock.order(store, "study", held.token, since=held.started) == "stop"


def test_a_driver_whose_process_has_gone_does_not_block(store):
    with lock.hold(store, "study"):
        mine = store.driver("study")
    foreign(store, machine=mine["machine"], pid=dead_pid(), time=time.time())
    with lock.hold(store, "study") as held:
        assert store.driver("study")["token"] == held.token


def test_neither_a_zombie_nor_a_process_of_the_same_number_blocks(store):
    with lock.hold(store, "study"):
        machine = store.driver("study")["machine"]
    zombie = subprocess.Popen([sys.executable, "-c", ""])
    deadline = time.monotonic() + 60
    while psutil.Process(zombie.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
    before = psutil.Process().create_time() - 5
    for gone in ({"pid": zombie.pid, "time": time.time()}, {"pid": os.getpid(), "time": before}):
        foreign(store, machine=machine, **gone)
        with lock.hold(store, "study") as held:
            assert store.driver("study")["token"] == held.token
    zombie.wait()


def test_a_living_process_of_this_machine_blocks(store):
    with (
        lock.hold(store, "study"),
        pytest.raises(UserError, match=f"process {os.getpid()} on "),
        lock.hold(store, "study"),
    ):
        pass


def test_who_is_taken_over_notices_and_leaves_the_lock_alone(store):
    with lock.hold(store, "study") as first:
        with lock.hold(store, "study", takeover=True) as second:
            first.beat()
            assert "study has been taken over by process" in first.lost
            assert lock.order(store, "study", first.token) == "stop"
            assert lock.order(store, "study", second.token) == "go on"
            first.release()
            assert store.driver("study")["token"] == second.token
        assert store.driver("study") is None


def test_the_heartbeat_is_kept_up_by_a_thread(store, monkeypatch):
    monkeypatch.setattr(lock, "SECONDS_BETWEEN_BEATS", 0.05)
    with lock.hold(store, "study") as held:
        first = store.driver("study")["time"]
        deadline = time.monotonic() + 60
        while store.driver("study")["time"] == first:
            assert time.monotonic() < deadline
        foreign(store)
        while held.lost is None:
            assert time.monotonic() < deadline
    assert store.driver("study")["token"] == "theirs"


def test_a_store_in_trouble_does_not_lose_the_lock(store, tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "SECONDS_BETWEEN_BEATS", 0.05)
    with lock.hold(store, "study") as held:
        (tmp_path / "store").rename(tmp_path / "gone")
        time.sleep(0.3)
        assert not (tmp_path / "store").exists()
        (tmp_path / "gone").rename(tmp_path / "store")
        before = store.driver("study")["time"]
        deadline = time.monotonic() + 60
        while store.driver("study")["time"] == before:
            assert time.monotonic() < deadline
        assert held.lost is None


def test_an_order_to_stop_reaches_the_workers(store):
    with lock.hold(store, "study") as held:
        held.order_stop()
        assert lock.order(store, "study", held.token) == "stop"


def test_a_living_process_that_the_system_hides_blocks(store, monkeypatch):
    """As /proc does with hidepid, which many login nodes have."""

    def refuse(pid, number):
        raise PermissionError if pid == os.getpid() else ProcessLookupError

    def unseen(pid):
        raise psutil.NoSuchProcess(pid)

    with lock.hold(store, "study"):
        monkeypatch.setattr(psutil, "Process", unseen)
        monkeypatch.setattr(os, "kill", refuse)
        with pytest.raises(UserError, match="is being driven"), lock.hold(store, "study"):
            pass
    foreign(store, machine=lock._machine(), time=time.time(), pid=4711)
    with lock.hold(store, "study") as held:
        assert store.driver("study")["token"] == held.token


def test_a_driver_of_version_0_1_0_still_counts(store):
    """It wrote when its process was born, and not which file it drives."""
    foreign(store, machine=lock._machine(), pid=os.getpid(), born=1, time=time.time())
    assert lock.alive(store.driver("study"))
    assert not lock.is_another(store.driver("study"), Path(__file__))


def test_another_study_of_the_same_name_is_named_and_not_taken_over(store, tmp_path):
    a, b = tmp_path / "a.yaml", tmp_path / "b.yaml"
    a.write_text("name: study\n")
    b.write_text("name: study # another\n")
    with lock.hold(store, "study", file=a):
        for takeover in (False, True):
            with (
                pytest.raises(UserError, match=r"^Another study named study .*a\.yaml") as error,
                lock.hold(store, "study", file=b, takeover=takeover),
            ):
                pass
            assert "--takeover" not in str(error.value)
        b.write_text(a.read_text())  # a copy is the same study
        with lock.hold(store, "study", file=b, takeover=True):
            a.write_text("name: study # with more seeds\n")
            assert lock.is_another(store.driver("study"), a)
            assert not lock.is_another(store.driver("study"), b)


def test_a_beat_that_was_under_way_does_not_bring_a_released_lock_back(store):
    with lock.hold(store, "study") as held:
        pass
    held.beat()
    assert store.driver("study") is None


def test_a_study_file_that_has_gone_is_known_by_its_path(store, tmp_path):
    gone = tmp_path / "gone.yaml"
    with lock.hold(store, "study", file=gone):
        assert not lock.is_another(store.driver("study"), gone)
        assert lock.is_another(store.driver("study"), tmp_path / "other.yaml")
