"""The tidy table, and its way through a Parquet file into another store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from suite.datasets import loading
from suite.datasets.sources import KNOWN
from suite.errors import UserError
from suite.store import table
from suite.store.store import RunStore
from suite.study import load_study
from tests.finished import finished

COLUMNS = [
    *("study", "key", "cell", "method", "metric", "regrow", "seed", "dataset", "epoch"),
    *("train_loss", "val_loss", "val_accuracy", "test_loss", "test_accuracy", "connections"),
    *("connections_1", "connections_2", "theta", "evolved", "paused", "seconds"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("tidy"))


@pytest.fixture(scope="module")
def results(made):
    study, _, store = made
    return table.collect(study, store)


@pytest.fixture
def exported(results, tmp_path):
    file = tmp_path / "out" / "runs.parquet"
    table.export(results, file)
    return file


@pytest.fixture
def other(tmp_path):
    return RunStore(tmp_path / "other")


def result_files(store):
    return {
        path.parent.name: path.read_bytes()
        for path in Path(store.location).glob("runs/*/result.json")
    }


def test_columns_in_order(results):
    assert list(results.frame.columns) == COLUMNS


def test_one_row_a_run_and_epoch(results):
    frame = results.frame
    assert len(frame) == 3 * 2 * 3
    assert not frame.duplicated(["key", "epoch"]).any()
    for _, rows in frame.groupby("key"):
        assert list(rows["epoch"]) == [1, 2, 3]
        assert rows["seed"].nunique() == rows["cell"].nunique() == 1
    assert list(frame.drop_duplicates("key")["seed"]) == [1, 1, 1, 2, 2, 2]


def test_what_a_row_says(results):
    frame = results.frame.set_index("cell")
    assert set(frame["study"]) == {"tiny"}
    assert set(frame["dataset"]) == {"digits"}
    says = frame[["method", "metric", "regrow"]].drop_duplicates().to_dict("index")
    assert says == {
        "set": {"method": "set", "metric": "", "regrow": "random"},
        "dynset[metric=val_accuracy, regrow=one_neighbour]": {
            "method": "dynset",
            "metric": "val_accuracy",
            "regrow": "one_neighbour",
        },
        "dense[hidden=[10]]": {"method": "dense", "metric": "", "regrow": ""},
    }
    layers = frame[["connections_1", "connections_2"]].sum(axis=1)
    assert (frame["connections"] == layers).all()
    assert (frame["theta"].notna() == frame["evolved"]).all()
    assert frame["seconds"].gt(0).all()


def test_cells_with_fewer_layers(results):
    dense = results.frame[results.frame["method"] == "dense"]
    assert dense["connections_1"].eq(640).all()
    assert dense["connections_2"].isna().all()
    assert dense["connections"].eq(640).all()


def test_rows_are_what_was_recorded(made, results):
    _, _, store = made
    for key, rows in results.frame.groupby("key"):
        history = store.result(key)["history"]
        for row, record in zip(rows.to_dict("records"), history, strict=True):
            for name in ("train_loss", "val_accuracy", "test_loss", "evolved", "paused", "seconds"):
                assert row[name] == record[name]
            assert row["connections"] == sum(record["connections"])
            assert row["theta"] == record["theta"] or np.isnan(row["theta"])


def test_runs_beside_the_frame(made, results):
    study, _, _ = made
    assert results.complete
    assert [(run.cell, run.seed) for run in results.runs] == [
        (cell.label, seed) for seed in study.seeds for cell in study.cells
    ]
    for run in results.runs:
        assert (run.state, run.reason) == ("done", "")
        assert set(run.record) == {
            *("key", "seed", "settings", "source", "dataset", "fingerprint"),
            *("degrees", "provenance"),
        }


def test_what_is_missing_failed_or_damaged(made, tmp_path):
    study, _, store = made
    shutil.copytree(store.location, tmp_path / "store")
    copy = RunStore(tmp_path / "store")
    first, second, third, *_ = (run.key for run in table.known_runs(study, copy))
    shutil.rmtree(tmp_path / "store" / "runs" / first)
    (tmp_path / "store" / "runs" / second / "result.json").write_text("damaged")
    copy.place.delete(f"runs/{third}/result.json")
    copy.fail(third, {"reason": "the training loss is not finite"})
    results = table.collect(study, copy)
    assert [run.state for run in results.runs[:4]] == ["missing", "missing", "failed", "done"]
    assert [run.reason for run in results.runs[:3]] == ["", "", "the training loss is not finite"]
    assert not results.complete
    assert results.frame["key"].nunique() == 3


def test_an_empty_store(made, tmp_path):
    study, _, _ = made
    results = table.collect(study, RunStore(tmp_path / "nothing"))
    assert results.frame.empty
    assert list(results.frame.columns) == [name for name in COLUMNS if "s_" not in name]
    assert {run.state for run in results.runs} == {"missing"}


def test_the_content_of_a_known_set_is_known_before_it_ran(made, tmp_path):
    study, _, store = made
    before = [run.key for run in table.known_runs(study, RunStore(tmp_path / "nothing"))]
    assert before == [run.key for run in table.known_runs(study, store)]


def test_the_content_of_files_is_what_last_ran(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("name: x\ncells: [{dataset: {npz: some.npz}, epochs: 1}]\n")
    study, store = load_study(path), RunStore(tmp_path / "store")
    keys = [[run.key for run in table.known_runs(study, store)]]
    for content in ("one", "another", "one"):
        store.note_fingerprint('{"npz":"some.npz"}', content)
        keys.append([run.key for run in table.known_runs(study, store)])
    unknown, one, another, again = keys
    assert one == again
    assert not {*unknown} & {*one} and not {*one} & {*another}


def archive_of(folder, value):
    """Write some.npz, and a study of it, into a folder."""
    folder.mkdir()
    x, y = np.full((4, 2, 2), value, np.uint8), np.array([0, 1, 0, 1])
    np.savez(folder / "some.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    path = folder / "study.yaml"
    path.write_text("name: x\nseeds: {count: 1}\ncells: [{dataset: {npz: some.npz}, epochs: 1}]\n")
    return load_study(path)


def test_a_path_names_other_files_in_another_folder(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("SUITE_DATA", str(tmp_path / "data"))
    one, two = archive_of(tmp_path / "one", 1), archive_of(tmp_path / "two", 2)
    store, source = RunStore(tmp_path / "store"), '{"npz":"some.npz"}'
    contents = [loading.fingerprint(s.sources()[0], tmp_path, s.path.parent) for s in (one, two)]
    assert not any(map(table.is_known, table.known_runs(one, store)))

    store.note_fingerprint(source, contents[0], str(one.path.parent))
    (first,), (second,) = table.known_runs(one, store), table.known_runs(two, store)
    assert [first.fingerprint, second.fingerprint] == contents
    assert "some.npz" in caplog.text and "differ" in caplog.text and "two" in caplog.text

    store.note_fingerprint(source, contents[1], str(two.path.parent))
    assert table.known_runs(one, store) == [first]
    assert table.known_runs(two, store) == [second]


def test_runs_are_seen_from_a_machine_without_the_files_unless_two_data_sets_are_meant(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setenv("SUITE_DATA", str(tmp_path / "data"))
    study = archive_of(tmp_path / "one", 1)
    (tmp_path / "one" / "some.npz").unlink()
    store, source = RunStore(tmp_path / "store"), '{"npz":"some.npz"}'
    store.note_fingerprint(source, "abc", "/elsewhere")
    assert table.known_runs(study, store)[0].fingerprint == "abc"
    store.note_fingerprint(source, "def", "/there")
    assert not table.is_known(table.known_runs(study, store)[0])
    assert "some.npz" in caplog.text and "different data" in caplog.text


# ---------------------------------------------------------------- export and import


def test_the_exported_file_is_the_tidy_table(results, exported):
    pd.testing.assert_frame_equal(pd.read_parquet(exported), results.frame)
    assert [path.name for path in exported.parent.iterdir()] == ["runs.parquet"]


def test_a_round_trip_loses_nothing(made, results, exported, other):
    _, _, store = made
    imported = table.import_file(exported, other)
    assert sorted(imported.added) == sorted(result_files(store))
    assert imported.known == imported.conflicting == []
    assert result_files(other) == result_files(store)
    assert other.fingerprint("digits") == KNOWN["digits"].fingerprint
    again = table.collect(results.study, other)
    pd.testing.assert_frame_equal(again.frame, results.frame)
    assert again.runs == results.runs


def test_the_same_export_twice_has_the_same_bytes(results, exported, tmp_path):
    table.export(results, tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == exported.read_bytes()


def test_importing_twice_adds_nothing(exported, other):
    first = table.import_file(exported, other)
    before = result_files(other)
    second = table.import_file(exported, other)
    assert second.known == first.added
    assert second.added == second.conflicting == []
    assert result_files(other) == before


def test_another_machine_s_times_are_no_conflict(made, exported, other):
    key = change(made, other, lambda record: record["history"][0].update(seconds=9.0))
    imported = table.import_file(exported, other)
    assert imported.known == [key]
    assert other.result(key)["history"][0]["seconds"] == 9.0


def test_another_history_is_a_conflict_and_the_store_s_own_stays(made, exported, other):
    key = change(made, other, lambda record: record["history"][1].update(test_loss=0.5))
    imported = table.import_file(exported, other)
    assert imported.conflicting == [key]
    assert len(imported.added) == 5
    assert other.result(key)["history"][1]["test_loss"] == 0.5


def change(made, other, alter):
    """Put a run into the other store that is not quite what the first has of it."""
    study, _, store = made
    key = table.known_runs(study, store)[0].key
    record = store.result(key)
    alter(record)
    other.finish(key, record)
    return key


def test_a_damaged_run_is_replaced(made, exported, other):
    _, _, store = made
    table.import_file(exported, other)
    broken = next(Path(other.location).glob("runs/*/result.json"))
    broken.write_bytes(broken.read_bytes()[:-1])
    imported = table.import_file(exported, other)
    assert imported.added == [broken.parent.name]
    assert result_files(other) == result_files(store)


def test_an_unfinished_run_is_finished_by_an_import(exported, other):
    key = table.import_file(exported, other).added[0]
    other.place.delete(f"runs/{key}/result.json")
    other.keep_checkpoint(key, b"half way")
    assert table.import_file(exported, other).added == [key]
    assert other.states([key]) == {key: "done"}
    assert other.checkpoint(key) is None


def test_what_a_store_knows_of_its_data_stays(exported, other):
    """Or else its own runs, on other images of that name, would be lost from sight."""
    other.note_fingerprint("digits", "other digits")
    table.import_file(exported, other)
    assert other.fingerprint("digits") == "other digits"


def test_two_names_for_one_run(results, tmp_path, other):
    frame = pd.concat([results.frame, results.frame.assign(cell="the same by another name")])
    table.export(table.Results(results.study, frame, results.runs), tmp_path / "twice.parquet")
    imported = table.import_file(tmp_path / "twice.parquet", other)
    assert len(imported.added) == 6
    assert all(len(other.result(key)["history"]) == 3 for key in imported.added)


def test_a_file_is_read_like_a_store(made, results, exported):
    study, _, store = made
    for location in (exported, store.location):
        read = table.read(study, location)
        pd.testing.assert_frame_equal(read.frame, results.frame)
        assert read.complete


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda file: None, "there is no such file."),
        (lambda file: file.mkdir(), "cannot be read: Is a directory."),
        (lambda file: file.write_bytes(b""), "is no file that suite export wrote."),
        (lambda file: file.write_bytes(b"PAR1 something else PAR1"), "is no file that suite"),
        (lambda file: foreign(file, None), "is no file that suite export wrote."),
        (lambda file: foreign(file, "{"), "is no file that suite export wrote."),
        (lambda file: foreign(file, "[]"), "is no file that suite export wrote."),
        (lambda file: foreign(file, '{"format": 1}'), "is no file that suite export wrote."),
        (
            lambda file: foreign(file, '{"format": 2, "runs": {}}'),
            "has format 2; this suite reads 1",
        ),
        (
            lambda file: foreign(file, '{"format": 1, "runs": {}}'),
            "is no file that suite export wrote: it lacks the columns cell, connections, ",
        ),
    ],
    ids=[
        "none",
        "folder",
        "empty",
        "garbage",
        "plain",
        "text",
        "list",
        "no runs",
        "newer",
        "columns",
    ],
)
def test_foreign_files_are_refused(make, sentence, other, tmp_path):
    file = tmp_path / "foreign.parquet"
    make(file)
    with pytest.raises(UserError) as caught:
        table.import_file(file, other)
    assert str(caught.value).startswith(f"{file}: {sentence}")
    assert not Path(other.location).exists()


def foreign(file, about):
    table = pa.table({"key": ["a"], "epoch": [1]})
    if about is not None:
        table = table.replace_schema_metadata({b"suite": about})
    pq.write_table(table, file)


def test_a_run_that_the_file_says_nothing_of(exported, other):
    exports = pq.read_table(exported)
    about = json.loads(exports.schema.metadata[b"suite"])
    gone = sorted(about["runs"])[0]
    del about["runs"][gone]
    metadata = {**exports.schema.metadata, b"suite": json.dumps(about)}
    pq.write_table(exports.replace_schema_metadata(metadata), exported)
    with pytest.raises(UserError, match=f"it says nothing of the run {gone}"):
        table.import_file(exported, other)
    assert not Path(other.location).exists()


@pytest.mark.parametrize("name", ["source", "fingerprint"])
def test_a_run_whose_data_the_file_does_not_name(exported, other, name):
    exports = pq.read_table(exported)
    about = json.loads(exports.schema.metadata[b"suite"])
    key = sorted(about["runs"])[1]
    del about["runs"][key][name]
    metadata = {**exports.schema.metadata, b"suite": json.dumps(about)}
    pq.write_table(exports.replace_schema_metadata(metadata), exported)
    with pytest.raises(UserError, match=f"of the run {key} it lacks {name}"):
        table.import_file(exported, other)
    assert not Path(other.location).exists()


@pytest.mark.parametrize("out", ["a file/runs.parquet", "a folder"])
def test_a_file_that_cannot_be_written(results, tmp_path, out):
    (tmp_path / "a file").write_text("")
    (tmp_path / "a folder").mkdir()
    with pytest.raises(UserError, match="cannot be written"):
        table.export(results, tmp_path / out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a file", "a folder"]
