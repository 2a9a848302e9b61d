"""Methods and parts newer than version 0.1.0 train as they did when each was first recorded.

`python -m tests.test_golden_methods` adds what the study has and the records lack, and changes no
record that is there.
"""

from __future__ import annotations

import functools
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
import torch

from suite.datasets.digits import digits
from suite.execution.attempt import attempt
from suite.methods.parts import all_registered
from suite.methods.presets import METHODS
from suite.store.store import RunStore
from suite.store.table import collect
from suite.study import load_study
from suite.study.chains import kept_epochs, with_earlier
from suite.study.file import Execution
from tests.test_golden import GOLDEN
from tests.test_golden_training import BIT_FOR_BIT, made_with

RECORDS = GOLDEN / "methods.parquet"
STUDIES = [GOLDEN / "study.yaml", GOLDEN / "methods.yaml"]
WHOLE = ["cell", "key", "epoch", "evolved", "paused", "connections"]
MEASURES = ["train_loss", "val_loss", "val_accuracy", "test_loss", "test_accuracy"]


@functools.cache
def study():
    return load_study(GOLDEN / "methods.yaml")


@functools.cache
def runs():
    return {run.cell: run for run in study().runs({"digits": digits().fingerprint})}


@functools.cache
def recorded():
    return pd.read_parquet(RECORDS)


def trained(cell):
    """Train a cell's run, and those that it starts from; return its rows of the tidy table."""
    torch.set_num_threads(1)
    chain = with_earlier([runs()[cell]])
    kept = kept_epochs(chain)
    with TemporaryDirectory() as folder:
        store = RunStore(Path(folder))
        store.note_fingerprint("digits", digits().fingerprint)
        for run in chain:
            keeps = kept.get(run.key, ())
            execution = Execution(engine="sparse")
            assert attempt(run, digits(), store, execution, keeps=keeps) == "done"
        rows = collect(study(), store).frame
    return rows[WHOLE + MEASURES].reset_index(drop=True)


def test_every_run_has_its_key():
    keys = recorded().drop_duplicates("cell").set_index("cell")["key"].to_dict()
    assert {cell: run.key for cell, run in runs().items()} == keys


def test_every_method_and_part_is_recorded():
    cells = [cell.settings for path in STUDIES for cell in load_study(path).cells]
    of_cells = [answer.part for settings in cells for answer in settings.recipe.in_use]
    built_in = {
        (part.kind, part.name) for part in all_registered() if part.origin.kind == "built-in"
    }
    assert built_in <= {(part.kind, part.name) for part in of_cells}
    assert METHODS.keys() <= {settings.method for settings in cells}


@pytest.mark.slow
@pytest.mark.skipif(not BIT_FOR_BIT, reason=f"the records were made with {made_with}")
@pytest.mark.parametrize("cell", runs())
def test_a_run_trains_to_its_record_bit_for_bit(cell):
    rows = recorded()
    expected = rows[rows["cell"] == cell].reset_index(drop=True)
    pd.testing.assert_frame_equal(trained(cell), expected, check_exact=True)


if __name__ == "__main__":
    there = [recorded()] if RECORDS.exists() else []
    known = {cell for rows in there for cell in rows["cell"]}
    new = [trained(cell) for cell in runs() if cell not in known]
    pd.concat([*there, *new], ignore_index=True).to_parquet(RECORDS, index=False)
