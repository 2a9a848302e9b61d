"""Rounds of seeds until a study is decided: which runs are asked for, also after a crash.

Nothing is trained: each run's accuracy is a formula of its cell and seed.
"""

import numpy as np
import pandas as pd
import pytest

from suite import decisions
from suite.errors import UserError
from suite.execution import deciding
from suite.execution.deciding import Rounds, check_decidable
from suite.store.table import Results, RunState
from suite.study import load_study

STUDY = """
name: rounds
seeds: {root: 10, count: 30}
defaults: {dataset: digits, epochs: 1}
cells:
  - {method: set}
  - {method: static}
  - {method: lset}
  - {method: dense}
comparisons: COMPARISONS
"""
PAIRS = "{inference: anytime, pairs: [[static, set], [lset, set]]}"
SHIFTS = {"static": 0.1, "set": 0.0, "lset": 0.004, "dense": 0.2}


def load(folder, comparisons=PAIRS, more=""):
    path = folder / "rounds.yaml"
    path.write_text(STUDY.replace("COMPARISONS", comparisons) + more)
    return load_study(path)


def accuracy(cell, seed):
    generator = np.random.default_rng([seed, len(cell)])
    return 0.7 + SHIFTS[cell.partition("[")[0]] + generator.normal(0, 0.004)


class Store:
    """What `suite run` sees: which runs are done or have failed."""

    def __init__(self, study, monkeypatch, failing=()):
        self.study, self.failing = study, set(failing)
        self.runs = study.runs({"digits": "made"})
        self.done, self.failed, self.told = set(), set(), []
        self.patch = monkeypatch

    def results(self):
        states, rows = [], []
        for run in self.runs:
            name = (run.cell, run.seed)
            state = "done" if name in self.done else "failed" if name in self.failed else "missing"
            states.append(RunState(run.key, run.cell, run.seed, state))
            if state == "done":
                row = {"cell": run.cell, "seed": run.seed, "epoch": 1}
                rows.append(row | {"test_accuracy": accuracy(*name), "val_accuracy": 0.5})
        return Results(self.study, pd.DataFrame(rows), states)

    def drive(self, room=2, most=30, stop_after=None):
        """Do what the scheduler does, until nothing is chosen or so many runs have ended."""
        self.patch.setattr(deciding, "collect", lambda *_: self.results())
        told = []
        rounds = Rounds(self.study, None, self.runs, most, lambda *asked: told.append(asked))
        self.told = told
        ended = set()
        while True:
            left = [
                run
                for run in self.runs
                if (run.cell, run.seed) not in self.done and run.key not in ended
            ]
            if not (chosen := rounds(left, room)):
                return
            for run in chosen:
                if stop_after is not None and len(ended) >= stop_after:
                    return
                ended.add(run.key)
                name = (run.cell, run.seed)
                (self.failed if name in self.failing else self.done).add(name)

    def seeds(self, cell):
        return sorted(seed for label, seed in self.done if label.startswith(cell))


@pytest.fixture
def made(tmp_path, monkeypatch):
    return lambda *arguments, **options: Store(load(tmp_path, *arguments), monkeypatch, **options)


def test_no_more_seeds_than_a_decision_needs(made):
    store = made()
    store.drive()
    large, small = store.seeds("static"), store.seeds("lset")
    assert large == list(range(10, 10 + len(large)))
    assert 7 <= len(large) < len(small) < 30  # with 6 pairs nothing can be shown over two
    assert store.seeds("set") == small  # until the last comparison is decided
    assert store.seeds("dense") == []  # nothing compares it
    assert decisions.undecided(store.results()) == []
    assert decisions.decided(store.results())


def test_a_round_before_its_last_seed_would_have_left_it_open(made):
    store = made()
    store.drive()
    last = {cell.label: len(store.seeds("lset")) - 1 for cell in store.study.cells}
    names = [it.what for it in decisions.undecided(decisions.up_to(store.results(), last))]
    assert names == ["lset against set"]


