"""What a study file can write behind `dataset:`, checked.

A name of `KNOWN`, or a mapping that begins with `parquet`, `npz` or `folder`. This module imports
neither numpy nor torch: settings are checked with it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

NamedSource = Literal["digits", "mnist", "fashion_mnist", "cifar10", "cifar100"]


class Known(NamedTuple):
    """An image set that has a name of its own.

    Attributes:
        title: Its name in reports.
        shape: Height, width and channels of an image.
        classes: Number of classes.
        embedded: Whether it comes with scikit-learn; the others are downloaded by torchvision.
    """

    title: str
    shape: tuple[int, int, int]
    classes: int
    embedded: bool = False


KNOWN: dict[str, Known] = {
    "digits": Known("digits", (8, 8, 1), 10, embedded=True),
    "mnist": Known("MNIST", (28, 28, 1), 10),
    "fashion_mnist": Known("Fashion-MNIST", (28, 28, 1), 10),
    "cifar10": Known("CIFAR-10", (32, 32, 3), 10),
    "cifar100": Known("CIFAR-100", (32, 32, 3), 100),
}


class _Files(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = Field(None, description="The image set's name in reports.")


class ParquetSource(_Files):
    """Parquet files in the layout that image sets have on the Hugging Face Hub."""

    parquet: str | tuple[str, ...] = Field(
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

    npz: str = Field(description="The file, relative to the study file or the data folder.")


class FolderSource(_Files):
    """A folder with train/CLASS/*.png and test/CLASS/*.png (torchvision's ImageFolder layout)."""

    folder: str = Field(description="The folder, relative to the study file or the data folder.")


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
