"""The tidy table, and its way through an exported file into another store."""

from __future__ import annotations

import io
import json
import re
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
from suite.measures import MEASURES
from suite.store import known, table
from suite.store.exported import _checksum, export, import_file
from suite.store.spreadsheet import as_csv
from suite.store.store import RunStore
from suite.study import load_study
from tests.finished import finished

GOLDEN = Path(__file__).parent / "golden"
COLUMNS = [
    *("study", "key", "cell", "method", "metric", "regrow", "seed", "dataset", "epoch"),
    *("train_loss", "val_loss", "val_accuracy", "test_loss", "test_accuracy", "connections"),
    *("connections_1", "connections_2", "theta", "evolved", "paused"),
    *("updates", "pruned", "regrown", "returned", "zeta"),
    *("multiply_adds", "inference_multiply_adds", "explored", "active_units", "seconds"),
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
    export(results, file)
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
            *("key", "seed", "settings", "source", "dataset", "fingerprint", "data"),
            *("degrees", "pixels", "lifetimes", "warnings", "provenance"),
        }


def test_what_is_missing_failed_or_damaged(made, tmp_path):
    study, _, store = made
    shutil.copytree(store.location, tmp_path / "store")
    copy = RunStore(tmp_path / "store")
    first, second, third, *_ = (run.key for run in known.known_runs(study, copy))
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
    assert list(results.frame.columns) == [
        name for name in COLUMNS if not name.startswith("connections_")
    ]
    assert {run.state for run in results.runs} == {"missing"}


def test_the_content_of_a_known_set_is_known_before_it_ran(made, tmp_path):
    study, _, store = made
    before = [run.key for run in known.known_runs(study, RunStore(tmp_path / "nothing"))]
    assert before == [run.key for run in known.known_runs(study, store)]