def test_rounds_fill_the_cores_and_are_no_larger(made):
    store = made()
    store.drive(room=16)
    sizes = [len(runs) for runs, _ in store.told]
    assert sizes[0] == 3 * 7  # nothing can be shown with less than 7 pairs
    assert set(sizes[1:]) <= {3 * 6, 2 * 8}  # of three cells, then of two
    assert store.told[0][1].startswith("seeds 10 to 16 of lset, set, static: 2 of 2 comparisons")


@pytest.mark.slow
@pytest.mark.parametrize("room", [1, 2, 7])
def test_whenever_it_is_killed_the_same_runs_are_done_in_the_end(made, room):
    undisturbed = made()
    undisturbed.drive(room)
    for moment in (1, 5, 20, 31):
        store = made()
        store.drive(room, stop_after=moment)
        store.drive(room, stop_after=moment)
        store.drive(room)
        assert store.done == undisturbed.done
        assert store.told[-1] == undisturbed.told[-1]


def test_runs_of_an_earlier_study_in_the_store_are_used(made):
    undisturbed, store = made(), made()
    undisturbed.drive()
    store.done = {(cell, seed) for cell in ("set", "static") for seed in range(10, 30)}
    store.drive()
    assert store.seeds("lset") == undisturbed.seeds("lset")


def test_the_maximum_ends_it_with_something_open(made):
    store = made()
    store.drive(most=8)
    assert store.seeds("lset") == list(range(10, 18))
    (open_,) = decisions.undecided(store.results())
    assert open_.waits_for == {"lset": 18, "set": 18}
    assert "open with 8 pairs" in open_.sentence
    assert "waits for seed 18 of" in open_.sentence


def test_a_run_that_fails_costs_its_pair_and_holds_nothing_up(made):
    store = made(failing=[("static", 12)])
    store.drive()
    assert 12 not in store.seeds("static")
    assert decisions.undecided(store.results()) == []


def test_a_statement_that_is_shown_needs_no_more_seeds(made):
    claim = """
claims:
  - sentence: Static and LSET beat SET.
    parts: [{cells: [static, lset], against: [set], direction: higher}]
"""
    store = made("{inference: anytime}", claim)
    store.drive()
    assert len(store.seeds("static")) < len(store.seeds("lset"))
    assert decisions.claims(store.results())[0].found.verdict == "supported"


def test_cells_that_never_differ_use_every_seed_and_say_what_would_help(made, monkeypatch):
    monkeypatch.setitem(SHIFTS, "lset", 0.0)
    store = made("{inference: anytime, pairs: [[lset, set]]}")
    store.drive()
    assert store.seeds("lset") == list(range(10, 40))
    (open_,) = decisions.undecided(store.results())
    assert open_.waits_for == {}
    assert "raise seeds: count" in open_.sentence


@pytest.mark.parametrize(
    ("comparisons", "most", "sentence"),
    [
        ("{baseline: set}", None, r"rounds\.yaml: --until-decided needs .*inference: anytime"),
        ("{inference: anytime}", None, r"neither comparisons nor claims"),
        (PAIRS, 31, r"--max-seeds 31: .*30 seeds.*count"),
    ],
)
def test_what_cannot_be_decided_is_one_sentence(tmp_path, comparisons, most, sentence):
    with pytest.raises(UserError, match=sentence) as error:
        check_decidable(load(tmp_path, comparisons), most)
    assert len(error.value.sentences) == 1


def test_cells_with_their_own_settings_beside_the_tuned_are_not_run_until_decided(tmp_path):
    tune = "tune: {samples: 2, search: {zeta: [0.1, 0.5]}, untuned: true}\n"
    with pytest.raises(UserError, match=r"rounds\.yaml: tune\.untuned: .*leave untuned out"):
        check_decidable(load(tmp_path, more=tune), None)
