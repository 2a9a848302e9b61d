"""What a study file can write behind `dataset:`, checked.

A name of `KNOWN`, or a mapping that begins with `parquet`, `npz` or `folder`. This module imports
neither numpy nor torch: settings are checked with it.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

NamedSource = Literal["digits", "mnist", "fashion_mnist", "cifar10", "cifar100"]


class Known(NamedTuple):
    """An image set that has a name of its own.

    Attributes:
        title: Its name in reports.
        shape: Height, width and channels of an image.
        classes: Number of classes.
        images: Numbers of training and test images.
        checksums: MD5 of each archive, as torchvision checks it; none for a set that comes with
            scikit-learn.
        fingerprint: What a run's key says of the content. It is known before the set has been
            downloaded: a hash of the checksums; for an embedded set, of the images.
    """

    title: str
    shape: tuple[int, int, int]
    classes: int
    images: tuple[int, int]
    checksums: tuple[str, ...]
    fingerprint: str


def _downloaded(
    title: str,
    shape: tuple[int, int, int],
    classes: int,
    images: tuple[int, int],
    *checksums: str,
) -> Known:
    fingerprint = hashlib.sha256(" ".join(checksums).encode()).hexdigest()
    return Known(title, shape, classes, images, checksums, fingerprint)


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
    ),
    "cifar10": _downloaded(
        "CIFAR-10", (32, 32, 3), 10, (50_000, 10_000), "c58f30108f718f92721af3b95e74349a"
    ),
    "cifar100": _downloaded(
        "CIFAR-100", (32, 32, 3), 100, (50_000, 10_000), "eb9058c3a382ffc7106e4002c42a8d85"
    ),
}


_Path = Annotated[str, Field(min_length=1)]


class _Files(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = Field(None, description="The image set's name in reports.")


class ParquetSource(_Files):
    """Parquet files in the layout that image sets have on the Hugging Face Hub."""

    parquet: _Path | Annotated[tuple[_Path, ...], Field(min_length=1)] = Field(
        description="Files, folders or glob patterns, relative to the study file or data folder."
    )
    train: str | None = Field(
        None, description="Glob pattern of the training files' names; default: 'train' in the name."
    )
    test: str | None = Field(
        None, description="Glob pattern of the test files' names; default: 'test', else 'val'."
    )
    label: str | None = Field(
        None, description="The label column, where the files have more than one."
    )


class NpzSource(_Files):
    """A numpy archive with x_train, y_train, x_test and y_test (the Keras convention)."""

    npz: _Path = Field(description="The file, relative to the study file or the data folder.")


class FolderSource(_Files):
    """A folder with train/CLASS/*.png and test/CLASS/*.png (torchvision's ImageFolder layout)."""

    folder: _Path = Field(description="The folder, relative to the study file or the data folder.")


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "name"
    for kind in ("parquet", "npz", "folder"):
        if (kind in value) if isinstance(value, dict) else hasattr(value, kind):
            return kind
    return None


Source = Annotated[
    Annotated[NamedSource, Tag("name")]
    | Annotated[ParquetSource, Tag("parquet")]
    | Annotated[NpzSource, Tag("npz")]
    | Annotated[FolderSource, Tag("folder")],
    Discriminator(
        _kind,
        custom_error_type="source",
        custom_error_message=f"a dataset is one of {', '.join(KNOWN)}, or {{parquet: PATH}}, "
        "{npz: FILE} or {folder: DIR}",
    ),
]


def title(source: Source) -> str:
    """Return what reports call an image set: its name, else what its user wrote."""
    if isinstance(source, str):
        return KNOWN[source].title
    if source.name:
        return source.name
    if isinstance(source, ParquetSource):
        return source.parquet if isinstance(source.parquet, str) else ", ".join(source.parquet)
    return source.npz if isinstance(source, NpzSource) else source.folder
