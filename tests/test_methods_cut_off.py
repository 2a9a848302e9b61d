"""Units that a topology cuts off: whom a run warns of, and where the warning is found again."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from suite.datasets.digits import digits
from suite.execution.attempt import attempt
from suite.methods.cut_off import CutOff, cut_off
from suite.methods.parts import Origin, forget, loading, part
from suite.reporting.numbers import in_a_sentence
from suite.reporting.sections.cut_off import warned_of
from suite.store.exported import export
from suite.store.status import as_text, look
from suite.store.table import collect, read
from suite.study import load_study
from suite.study.file import Execution
from suite.training.train import train
from tests.reference import cut_off as reference
from tests.test_training import ENGINES, IMAGES, SEED, measures, small


def arrays(layers, shapes):
    return [
        np.array(sorted(i * n_in + j for i, j in layer), dtype=np.int64)
        for layer, (_, n_in) in zip(layers, shapes, strict=True)
    ]


@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.data())
def test_warnings_count_the_units_on_paths_as_the_reference_does(sizes, data):
    shapes = [(n_out, n_in) for n_in, n_out in itertools.pairwise(sizes)]
    layers = [
        {at for at in itertools.product(*map(range, shape)) if data.draw(st.booleans())}
        for shape in shapes
    ]
    expected = reference.on_paths(layers, shapes)
    warnings = cut_off(arrays(layers, shapes), shapes, 3)
    if all(expected):
        assert [(w.layer, w.left) for w in warnings] == [
            (number, len(units))
            for number, (units, (n_out, _)) in enumerate(zip(expected, shapes, strict=True), 1)
            if 2 * len(units) < n_out
        ]
    else:
        (warning,) = warnings
        assert warning.left == 0
        before, there = layers[: warning.layer - 1], layers[: warning.layer]
        assert not any(reference.on_paths(there, shapes[: warning.layer]))
        assert not before or all(reference.on_paths(before, shapes[: warning.layer - 1]))


def test_a_dense_layer_lets_everything_through():
    shapes = [(4, 3), (2, 4)]
    assert cut_off([None, None], shapes, 0) == []
    assert cut_off([np.array([0]), None], shapes, 0) == [CutOff(0, 1, 4, 1)]
    assert cut_off([np.array([0, 3]), None], shapes, 0) == [], "half of the units are left"
    assert cut_off([np.array([], dtype=np.int64), None], shapes, 2) == [CutOff(2, 1, 4, 0)]


def test_sentences():
    assert CutOff(3, 2, 11, 4).sentence == (
        "since epoch 3, 64 % of the units of layer 2 (7 of 11) are on no path from an input to an "
        "output."
    )
    assert CutOff(0, 1, 5, 0).sentence == (
        "from the start, no path from an input to an output goes through layer 1."
    )


# ---------------------------------------------------------------- in a run

DEADLY = "deadly_of_test_methods_cut_off"


@pytest.fixture(scope="module")
def deadly():
    """A prune rule that leaves four units without connections, and later a whole layer."""
    with loading(Origin("plug-in", __name__, "0" * 64)):

        @part("prune", DEADLY, source="here")
        def rule(layer, zeta):
            rows = layer.positions // layer.shape[1]
            return rows >= {(2, 1): 4, (4, 0): 14}.get((layer.moment.epoch, layer.index), 0)

    yield {"prune": DEADLY, "budget": "nothing", "hidden": (14, 7), "epsilon": 4.5, "epochs": 6}
    forget(__name__)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_method_that_kills_units_is_warned_of_once_a_layer(deadly, engine, caplog):
    settings, kept = small(**deadly), []
    trained = train(settings, SEED, IMAGES, engine=engine, keep=kept.append, keep_every=0)
    assert trained.warnings == [CutOff(2, 2, 7, 3), CutOff(4, 1, 14, 0)]
    assert caplog.messages == [warning.sentence for warning in trained.warnings]
    for checkpoint in kept:
        again = train(settings, SEED, IMAGES, engine=engine, checkpoint=checkpoint)
        assert again.warnings == trained.warnings
        assert measures(again.history) == measures(trained.history)


def test_learnt_noise_cuts_off_without_an_update():
    noise = {"kind": "variational", "threshold": -50.0}
    trained = train(small(method="variational_dropout", noise=noise, epochs=2), SEED, IMAGES)
    assert trained.warnings == [CutOff(0, 1, 14, 0)]


STUDY = """
schema: 1
name: dying
seeds: {root: 1, count: 2}
defaults: {dataset: digits, hidden: [16, 12], epochs: 2, batch_size: 100, train_samples: 300}
cells:
  - {method: set, epsilon: 3}
  - {method: static, epsilon: 0.0001}
"""


def test_log_status_and_report_repeat_what_a_run_warns_of(tmp_path, store):
    path = tmp_path / "dying.yaml"
    path.write_text(STUDY)
    study, images = load_study(path), digits()
    store.note_fingerprint("digits", images.fingerprint)
    heard = []
    for run in study.runs({"digits": images.fingerprint}):
        execution = Execution(engine="sparse")
        assert attempt(run, images, store, execution, on_warning=heard.append) == "done"
    sentence = "from the start, no path from an input to an output goes through layer 1."
    static = study.cells[1]
    named = [f"{static.label}, seed {seed}: {sentence}" for seed in (1, 2)]
    assert heard == named
    keys = [run.key for run in study.runs({"digits": images.fingerprint})]
    logs = [log for key in keys for log in store.logs(key)]
    assert sum(sentence in log for log in logs) == 2
    status = look(study, store)
    assert status.document()["warnings"] == named
    console = Console(width=120)
    with console.capture() as captured:
        console.print(as_text(status), soft_wrap=True)
    assert f"Warning: {named[0]}" in captured.get()
    export(collect(study, store), tmp_path / "moved.parquet")
    results = read(study, tmp_path / "moved.parquet")  # as reports/ keeps it
    (warned,) = warned_of(results)
    assert f"{in_a_sentence(static.title)} (2 of 2 runs)" in warned and warned.endswith(
        f"seed 1, {sentence}"
    )
