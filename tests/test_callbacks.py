"""How deaths are counted where Tune itself has died."""

from types import SimpleNamespace

import pytest
from ray import tune

from suite.execution.ray.callbacks import callback, try_again
from suite.execution.stopping import Ending
from suite.store.lock import hold

pytestmark = pytest.mark.ray


class Heard:
    def __init__(self):
        self.told = []

    def retried(self, key, reason):
        self.told.append(("retried", key))

    def warned(self, sentence):
        self.told.append(("warned", sentence))

    def reached(self, key, epoch, seconds):
        self.told.append(("reached", key))

    def ended(self, key, outcome):
        self.told.append((outcome, key))


def test_only_a_run_that_gets_no_farther_fails_of_many_deaths(store):
    heard, deaths = Heard(), {}
    with hold(store, "study") as lock:
        ending = Ending(lock, heard)
        for epoch in range(5):
            store.note_progress("advancing", {"epoch": epoch})
            store.note_progress("stuck", {"epoch": 3})
            ending.running |= {"advancing", "stuck"} - ending.ended
            try_again(RuntimeError("out of memory"), deaths, 3, store, heard, ending)
            assert not ending.running
    assert [told for told, key in heard.told if key == "advancing"] == 5 * ["retried"]
    assert [told for told, key in heard.told if key == "stuck"] == [*3 * ["retried"], "failed"]
    assert ending.ended == {"stuck"}
    assert store.failure("stuck")["reason"] == "out of memory; tried 4 times"
    assert store.failure("advancing") is None


def test_a_workers_warning_reaches_who_watches(store):
    heard = Heard()
    trial = SimpleNamespace(config={"run": {"key": "k"}})
    with hold(store, "study") as lock:
        passing_on = callback(tune, store, heard, Ending(lock, heard))
        passing_on.on_trial_result(trial=trial, result={"warning": "a file is damaged"})
        passing_on.on_trial_result(trial=trial, result={"epoch": 1, "seconds": 2.0})
        passing_on.on_trial_result(trial=trial, result={"outcome": "done"})
    assert heard.told == [("warned", "a file is damaged"), ("reached", "k")]
