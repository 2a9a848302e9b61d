"""Version 0.1.0's histories: every later version trains to the same, and goes on from the same."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import llvmlite.binding
import pandas as pd
import pytest
import torch

from suite.datasets.digits import digits
from suite.study import load_study
from suite.training.train import train

GOLDEN = Path(__file__).parent / "golden"
ENGINES = ["masked", "sparse"]
MEASURES = ["train_loss", "val_loss", "val_accuracy", "test_loss", "test_accuracy", "theta"]
WHOLE = ["epoch", "evolved", "paused", "connections_1", "connections_2", "connections_3"]

made_with = json.loads((GOLDEN / "machine.json").read_text())
HERE = {"cpu": llvmlite.binding.get_host_cpu_name(), "torch": torch.__version__}
BIT_FOR_BIT = made_with == HERE


@functools.cache
def runs():
    study = load_study(GOLDEN / "study.yaml")
    return {run.key: run for run in study.runs({"digits": digits().fingerprint})}


@functools.cache
def golden(engine):
    table = pd.read_parquet(GOLDEN / f"tidy-{engine}.parquet")
    return {key: rows.reset_index(drop=True) for key, rows in table.groupby("key")}


def table(history):
    """Return a history as version 0.1.0's columns."""
    rows = pd.DataFrame(history)
    layers = pd.DataFrame(rows["connections"].tolist())
    layers.columns = [f"connections_{number}" for number in range(1, layers.shape[1] + 1)]
    return pd.concat([rows.assign(theta=rows["theta"].astype(float)), layers], axis=1)


def assert_golden(history, expected, *, exact=BIT_FOR_BIT):
    """Check a history, to rounding if not `exact`."""
    trained = table(history)
    pd.testing.assert_frame_equal(trained[WHOLE], expected[WHOLE], check_dtype=False)
    pd.testing.assert_frame_equal(
        trained[MEASURES], expected[MEASURES], check_exact=exact, rtol=1e-4
    )


def test_the_golden_study_has_the_runs_it_had():
    assert set(runs()) == set(golden("sparse")) == set(golden("masked"))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cell", sorted({run.cell for run in runs().values()}))
def test_a_run_trains_to_the_history_of_version_0_1_0(cell, engine):
    chosen = [run for run in runs().values() if run.cell == cell]
    assert len(chosen) == 2
    for run in chosen:
        trained = train(run.settings, run.seed, digits(), engine=engine)
        assert_golden(trained.history, golden(engine)[run.key])


@pytest.mark.parametrize("checkpoint", sorted(GOLDEN.glob("checkpoint-*")), ids=lambda p: p.name)
def test_a_checkpoint_of_version_0_1_0_is_gone_on_from(checkpoint):
    """The process that wrote it had compiled its kernels itself, and so rounded otherwise."""
    key = checkpoint.name.partition("-")[2]
    run, went_on = runs()[key], []
    trained = train(
        run.settings,
        run.seed,
        digits(),
        engine="sparse",
        checkpoint=checkpoint.read_bytes(),
        on_epoch=went_on.append,
    )
    assert [record["epoch"] for record in went_on] == [6, 7, 8]
    assert_golden(trained.history, golden("sparse")[key], exact=False)
    assert trained.lifetimes is None  # when its connections were born is not in the checkpoint
