"""What version 0.1.0 wrote is read, and its runs keep their keys.

tests/golden/README.md says what the files are; test_golden_training trains them again.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from suite import reporting
from suite.datasets.digits import digits
from suite.methods import parts
from suite.settings import Settings
from suite.store import exported, table
from suite.store.store import RunStore
from suite.study import load_study
from suite.study.cells import source_name
from suite.study.runs import Run

GOLDEN = Path(__file__).with_name("golden")
STUDIES = Path(__file__).parents[1] / "studies"
KEYS = json.loads((GOLDEN / "keys.json").read_text())
FILES = [GOLDEN / "study.yaml", *sorted(STUDIES.glob("*.yaml"))]


def runs(path):
    study = load_study(path)
    names = map(source_name, study.sources())
    return study, study.runs({name: f"content of {name}" for name in names})


@pytest.fixture(scope="module")
def study():
    return load_study(GOLDEN / "study.yaml")


@pytest.fixture(scope="module")
def images():
    return digits()


def rows(key, engine="sparse"):
    """Return what a golden tidy table holds of a run, without the time that it took."""
    frame = pd.read_parquet(GOLDEN / f"tidy-{engine}.parquet")
    return frame[frame["key"] == key].drop(columns="seconds").reset_index(drop=True)


# ---------------------------------------------------------------- keys


@pytest.mark.parametrize("path", [path for path in FILES if path.stem in {*KEYS, "study"}])
def test_every_run_has_its_key(path):
    study, expanded = runs(path)
    assert {f"{run.cell} seed {run.seed}": run.key for run in expanded} == KEYS[study.name]


def test_the_golden_study_is_among_them():
    assert {"golden", "quick", "table2", "regrowth"} <= KEYS.keys()


class WiderSettings(Settings):
    """The settings of a later version."""

    label_smoothing: float = 0.0
    """One more setting; 0 stands for its absence."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_new_setting_leaves_every_key_as_it_is(path):
    for run in runs(path)[1]:
        given = run.settings.model_dump(exclude_unset=True)
        wider = WiderSettings(**given)
        assert Run(run.cell, wider, run.seed, run.fingerprint).key == run.key
        other = WiderSettings(**given, label_smoothing=0.1)
        assert Run(run.cell, other, run.seed, run.fingerprint).key != run.key


@pytest.fixture
def wider_parts(monkeypatch):
    """The parts of a later version: each has one more option, 0 standing for its absence."""
    later = {"later": parts.Option("later", float, 0.0)}
    wider = {
        key: dataclasses.replace(part, options={**part.options, **later})
        for key, part in parts._parts.items()
    }
    monkeypatch.setattr(parts, "_parts", wider)


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in FILES if path.stem in {*KEYS, "study"}])
def test_a_new_option_of_a_part_leaves_every_key_as_it_is(path, wider_parts):
    study, expanded = runs(path)
    assert {f"{run.cell} seed {run.seed}": run.key for run in expanded} == KEYS[study.name]
    for run in expanded:
        given = run.settings.model_dump(exclude_unset=True)
        for answer in run.settings.recipe.in_use:
            other = Settings(**{**given, answer.kind: {answer.name: {"later": 1.0}}})
            assert Run(run.cell, other, run.seed, run.fingerprint).key != run.key


# ---------------------------------------------------------------- results


def test_a_result_is_read(study, images, tmp_path):
    (file,) = GOLDEN.glob("result-*.json")
    key = file.stem.removeprefix("result-")
    (tmp_path / "runs" / key).mkdir(parents=True)
    (tmp_path / "regrowth-suite").touch()
    shutil.copy(file, tmp_path / "runs" / key / "result.json")
    store = RunStore(tmp_path)
    store.note_fingerprint("digits", images.fingerprint)
    results = table.collect(study, store)
    assert [run.key for run in results.runs if run.state == "done"] == [key]
    found = results.frame.drop(columns="seconds")
    expected = rows(key)
    pd.testing.assert_frame_equal(found[expected.columns], expected)


@pytest.mark.parametrize("engine", ["sparse", "masked"])
def test_a_tidy_table_is_imported(engine, study, tmp_path):
    store = RunStore(tmp_path)
    done = exported.import_file(GOLDEN / f"tidy-{engine}.parquet", store)
    assert len(done.added) == len(KEYS["golden"])
    assert table.collect(study, store).complete


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sparse", "masked"])
def test_a_tidy_table_is_reported(engine, study, tmp_path):
    results = table.read(study, GOLDEN / f"tidy-{engine}.parquet")
    reporting.write(results, tmp_path)
    assert (tmp_path / "index.html").exists()
    assert (tmp_path / "table2.csv").exists()
