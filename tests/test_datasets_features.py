"""Feature vectors: from archives, Parquet and CSV files, and those that come with scikit-learn."""

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError
from sklearn.datasets import load_wine

from suite.datasets.batches import Batches
from suite.datasets.loading import fingerprint, load
from suite.datasets.sheet import contact_sheet
from suite.datasets.sources import KNOWN, CsvSource, NpzSource, ParquetSource
from suite.datasets.splits import Split, split
from suite.errors import UserError
from suite.settings import Settings
from suite.study.runs import Run
from suite.training.train import check_fits, train

COLUMNS = ["age", "weight", "constant"]


def frame(n: int = 60, seed: int = 1) -> pd.DataFrame:
    """Rows of three features, one of which never changes, and labels that are names."""
    rng = np.random.default_rng(seed)
    made = pd.DataFrame(rng.normal(50, 20, (n, 3)), columns=COLUMNS).assign(constant=7.0)
    return made.assign(label=[["ill", "well"][i % 2] for i in range(n)])


def csv(folder, made=None, **options) -> CsvSource:
    (frame() if made is None else made).to_csv(folder / "all.csv", index=False)
    return CsvSource(csv=str(folder / "all.csv"), name="mine", **{"test": 0.2, **options})


def refused(source, says, data) -> None:
    with pytest.raises(UserError, match=says) as error:
        load(source, data)
    assert len(error.value.sentences) == 1 and str(error.value).endswith(".")


def test_the_same_rows_are_one_data_set_whatever_the_file(tmp_path):
    made = frame()
    test = np.isin(np.arange(60) // 2 % 5, [4])
    x, y = made[COLUMNS].to_numpy(np.float32), np.arange(60) % 2
    np.savez(tmp_path / "a.npz", x_train=x[~test], y_train=y[~test], x_test=x[test], y_test=y[test])
    made.to_parquet(tmp_path / "all.parquet")
    sources = [
        NpzSource(npz=str(tmp_path / "a.npz")),
        ParquetSource(parquet=str(tmp_path / "all.parquet"), test=0.2),
        csv(tmp_path),
    ]
    for source in sources:
        data = load(source, tmp_path / "data")
        assert (data.kind, data.shape, data.features, data.rows) == ("features", (3,), 3, "rows")
        assert data.x_train.dtype == np.float32 and not data.x_train.flags.writeable
        np.testing.assert_array_equal(data.x_train, x[~test])
        np.testing.assert_array_equal(data.y_test, y[test])
        again = load(source, tmp_path / "data")
        assert (again.classes, again.notes) == (data.classes, data.notes)
    assert data.classes == ("ill", "well")
    assert len({fingerprint(source, tmp_path / "data") for source in sources}) == 1


def test_features_are_standardised_by_what_is_trained_on(tmp_path):
    data = load(csv(tmp_path), tmp_path / "data")
    chosen = np.arange(0, len(data.y_train), 2)
    batches = Batches(data, Split(chosen, "test"))
    batch = batches.training(chosen, np.zeros((len(chosen), 4), np.float32)).numpy()
    assert batch.shape == (3, len(chosen)) and batch.dtype == np.float32
    expected = data.x_train[chosen].astype(float)
    expected = (expected - expected.mean(axis=0)) / np.maximum(expected.std(axis=0), 1e-30)
    np.testing.assert_allclose(batch.T, expected, atol=1e-5)
    assert (batch[2] == 0).all()
    ((x,), _), *_ = batches.evaluation("test")
    assert x.shape == (3, len(data.y_test))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.assign(age=f.age.where(f.index != 3)), "row 3: the value of age is missing"),
        (lambda f: f.assign(age=1e300), "the value of age is 1e\\+300, which is not finite"),
        (lambda f: f.assign(weight="heavy"), "column weight is string; features are numbers"),
        (lambda f: f.assign(label=""), "the label is missing"),
        (lambda f: f.rename(columns={"label": "outcome"}), "label: COLUMN"),
        (lambda f: f.assign(label=0.5), "column label has 0.5"),
        (lambda f: f[["label"]], "two columns"),
        (lambda f: f.rename(columns={"age": ""}), "no name"),
        (lambda f: f[[]], "is empty"),
    ],
)
def test_tables_that_are_no_features_get_one_sentence(tmp_path, change, says):
    refused(csv(tmp_path, change(frame())), says, tmp_path / "data")


