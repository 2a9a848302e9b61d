"""What a study file can write behind `dataset:`."""

import subprocess
import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from suite.datasets.sources import (
    KNOWN,
    FolderSource,
    NpzSource,
    ParquetSource,
    Source,
    title,
)

SOURCE = TypeAdapter(Source)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("cifar10", "cifar10"),
        ({"parquet": "a/*.parquet"}, ParquetSource(parquet="a/*.parquet")),
        (
            {"parquet": ["a", "b"], "train": "t*", "test": "v*", "name": "x", "label": "fine"},
            ParquetSource(parquet=("a", "b"), train="t*", test="v*", name="x", label="fine"),
        ),
        ({"npz": "a.npz"}, NpzSource(npz="a.npz")),
        ({"folder": "a", "name": "x"}, FolderSource(folder="a", name="x")),
    ],
)
def test_reads_what_a_study_file_writes(written, read):
    source = SOURCE.validate_python(written)
    assert source == read
    assert SOURCE.validate_json(SOURCE.dump_json(source)) == source
    hash(source)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("imagenet", "'digits', 'mnist'"),
        ({"tsv": "a"}, "a dataset is one of digits"),
        (3, "a dataset is one of digits"),
        ({"npz": "a", "train": "b"}, "npz.train"),
        ({"parquet": 3}, "parquet"),
        ({"parquet": ""}, "at least 1 character"),
        ({"parquet": []}, "at least 1 item"),
        ({"parquet": ["a", ""]}, "at least 1 character"),
        ({"npz": ""}, "at least 1 character"),
        ({"folder": ""}, "at least 1 character"),
    ],
)
def test_refuses_anything_else(written, says):
    with pytest.raises(ValidationError, match=says):
        SOURCE.validate_python(written)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("fashion_mnist", "Fashion-MNIST"),
        (ParquetSource(parquet="a/*.parquet"), "a/*.parquet"),
        (ParquetSource(parquet=("a", "b")), "a, b"),
        (ParquetSource(parquet="a", name="CIFAR-10 (JPEG)"), "CIFAR-10 (JPEG)"),
        (NpzSource(npz="my.npz"), "my.npz"),
        (FolderSource(folder="my"), "my"),
    ],
)
def test_is_called_what_its_user_wrote(source, name):
    assert title(source) == name


def test_known_sets_differ_in_their_fingerprints():
    assert len({known.fingerprint for known in KNOWN.values()}) == len(KNOWN)


def test_is_light_to_import():
    heavy = "{'numpy', 'torch', 'pandas', 'pyarrow', 'numba'}"
    code = f"import sys, suite.datasets.sources; print({heavy} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"
