"""When a study ends early."""

from __future__ import annotations

import os
import signal

import pytest

from suite.execution import stopping as endings
from suite.execution.stopping import Ending, StrangerError
from suite.store.lock import hold


class Watcher:
    told = ()

    def stopping(self, seconds):
        self.told = (*self.told, seconds)


@pytest.fixture
def lock(store):
    with hold(store, "study") as held:
        yield held


@pytest.fixture
def ending(lock):
    return Ending(lock, Watcher())


class WrappedError(Exception):
    def __init__(self, cause):
        self.cause = cause


def test_nothing_ends_a_study_that_goes_on(ending):
    ending.running.add("a")
    assert not ending.now()


def test_an_interrupt_waits_for_what_runs_and_orders_it_to_stop(ending, store):
    ending.running |= {"a", "b"}
    with ending.on_signals():
        os.kill(os.getpid(), signal.SIGINT)
        assert not ending.now()
        assert store.driver("study")["stopping"]
        ending.running -= {"a"}
        ending.running.add("c")  # began since: nobody waits for it
        assert not ending.now()
        ending.running -= {"b"}
        assert ending.now()
    assert ending.interrupted
    assert ending.reason is None


def test_an_interrupt_does_not_wait_for_ever(ending, monkeypatch):
    monkeypatch.setattr(endings, "SECONDS_TO_STOP", -1)
    ending.running.add("a")
    ending.interrupted = True
    assert ending.now()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_interrupt_ends_at_once_and_handlers_are_put_back(ending, number):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), ending.on_signals():
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_no_interrupt_breaks_in_where_it_must_not_and_all_are_obeyed_later(ending):
    done = []
    with ending.on_signals():
        with ending.undisturbed():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("connected")
        assert ending.now()
        with pytest.raises(KeyboardInterrupt), ending.undisturbed():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("shut down")
    assert done == ["connected", "shut down"]


def test_a_stranger_ends_the_study_with_its_sentence(ending):
    ending.hear(WrappedError(ValueError("no luck")))
    assert not ending.now()
    ending.hear(WrappedError(StrangerError("elsewhere does not see the same store")))
    assert ending.now()
    assert ending.reason == "elsewhere does not see the same store"


def test_nobody_is_a_stranger_while_the_driver_does_not_see_the_store_either(ending, tmp_path):
    (tmp_path / "store").rename(tmp_path / "gone")
    ending.hear(WrappedError(StrangerError("elsewhere does not see the same store")))
    assert not ending.now()
    (tmp_path / "gone").rename(tmp_path / "store")


def test_who_is_taken_over_ends(ending, lock, store):
    with hold(store, "study", takeover=True):
        lock.beat()
        assert ending.now()
        assert "has been taken over by" in ending.reason


def test_who_finds_a_strangers_order_to_stop_does_not_see_the_store(ending):
    ending.hear_stopped("elsewhere")
    assert ending.now()
    assert ending.reason.startswith("elsewhere was stopped by another driver")


def test_what_one_is_told_to_stop_by_its_own_driver_or_the_next_is_no_reason(ending, store):
    ending.interrupted = True
    ending.hear_stopped("elsewhere")
    assert ending.reason is None
    ending.interrupted = False
    with hold(store, "study", takeover=True):
        ending.hear_stopped("elsewhere")
        assert ending.now()
        assert "has been taken over by" in ending.reason


def test_the_first_reason_stands(ending):
    ending.hear(WrappedError(StrangerError("elsewhere cannot read the store")))
    ending.hear_stopped("elsewhere")
    assert ending.reason == "elsewhere cannot read the store"


def test_runs_are_told_to_stop_whatever_becomes_of_who_watches(lock, store):
    class Gone:
        def stopping(self, seconds):
            raise SystemExit(1)

    ending = Ending(lock, Gone())
    ending.running.add("a")
    ending.interrupted = True
    with pytest.raises(SystemExit):
        ending.now()
    assert store.driver("study")["stopping"]