def test_missing_values_of_archives_and_parquet_are_refused(tmp_path):
    made = frame()
    made.loc[5, "weight"] = np.nan
    made.to_parquet(tmp_path / "all.parquet")
    source = ParquetSource(parquet=str(tmp_path / "all.parquet"), test=0.2)
    refused(source, "row 5: the value of weight is missing", tmp_path / "data")
    x, y = made[COLUMNS].to_numpy(), np.arange(60) % 2
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    refused(NpzSource(npz=str(tmp_path / "a.npz")), "row 5: the value of feature 2", tmp_path)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (np.where(np.arange(60) == 7, np.nan, np.arange(60) % 2), "y_train: column label has nan"),
        (np.arange(60) % 2 + 0.5, "y_train: column label has 0.5"),
        (np.array([b"a", b"b"] * 30), r"y_train is \|S1 \(60,\); labels are"),
        (np.array(3), r"y_train is int64 \(\); labels are"),
        (np.zeros(60, dtype=[("a", int)]), "y_train is .*; labels are"),
    ],
)
def test_labels_of_an_archive_are_whole_numbers_or_names(tmp_path, labels, says):
    x = frame()[COLUMNS].to_numpy()
    np.savez(tmp_path / "a.npz", x_train=x, y_train=labels, x_test=x, y_test=np.arange(60) % 2)
    refused(NpzSource(npz=str(tmp_path / "a.npz")), says, tmp_path)


def test_a_file_without_a_line_of_names_loses_no_row(tmp_path):
    frame().to_csv(tmp_path / "all.csv", index=False, header=False)
    data = load(CsvSource(csv=str(tmp_path / "all.csv"), label=4, test=0.2), tmp_path / "data")
    assert len(data.y_train) + len(data.y_test) == 60 and data.classes == ("ill", "well")


@pytest.mark.parametrize("pattern", ["{}/**/*.{}", "{}/**", "{}"])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_hidden_copy_is_not_trained_on(tmp_path, pattern, kind):
    """As Jupyter makes one: its rows would be in both parts."""
    folder = tmp_path / "mine"
    (folder / ".ipynb_checkpoints").mkdir(parents=True)
    (folder / "README.md").write_text("read me\n")
    for path in (folder / "all", folder / ".ipynb_checkpoints" / "all-checkpoint"):
        made = frame()
        if kind == "csv":
            made.to_csv(f"{path}.csv", index=False)
        else:
            made.to_parquet(f"{path}.parquet")
    source = CsvSource if kind == "csv" else ParquetSource
    written = pattern.format(folder, kind)
    data = load(source(**{kind: written}, test=0.2), tmp_path / "data")
    assert len(data.y_train) + len(data.y_test) == 60
    named = f"{folder}/.ipynb*/*.{kind}"
    data = load(source(**{kind: named}, test=0.2), tmp_path / "data")
    assert len(data.y_train) + len(data.y_test) == 60


@pytest.mark.parametrize("missing", ["NA", "nan", "null", ""])
def test_a_missing_label_is_no_class_unless_it_stands_in_quotes(tmp_path, missing):
    path = tmp_path / "all.csv"
    path.write_text(f"a,label\n1,cat\n2,{missing}\n3,cat\n4,dog\n")
    refused(CsvSource(csv=str(path), test=0.5), "row 1: the label is missing", tmp_path / "data")
    if missing:
        path.write_text(f'a,label\n1,cat\n2,"{missing}"\n3,cat\n4,"{missing}"\n')
        data = load(CsvSource(csv=str(path), test=0.5), tmp_path / "data")
        assert set(data.classes) == {"cat", missing}


@pytest.mark.parametrize(
    ("head", "label"),
    [
        ('"x, m","y, m",label', "label"),
        ('"a;b;c;d",e,label', "label"),
        ('"say ""so""",b,label', "label"),
        ("0_0,0_1,label", "label"),
    ],
)
def test_a_line_of_names_may_have_quotes_and_numbers_with_underscores(tmp_path, head, label):
    path = tmp_path / "all.csv"
    path.write_text("\n".join([head, *(f"{i},{i * i},{i % 2}" for i in range(20))]) + "\n")
    data = load(CsvSource(csv=str(path), test=0.25, label=label), tmp_path / "data")
    assert (data.features, len(data.y_train) + len(data.y_test)) == (2, 20)