def test_the_content_of_files_is_what_last_ran(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("name: x\ncells: [{dataset: {npz: some.npz}, epochs: 1}]\n")
    study, store = load_study(path), RunStore(tmp_path / "store")
    keys = [[run.key for run in known.known_runs(study, store)]]
    for content in ("one", "another", "one"):
        store.note_fingerprint('{"npz":"some.npz"}', content)
        keys.append([run.key for run in known.known_runs(study, store)])
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
    assert not any(map(known.is_known, known.known_runs(one, store)))

    store.note_fingerprint(source, contents[0], str(one.path.parent))
    (first,), (second,) = known.known_runs(one, store), known.known_runs(two, store)
    assert [first.fingerprint, second.fingerprint] == contents
    assert "some.npz" in caplog.text and "differ" in caplog.text and "two" in caplog.text

    store.note_fingerprint(source, contents[1], str(two.path.parent))
    assert known.known_runs(one, store) == [first]
    assert known.known_runs(two, store) == [second]


def test_runs_are_seen_from_a_machine_without_the_files_unless_two_data_sets_are_meant(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setenv("SUITE_DATA", str(tmp_path / "data"))
    study = archive_of(tmp_path / "one", 1)
    (tmp_path / "one" / "some.npz").unlink()
    store, source = RunStore(tmp_path / "store"), '{"npz":"some.npz"}'
    store.note_fingerprint(source, "abc", "/elsewhere")
    assert known.known_runs(study, store)[0].fingerprint == "abc"
    store.note_fingerprint(source, "def", "/there")
    assert not known.is_known(known.known_runs(study, store)[0])
    assert "some.npz" in caplog.text and "different data" in caplog.text


# ---------------------------------------------------------------- export and import


def test_the_exported_file_is_the_tidy_table(results, exported):
    pd.testing.assert_frame_equal(pd.read_parquet(exported), results.frame)
    assert [path.name for path in exported.parent.iterdir()] == ["runs.parquet"]


def test_a_round_trip_loses_nothing(made, results, exported, other):
    _, _, store = made
    imported = import_file(exported, other)
    assert sorted(imported.added) == sorted(result_files(store))
    assert imported.known == imported.conflicting == []
    assert result_files(other) == result_files(store)
    assert other.fingerprint("digits") == KNOWN["digits"].fingerprint
    again = table.collect(results.study, other)
    pd.testing.assert_frame_equal(again.frame, results.frame)
    assert again.runs == results.runs


def test_the_same_export_twice_has_the_same_bytes(results, exported, tmp_path):
    export(results, tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == exported.read_bytes()


def test_importing_twice_adds_nothing(exported, other):
    first = import_file(exported, other)
    before = result_files(other)
    second = import_file(exported, other)
    assert second.known == first.added
    assert second.added == second.conflicting == []
    assert result_files(other) == before


def test_another_machine_s_times_are_no_conflict(made, exported, other):
    key = change(made, other, lambda record: record["history"][0].update(seconds=9.0))
    imported = import_file(exported, other)
    assert imported.known == [key]
    assert other.result(key)["history"][0]["seconds"] == 9.0


def test_another_history_is_a_conflict_and_the_store_s_own_stays(made, exported, other):
    key = change(made, other, lambda record: record["history"][1].update(test_loss=0.5))
    imported = import_file(exported, other)
    assert imported.conflicting == [key]
    assert len(imported.added) == 5
    assert other.result(key)["history"][1]["test_loss"] == 0.5


def change(made, other, alter):
    """Put a run into the other store that is not quite what the first has of it."""
    study, _, store = made
    key = known.known_runs(study, store)[0].key
    record = store.result(key)
    alter(record)
    other.finish(key, record)
    return key


def test_a_damaged_run_is_replaced(made, exported, other):
    _, _, store = made
    import_file(exported, other)
    broken = next(Path(other.location).glob("runs/*/result.json"))
    broken.write_bytes(broken.read_bytes()[:-1])
    imported = import_file(exported, other)
    assert imported.added == [broken.parent.name]
    assert result_files(other) == result_files(store)


def test_an_unfinished_run_is_finished_by_an_import(exported, other):
    key = import_file(exported, other).added[0]
    other.place.delete(f"runs/{key}/result.json")
    other.keep_checkpoint(key, b"half way")
    assert import_file(exported, other).added == [key]
    assert other.states([key]) == {key: "done"}
    assert other.checkpoint(key) is None


def test_what_a_store_knows_of_its_data_stays(exported, other):
    """Or else its own runs, on other images of that name, would be lost from sight."""
    other.note_fingerprint("digits", "other digits")
    import_file(exported, other)
    assert other.fingerprint("digits") == "other digits"


def test_two_names_for_one_run(results, tmp_path, other):
    frame = pd.concat([results.frame, results.frame.assign(cell="the same by another name")])
    export(table.Results(results.study, frame, results.runs), tmp_path / "twice.parquet")
    imported = import_file(tmp_path / "twice.parquet", other)
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
        (lambda file: file.mkdir(), "cannot be read: Is a directory"),
        (lambda file: file.write_bytes(b""), "is not a .parquet file that suite export wrote"),
        (
            lambda file: file.write_bytes(b"PAR1 something else PAR1"),
            "is not a .parquet file that suite",
        ),
        (lambda file: foreign(file, None), "is not a .parquet file that suite export wrote"),
        (lambda file: foreign(file, "{"), "is not a .parquet file that suite export wrote"),
        (lambda file: foreign(file, "[]"), "is not a .parquet file that suite export wrote"),
        (
            lambda file: foreign(file, '{"format": 1}'),
            "is not a .parquet file that suite export wrote",
        ),
        (
            lambda file: foreign(file, '{"format": 2, "runs": {}}'),
            "has format 2; this suite reads 1",
        ),
        (
            lambda file: foreign(file, '{"format": 1, "runs": {}}'),
            "is not a .parquet file that suite export wrote: the run key ",
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
        import_file(file, other)
    assert str(caught.value).startswith(f"{file}: {sentence}")
    assert not Path(other.location).exists()


def test_a_file_is_known_by_its_ending_in_capitals_too(results, tmp_path):
    export(results, tmp_path / "RUNS.PARQUET")
    assert table.read(results.study, tmp_path / "RUNS.PARQUET").complete


def test_a_bit_that_flips_is_seen(made, exported, tmp_path):
    """A flipped bit is refused, or it lies where it changes nothing."""
    content, rng = exported.read_bytes(), np.random.default_rng(0)
    expected = pq.read_table(exported)
    whole = RunStore(tmp_path / "whole")
    histories = {key: whole.result(key)["history"] for key in import_file(exported, whole).added}
    places = rng.integers(len(content), size=60).tolist()
    for name in (b"test_accuracy", b"train_loss", b"theta", b"connections_1"):  # in the footer
        at = [match.start() for match in re.finditer(name, content)]
        places += [start + letter for start in at for letter in (0, 1, 4)]
    refused = 0
    for number, place in enumerate(places):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        (tmp_path / "damaged.parquet").write_bytes(damaged)
        store = RunStore(tmp_path / f"store {number}")
        try:
            import_file(tmp_path / "damaged.parquet", store)
        except UserError:
            refused += 1
            continue
        read = pq.read_table(tmp_path / "damaged.parquet")
        assert read.equals(expected)
        assert read.schema.metadata[b"suite"] == expected.schema.metadata[b"suite"]
        assert {key: store.result(key)["history"] for key in histories} == histories
    assert refused > 30


def test_columns_have_the_names_that_the_checksum_covers(exported, tmp_path):
    """Not those that pandas notes beside them, where a flipped bit makes another name."""
    whole, damaged = pq.read_table(exported), tmp_path / "damaged.parquet"
    noted = whole.schema.metadata
    other = noted[b"pandas"].replace(b'"name": "train_loss"', b'"name": "train_l0ss"')
    pq.write_table(whole.replace_schema_metadata({**noted, b"pandas": other}), damaged)
    store = RunStore(tmp_path / "damaged")
    for key in import_file(damaged, store).added:
        assert all(epoch["train_loss"] is not None for epoch in store.result(key)["history"])


def signed(exports, about):
    """Return the metadata of a table that says something else of its runs."""
    text = json.dumps(about).encode()
    return {
        **exports.schema.metadata,
        b"suite": text,
        b"suite_sha256": _checksum(exports, text),
    }


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
    metadata = signed(exports, about)
    pq.write_table(exports.replace_schema_metadata(metadata), exported)
    with pytest.raises(UserError, match=f"the run {gone}"):
        import_file(exported, other)
    assert not Path(other.location).exists()


@pytest.mark.parametrize("name", ["source", "fingerprint"])
def test_a_run_whose_data_the_file_does_not_name(exported, other, name):
    exports = pq.read_table(exported)
    about = json.loads(exports.schema.metadata[b"suite"])
    key = sorted(about["runs"])[1]
    del about["runs"][key][name]
    metadata = signed(exports, about)
    pq.write_table(exports.replace_schema_metadata(metadata), exported)
    with pytest.raises(UserError, match=rf"the run {key}.*{name}"):
        import_file(exported, other)
    assert not Path(other.location).exists()


@pytest.mark.parametrize("out", ["a file/runs.parquet", "a folder.parquet"])
def test_a_file_that_cannot_be_written(results, tmp_path, out):
    (tmp_path / "a file").write_text("")
    (tmp_path / "a folder.parquet").mkdir()
    with pytest.raises(UserError, match="cannot be written"):
        export(results, tmp_path / out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a file", "a folder.parquet"]


# ---------------------------------------------------------------- older, cut and odd exports


def rewrite(file, change, about=lambda runs: runs):
    """Change the rows of an exported file, and what it says of its runs."""
    exports = pq.read_table(file)
    said = json.loads(exports.schema.metadata[b"suite"])
    said["runs"] = about(said["runs"])
    changed = pa.Table.from_pandas(change(exports.to_pandas()), preserve_index=False)
    pq.write_table(changed.replace_schema_metadata(signed(changed, said)), file)


@pytest.mark.parametrize("engine", ["sparse", "masked"])
def test_what_0_1_0_exported_is_read(engine, other):
    file = GOLDEN / f"tidy-{engine}.parquet"
    written = pd.read_parquet(file)
    results = table.read(load_study(GOLDEN / "study.yaml"), file)
    assert results.frame["key"].nunique() > 0
    both = written.merge(results.frame, on=["key", "cell", "epoch"], suffixes=("", "_now"))
    assert len(both) == len(results.frame)
    for name in ("train_loss", "test_accuracy", "connections", "connections_1", "theta", "evolved"):
        pd.testing.assert_series_equal(both[name], both[f"{name}_now"], check_names=False)
    for name in ("updates", "pruned", "regrown", "zeta"):
        assert results.frame[name].isna().all()


def test_a_record_of_0_1_0_comes_back_as_it_was(other):
    (file,) = GOLDEN.glob("result-*.json")
    key = file.stem.removeprefix("result-")
    imported = import_file(GOLDEN / "tidy-sparse.parquet", other)
    assert key in imported.added
    payload = json.loads(file.read_bytes().partition(b"\n")[2])
    assert other.result(key)["history"] == payload["history"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in COLUMNS if name not in ("key", "epoch")])
def test_a_table_without_one_of_today_s_columns_is_read(results, exported, name):
    rewrite(exported, lambda frame: frame.drop(columns=name))
    frame = table.read(results.study, exported).frame
    assert len(frame) == len(results.frame)
    rest = [column for column in COLUMNS if not column.startswith(re.sub("_[12]$", "", name))]
    pd.testing.assert_frame_equal(frame[rest], results.frame[rest], check_dtype=False)
    if name in MEASURES and name != "connections":
        default = MEASURES[name].default
        assert frame[name].isna().all() if default is None else frame[name].eq(default).all()


def test_measures_that_one_version_did_not_record_are_no_conflict(made, exported, other):
    def forget(record):
        for epoch in record["history"]:
            for name in ("updates", "pruned", "regrown", "zeta"):
                epoch.pop(name, None)

    key = change(made, other, forget)
    assert import_file(exported, other).known == [key]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["test_loss", "test_accuracy", "connections_1", "seconds"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_not_known(results, exported, name, value):
    def spoil(frame):
        frame[name] = frame[name].astype("float64")
        frame.loc[frame["seed"] == 1, name] = value
        return frame

    rewrite(exported, spoil)
    frame = table.read(results.study, exported).frame
    assert frame.loc[(frame["seed"] == 1) & (frame["cell"] == "set"), name].isna().all()
    assert frame.loc[(frame["seed"] == 2) & (frame["cell"] == "set"), name].notna().all()
    assert frame["key"].nunique() == 6


@pytest.mark.parametrize("keep", [lambda epoch: epoch < 3, lambda epoch: epoch != 2])
def test_a_run_of_which_epochs_are_missing_is_not_done(made, results, exported, other, keep):
    whole = exported.with_name("whole.parquet")
    shutil.copy(exported, whole)
    rewrite(exported, lambda frame: frame[keep(frame["epoch"]) | (frame["seed"] == 2)])
    imported = import_file(exported, other)
    assert (len(imported.added), len(imported.unfinished)) == (3, 3)
    assert imported.unfinished[0] in imported.remarks()[0]
    states = other.states(imported.unfinished)
    assert set(states.values()) == {"missing"}
    assert len(import_file(whole, other).added) == 3
    assert result_files(other) == result_files(made[2])


def test_part_of_a_run_that_a_store_took_for_the_whole_is_replaced(made, exported, other):
    key = change(made, other, lambda record: record["history"].pop())
    assert key in import_file(exported, other).added
    assert len(other.result(key)["history"]) == 3


def test_rows_in_any_order_and_twice_are_the_same_runs(made, exported, other):
    def shuffle(frame):
        return pd.concat([frame, frame]).sample(frac=1, random_state=0)

    rewrite(exported, shuffle)
    import_file(exported, other)
    assert result_files(other) == result_files(made[2])


def test_runs_on_other_images_are_said_to_be_out_of_sight(exported, other):
    other.note_fingerprint("digits", "other digits")
    imported = import_file(exported, other)
    assert len(imported.elsewhere["digits"]) == 6
    (remark,) = imported.remarks()
    assert remark.startswith("6 of these runs had other images than the store knows as digits")


@pytest.mark.parametrize(
    "key", ["../../outside", "/tmp/outside", "", "0123456789abcde", "0123456789ABCDEF", "é" * 16]
)
def test_a_key_that_is_none_never_becomes_a_path(exported, other, tmp_path, key):
    before = sorted(tmp_path.rglob("*"))
    first = sorted(pd.read_parquet(exported)["key"])[0]
    rewrite(
        exported,
        lambda frame: frame.assign(key=frame["key"].replace(first, key)),
        lambda runs: {key if name == first else name: run for name, run in runs.items()},
    )
    with pytest.raises(UserError, match="is not 16 hexadecimal digits"):
        import_file(exported, other)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_csv_file_has_the_rows(results, tmp_path):
    export(results, tmp_path / "runs.csv")
    found = pd.read_csv(tmp_path / "runs.csv", keep_default_na=False, na_values=[""])
    assert list(found.columns) == COLUMNS
    assert found["test_loss"].tolist() == results.frame["test_loss"].tolist()


@pytest.mark.parametrize("name", ["runs.xlsx", "runs.json", "runs"])
def test_no_other_kind_of_file_is_written(results, tmp_path, name):
    with pytest.raises(UserError, match=r"must end in \.parquet"):
        export(results, tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@now", "\t=1"])
def test_no_text_in_a_csv_file_is_a_formula(text):
    shown = as_csv(pd.DataFrame({"name": [text, "a=b"], "value": [-1.5, 2.0]}))
    (first, other) = pd.read_csv(io.StringIO(shown)).to_dict("records")
    assert (first["name"], first["value"]) == (f"'{text}", -1.5)
    assert other["name"] == "a=b"


def test_numbers_in_a_csv_file_have_as_many_digits_as_asked_for():
    shown = as_csv(pd.DataFrame({"value": [0.1 + 0.2, 1e-300]}), digits=8)
    assert shown.split() == ["value", "0.3", "1e-300"]
