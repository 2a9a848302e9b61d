"""A user's own regrowth strategy, from a file beside the study, on Ray's workers."""

import pytest

from suite.store.store import RunStore
from suite.study import load_study
from tests.cluster.studies import suite

pytestmark = pytest.mark.usefixtures("registered")

STRATEGY = '''
import numpy as np

from suite.methods import regrowth


@regrowth("steepest", source="RigL", needs=("gradient",))
def steepest(layer, count, rng):
    """Highest absolute gradient first."""
    slope = np.abs(layer.gradient()).ravel()
    slope[layer.positions] = -1
    return np.argpartition(-slope, count)[:count]


@regrowth("broken")
def broken(layer, count, rng):
    """Answers with positions that are active."""
    return layer.positions[:count]
'''

STUDY = """
name: own
seeds: {root: 1, count: 1}
plugins: [own.py]
defaults: {dataset: digits, hidden: [40, 20], epsilon: 6, augment: false, epochs: 3}
execution: {engine: ENGINE, retries: 0}
cells:
  - {method: set, grid: {regrow: [steepest, broken]}}
"""


def run_with(engine, tmp_path):
    (tmp_path / "own.py").write_text(STRATEGY)
    path = tmp_path / "own.yaml"
    path.write_text(STUDY.replace("ENGINE", engine))
    ended = suite("run", path, "--store", tmp_path / engine)
    study, store = load_study(path), RunStore(tmp_path / engine)
    (source,) = study.sources()
    runs = {run.settings.regrow: run for run in study.runs({source: store.fingerprint(source)})}
    return ended, runs, store


def test_an_own_strategy_works_by_name_on_workers_in_both_engines(tmp_path):
    connections = []
    for engine in ("masked", "sparse"):
        ended, runs, store = run_with(engine, tmp_path)
        assert ended.returncode == 3, ended.stderr  # the other strategy fails
        history = store.result(runs["steepest"].key)["history"]
        assert [epoch["evolved"] for epoch in history] == [True, True, False]
        connections.append([epoch["connections"] for epoch in history])
        assert "Regrowth strategy 'broken' in layer 1 returned position" in ended.stderr
        assert "which is active" in ended.stderr
    assert connections[0] == connections[1]


CHANGING = """
from pathlib import Path

from suite import draw_outside, part

@part("regrow")
def fickle(layer, count, rng):
    return draw_outside(layer.positions, layer.size, count, rng)

here = Path(__file__)
here.write_text(here.read_text() + "# edited while the study goes on\\n")
"""


def test_a_module_that_was_edited_meanwhile_stores_nothing_under_the_old_key(tmp_path, monkeypatch):
    (tmp_path / "fickle.py").write_text(CHANGING)
    path = tmp_path / "fickle.yaml"
    path.write_text(
        "name: fickle\nseeds: {count: 1}\nplugins: [fickle]\n"
        "defaults: {dataset: digits, hidden: [20], epsilon: 4, augment: false, epochs: 2}\n"
        "cells: [{method: set, regrow: fickle}]\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ended = suite("run", path, "--store", tmp_path / "store")
    assert ended.returncode == 2
    assert "has other code of regrow fickle than the driver" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list((tmp_path / "store").glob("runs/*/result.json"))