def test_a_column_of_labels_that_cannot_be_read_is_not_passed_over(tmp_path):
    made = {
        "age": [i % 3 for i in range(20)],
        "size": [1.5] * 20,
        "label": [Decimal(i % 2) for i in range(20)],
    }
    pq.write_table(pa.table(made), tmp_path / "all.parquet")
    source = ParquetSource(parquet=str(tmp_path / "all.parquet"), test=0.2)
    refused(source, "column label is decimal.*label: COLUMN", tmp_path / "data")
    data = load(source.model_copy(update={"label": "age", "test": 0.2}), tmp_path / "data")
    assert data.features == 2


def test_a_feature_that_float32_would_make_constant_is_refused(tmp_path):
    made = frame().assign(weight=1_700_000_000 + np.arange(60) % 3)
    refused(csv(tmp_path, made), "weight differ, and in float32 all of them are", tmp_path / "d")
    made["weight"] -= 1_700_000_000
    assert load(csv(tmp_path, made), tmp_path / "data").features == 3


def test_what_was_cached_under_another_name_is_told_under_this_one(tmp_path):
    source = csv(tmp_path)
    for name in ("First", "Second"):
        data = load(source.model_copy(update={"name": name}), tmp_path / "data")
        assert data.name == name and data.notes
        assert all(note.startswith(f"{name}: ") for note in data.notes)


@pytest.mark.parametrize(
    ("ends", "says"), [("\r", ""), ("\n", ""), (f"{'a' * 200_000}\n", "not a complete CSV file")]
)
def test_lines_may_end_as_on_any_machine(tmp_path, ends, says):
    path = tmp_path / "all.csv"
    path.write_bytes(frame().to_csv(index=False).replace("\n", ends).encode())
    source = CsvSource(csv=str(path), test=0.2)
    if says:
        refused(source, says, tmp_path / "data")
    else:
        assert load(source, tmp_path / "data").features == 3


@pytest.mark.parametrize(("labels", "says"), [([0, 2], "'dog' has no"), ([-1, 1], "label -1")])
def test_a_table_s_known_classes_are_kept(tmp_path, labels, says):
    names = {
        "info": {"features": {"label": {"_type": "ClassLabel", "names": ["cat", "dog", "fox"]}}}
    }
    fields = [("a", pa.float64()), ("label", pa.int64())]
    schema = pa.schema(fields, metadata={"huggingface": json.dumps(names)})
    rows = {"a": np.arange(12.0), "label": labels * 6}
    pq.write_table(pa.table(rows, schema=schema), tmp_path / "all.parquet")
    refused(ParquetSource(parquet=str(tmp_path / "all.parquet"), test=0.5), says, tmp_path / "d")


def test_labels_of_a_table_are_any_numbers_and_an_index_is_no_feature(tmp_path):
    made = frame().assign(label=[-1, 1] * 30).sample(frac=1, random_state=1)  # keeps its index
    made.to_parquet(tmp_path / "all.parquet")
    data = load(ParquetSource(parquet=str(tmp_path / "all.parquet"), test=0.2), tmp_path / "data")
    assert data.classes == ("-1", "1") and data.features == 3
    assert any("sorted distinct labels" in note for note in data.notes)


def test_a_class_that_is_only_tested_is_refused(tmp_path):
    frame().to_csv(tmp_path / "train.csv", index=False)
    frame().assign(label="odd").to_csv(tmp_path / "test.csv", index=False)
    refused(CsvSource(csv=str(tmp_path)), "class 'odd' has test rows but", tmp_path / "data")


@pytest.mark.parametrize("name", ["breast_cancer", "wine"])
def test_the_embedded_tables_are_what_is_known_of_them(name, tmp_path):
    data, known = load(name, tmp_path), KNOWN[name]
    assert data.fingerprint == known.fingerprint == fingerprint(name, tmp_path)
    assert (data.shape, len(data.classes)) == (known.shape, known.classes)
    assert (len(data.y_train), len(data.y_test)) == known.images


def test_embedded_rows_are_scikit_learns(tmp_path):
    data, theirs = load("wine", tmp_path), load_wine()
    rows = np.concatenate([data.x_train, data.x_test])
    assert sorted(map(tuple, rows)) == sorted(map(tuple, theirs.data.astype(np.float32)))


def test_warping_features_is_a_mistake_only_where_it_is_asked_for(tmp_path):
    assert Settings(dataset="wine", epsilon=2).augment is False
    assert Settings(dataset={"csv": "a.csv"}, epsilon=2).augment is False
    assert Settings(dataset="digits", epsilon=2).augment is True
    for dataset in ("wine", {"csv": "a.csv"}):
        with pytest.raises(ValidationError, match="feature vectors"):
            Settings(dataset=dataset, epsilon=2, augment=True)
    frame().to_parquet(tmp_path / "all.parquet")
    source = {"parquet": str(tmp_path / "all.parquet"), "test": 0.2}
    given = {"dataset": source, "hidden": (8,), "epsilon": 2, "batch_size": 10, "epochs": 1}
    data = load(ParquetSource(**source), tmp_path / "data")
    check_fits(Settings(**given), data)
    with pytest.raises(UserError, match=r"augment: .* has feature vectors"):
        check_fits(Settings(**given, augment=True), data)


