"""A chain of runs under Ray: round by round, and after its driver was killed."""

from __future__ import annotations

from suite.datasets.digits import digits
from suite.execution.attempt import attempt
from suite.store.store import RunStore
from suite.study import load_study
from suite.study.chains import kept_epochs, with_earlier
from tests.cluster.processes import driving
from tests.cluster.studies import suite, timeless, write_study

CELLS = """
  - {method: ticket, initial: {ticket: {round: 2}}}
  - {method: ticket, initial: {ticket: {round: 2, weights: fresh, mask: random}}}
"""
DIVERGES = "  - {method: ticket, initial: {ticket: {round: 2, learning_rate: 1.0e+30}}}\n"


def test_a_chain_goes_on_where_its_driver_was_killed(tmp_path):
    path = write_study(tmp_path, CELLS, name="chain", seeds=1)
    study, images = load_study(path), digits()
    alone = RunStore(tmp_path / "alone")
    alone.stand()
    runs = with_earlier(study.runs({"digits": images.fingerprint}))
    for run in runs:
        keeps = kept_epochs(runs).get(run.key, ())
        assert attempt(run, images, alone, study.file.execution, keeps=keeps) == "done"
    store = RunStore(tmp_path / "store")
    with driving(path, "--store", tmp_path / "store") as driver:
        driver.until(lambda: store.done(runs[0].key), "the dense training")
        driver.kill()
    before = store.result(runs[0].key)
    ended = suite("run", path, "--store", tmp_path / "store")
    assert ended.returncode == 0, ended.stderr
    assert "chain is complete: 2 of 2 runs are done" in ended.stderr
    assert store.result(runs[0].key) == before, "what was done is not trained again"
    for run in runs:
        done, expected = store.result(run.key), alone.result(run.key)
        assert timeless(done["history"]) == timeless(expected["history"])


def test_a_run_fails_with_the_round_that_it_starts_from(tmp_path):
    path = write_study(tmp_path, DIVERGES, name="broken", seeds=1)
    ended = suite("run", path, "--store", tmp_path / "store")
    assert ended.returncode == 3
    told = ended.stderr.splitlines()[-1]
    assert told.startswith("failed: ticket[")
    assert told.count("it starts from the network of") == 1
    assert "dense training, seed 1, after epoch 8, which failed: the training loss" in told
