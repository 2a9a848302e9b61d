"""What Tune is given and what it reports: which run comes next, warnings, deaths."""

from types import SimpleNamespace

import pytest
from ray import tune
from ray.tune.experiment import Trial
from ray.tune.search.variant_generator import generate_variants

from suite.execution.ray.callbacks import callback, try_again
from suite.execution.ray.order import first_come, in_turn
from suite.execution.stopping import Ending
from suite.settings import Settings
from suite.store.lock import hold
from suite.study.runs import Run

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


def test_each_trial_gets_the_next_run():
    runs = [Run("cell", Settings(), seed, "content") for seed in range(5)]
    spec = {"config": {"run": in_turn(tune, runs)}}
    given = [next(generate_variants(spec))[1]["config"]["run"] for _ in runs]
    assert [of["key"] for of in given] == [run.key for run in runs]
    assert given[3]["name"] == "cell seed 3"


def test_trials_start_in_the_order_in_which_they_came_and_again_after_the_others():
    trials = [Trial("trial", stub=True, trial_id=name) for name in ("b", "c", "a")]
    order = first_come(tune)
    assert order.choose_trial_to_run(None) is None
    for trial in trials:
        order.on_trial_add(None, trial)
    first, second, third = trials
    assert order.choose_trial_to_run(None) is first
    first.set_status(Trial.RUNNING)
    assert order.choose_trial_to_run(None) is second
    second.set_status(Trial.TERMINATED)
    first.set_status(Trial.PENDING)  # it died, and Tune adds it again
    order.on_trial_add(None, first)
    assert order.choose_trial_to_run(None) is third
    third.set_status(Trial.ERROR)
    assert order.choose_trial_to_run(None) is first


def test_what_tune_computes_of_a_trials_reports_is_freed_when_it_ends(store):
    trial = Trial("trial", stub=True, config={"run": {"key": "k"}})
    trial.update_last_result({"outcome": "done", "training_iteration": 1})
    assert trial.metric_n_steps
    with hold(store, "study") as lock:
        callback(tune, store, Heard(), Ending(lock, Heard())).on_trial_complete(trial=trial)
    assert not trial.metric_n_steps and not trial.metric_analysis


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