def test_leaving_out_to_warp_features_is_the_same_as_saying_no(tmp_path):
    frame().to_parquet(tmp_path / "all.parquet")
    source = {"parquet": str(tmp_path / "all.parquet"), "test": 0.2}
    known = fingerprint(ParquetSource(**source), tmp_path / "data")
    given = {"dataset": source, "hidden": (8,), "epsilon": 2}
    left_out, said = Settings(**given), Settings(**given, augment=False)
    assert Run("set", left_out, 1, known).key == Run("set", said, 1, known).key
    images = "0" * 64
    assert Run("set", left_out, 1, images).key != Run("set", said, 1, images).key


def test_a_network_learns_a_table(tmp_path):
    settings = Settings(
        dataset="wine", hidden=(30,), epsilon=4, epochs=15, batch_size=12, learning_rate=0.05
    )
    history = train(settings, 1, load("wine", tmp_path)).history
    assert history[-1]["test_accuracy"] > 0.85


def test_rows_are_held_out_and_cannot_be_drawn(tmp_path):
    data = load("wine", tmp_path)
    parts = split(data, 0.25)
    assert len(parts.validation) == 36 and len(parts.train) == 108
    with pytest.raises(UserError, match="144 training rows"):
        split(data, "test", 1000)
    with pytest.raises(UserError, match="no images to draw"):
        contact_sheet(data)


@pytest.mark.parametrize("layout", ["csv", "parquet"])
def test_names_in_one_file_and_numbers_in_another_are_refused_however_they_are_split(
    tmp_path, layout
):
    write = {"csv": lambda f, p: f.to_csv(p, index=False), "parquet": pd.DataFrame.to_parquet}
    write[layout](frame().assign(label=[0, 1] * 30), tmp_path / f"train.{layout}")
    write[layout](frame(), tmp_path / f"test.{layout}")
    kind = {"csv": CsvSource, "parquet": ParquetSource}[layout]
    for split_by in ({"test": 0.2}, {}):
        source = kind(**{layout: f"{tmp_path}/*.{layout}"}, name="mine", **split_by)
        refused(source, "names in some files and numbers in others", tmp_path)


def test_signed_and_unsigned_labels_are_the_same_numbers(tmp_path):
    for name, kind in (("a", "uint64"), ("b", "int64")):
        labels = np.array([0, 1] * 30).astype(kind)
        frame().assign(label=labels).to_parquet(tmp_path / f"{name}.parquet")
    data = load(ParquetSource(parquet=f"{tmp_path}/*.parquet", test=0.2, name="mine"), tmp_path)
    assert sorted(set(data.y_train.tolist())) == [0, 1]


@pytest.mark.parametrize("layout", ["csv", "parquet"])
def test_no_file_to_divide_is_one_sentence(tmp_path, layout):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("nothing")
    kind = {"csv": CsvSource, "parquet": ParquetSource}[layout]
    source = kind(**{layout: str(tmp_path / "folder")}, name="mine", test=0.2)
    refused(source, "which files are for train", tmp_path)


@pytest.mark.parametrize("kind", [">i4", ">i8", ">f8", np.longdouble, "f4", "?"])
def test_labels_of_an_archive_in_any_byte_order(tmp_path, kind):
    x, y = frame()[COLUMNS].to_numpy(np.float32), (np.arange(60) % 2).astype(kind)
    np.savez(tmp_path / "a.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    data = load(NpzSource(npz=str(tmp_path / "a.npz")), tmp_path / "data")
    assert data.y_train.tolist() == (np.arange(40) % 2).tolist()


def test_two_columns_of_one_name_are_one_sentence(tmp_path):
    columns = [pa.array([1.0, 2.0] * 20), pa.array([3.0, 4.0] * 20), pa.array([0, 1] * 20)]
    pq.write_table(pa.table(columns, names=["a", "a", "label"]), tmp_path / "all.parquet")
    source = ParquetSource(parquet=str(tmp_path / "all.parquet"), name="mine", test=0.2)
    refused(source, "two columns are called a", tmp_path)
