"""What a study file can write behind `dataset:`, checked.

A name of `KNOWN`, or a mapping that begins with `parquet`, `csv`, `npz` or `folder`. This module
does not import numpy or torch, because settings are checked with it.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

NamedSource = Literal[
    "digits", "mnist", "fashion_mnist", "cifar10", "cifar100", "breast_cancer", "wine"
]


class Known(NamedTuple):
    """A named data set.

    Attributes:
        title: Its name in reports.
        shape: Height, width and channels of an image; (features,) of feature vectors.
        classes: Number of classes.
        images: Numbers of images or rows to train on and to test with.
        checksums: MD5 of each archive, as torchvision checks it; none for a set that comes with
            scikit-learn.
        fingerprint: Identifies the content in the keys of runs. It is known before the set has been
            downloaded: a hash of the checksums; for an embedded set, of the images or rows.
        contents: MD5 of each uncompressed file, for sets in MNIST's format.
    """

    title: str
    shape: tuple[int, ...]
    classes: int
    images: tuple[int, int]
    checksums: tuple[str, ...]
    fingerprint: str
    contents: tuple[str, ...] = ()


def _downloaded(
    title: str,
    shape: tuple[int, int, int],
    classes: int,
    images: tuple[int, int],
    *checksums: str,
    contents: tuple[str, ...] = (),
) -> Known:
    fingerprint = hashlib.sha256(" ".join(checksums).encode()).hexdigest()
    return Known(title, shape, classes, images, checksums, fingerprint, contents)


KNOWN: dict[str, Known] = {
    "digits": Known(
        "digits",
        (8, 8, 1),
        10,
        (1442, 355),
        (),
        "08bbbc724d3a2233904e05c31a38529d90ec567ba842673e000dcda4b46ca337",
    ),
    "mnist": _downloaded(
        "MNIST",
        (28, 28, 1),
        10,
        (60_000, 10_000),
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
        contents=(
            "6bbc9ace898e44ae57da46a324031adb",
            "a25bea736e30d166cdddb491f175f624",
            "2646ac647ad5339dbf082846283269ea",
            "27ae3e4e09519cfbb04c329615203637",
        ),
    ),
    "fashion_mnist": _downloaded(
        "Fashion-MNIST",
        (28, 28, 1),
        10,
        (60_000, 10_000),
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
        contents=(
            "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            "9018921c3c673c538a1fc5bad174d6f9",
            "8181f5470baa50b63fa0f6fddb340f0a",
            "15d484375f8d13e6eb1aabb0c3f46965",
        ),
    ),
    "cifar10": _downloaded(
        "CIFAR-10", (32, 32, 3), 10, (50_000, 10_000), "c58f30108f718f92721af3b95e74349a"
    ),
    "cifar100": _downloaded(
        "CIFAR-100", (32, 32, 3), 100, (50_000, 10_000), "eb9058c3a382ffc7106e4002c42a8d85"
    ),
    "breast_cancer": Known(
        "breast cancer",
        (30,),
        2,
        (456, 113),
        (),
        "rows-e2132df8ba5db4151376532cd2b8f03ce05c819bfe304f3f4c160286cec54ecf",
    ),
    "wine": Known(
        "wine",
        (13,),
        3,
        (144, 34),
        (),
        "rows-4d570c616764733b5bfafa387ed20a2de9e03b20e439ca90c87c2dc2b2f48509",
    ),
}


_Path = Annotated[str, Field(min_length=1)]


class _Files(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str | None = Field(None, description="The data set's name in reports.")


_TRAIN = "Glob pattern of the training files' names; default: 'train' in the name."
_TEST = (
    "Glob pattern of the test files' names; default: 'test', else 'val'. Or the share of the rows "
    "to test with, e.g. 0.2: evenly spread in each class, in the files' order."
)
_FILES = "Files, folders or glob patterns, relative to the study file or data folder."
_Paths = _Path | Annotated[tuple[_Path, ...], Field(min_length=1, strict=False)]
_Share = Annotated[float, Field(gt=0, lt=1)]


class ParquetSource(_Files):
    """Parquet files: images as the Hugging Face Hub has them, or a table of features."""

    parquet: _Paths = Field(description=_FILES)
    train: _Path | None = Field(None, description=_TRAIN)
    test: _Share | _Path | None = Field(None, description=_TEST)
    image: str | None = Field(
        None, description="The column of images, where the files have more than one."
    )
    label: str | None = Field(
        None, description="The label column, where the files have more than one."
    )


class CsvSource(_Files):
    """CSV files: a table with a column of labels; every other column is a feature."""

    csv: _Paths = Field(description=_FILES)
    train: _Path | None = Field(None, description=_TRAIN)
    test: _Share | _Path | None = Field(None, description=_TEST)
    label: str | int | None = Field(
        None, description="The label column; default: label, target or class."
    )


class NpzSource(_Files):
    """A numpy archive with x_train, y_train, x_test and y_test: images or feature vectors."""

    npz: _Path = Field(description="The file, relative to the study file or the data folder.")


class FolderSource(_Files):
    """A folder with train/CLASS/*.png and test/CLASS/*.png (torchvision's ImageFolder layout)."""

    folder: _Path = Field(description="The folder, relative to the study file or the data folder.")


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "name"
    for kind in ("parquet", "csv", "npz", "folder"):
        if (kind in value) if isinstance(value, dict) else hasattr(value, kind):
            return kind
    return None


Source = Annotated[
    Annotated[NamedSource, Tag("name")]
    | Annotated[ParquetSource, Tag("parquet")]
    | Annotated[CsvSource, Tag("csv")]
    | Annotated[NpzSource, Tag("npz")]
    | Annotated[FolderSource, Tag("folder")],
    Discriminator(
        _kind,
        custom_error_type="source",
        custom_error_message=f"a dataset is one of {', '.join(KNOWN)}, or {{parquet: PATH}}, "
        "{csv: PATH}, {npz: FILE} or {folder: DIR}",
    ),
]


def has_features(source: Any) -> bool | None:
    """Return whether a source has feature vectors, not images; None if it must be read first.

    Args:
        source: As a study file writes it, checked or not.
    """
    kind = _kind(source)
    if kind == "name":
        return source in KNOWN and len(KNOWN[source].shape) == 1
    return None if kind in ("parquet", "npz") else kind == "csv"


def title(source: Source) -> str:
    """Return the name of a data set in reports: its name, else what the user wrote."""
    if isinstance(source, str):
        return KNOWN[source].title
    if source.name:
        return source.name
    if isinstance(source, ParquetSource | CsvSource):
        written = source.parquet if isinstance(source, ParquetSource) else source.csv
        return written if isinstance(written, str) else ", ".join(written)
    return source.npz if isinstance(source, NpzSource) else source.folder
