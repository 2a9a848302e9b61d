"""`DataSet`: what every source becomes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from suite.errors import UserError

Standardise = Literal["pixel", "channel", "none"]
"""By which mean and standard deviation: of each pixel, of all pixels of a channel, or by none."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """Images or feature vectors with their labels, read and checked.

    The arrays are read-only and never copied: on a machine they are in memory once, however many
    runs read them.

    Attributes:
        name: What reports call it.
        x_train: To train on: images, uint8 (n, height, width, channels), or feature vectors,
            float32 (n, features).
        y_train: Their labels, int64 (n,), 0 to len(classes) - 1.
        x_test: To test with, likewise (m, ...).
        y_test: Their labels, int64 (m,).
        classes: The classes' names, in the order of the labels.
        fingerprint: Identifies the content in the keys of runs. It is the same for the same images
            or vectors on any path; for that of a known set see `sources.Known`.
        notes: What its reader should know of how it was read, one sentence each.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: tuple[str, ...]
    fingerprint: str
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> Literal["images", "features"]:
        """Whether it has images, which can be warped and looked at, or feature vectors."""
        return "images" if self.x_train.ndim == 4 else "features"

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and channels of an image; (features,) of feature vectors."""
        return tuple(self.x_train.shape[1:])

    @property
    def features(self) -> int:
        """Inputs of a network: height * width * channels of an image."""
        return int(np.prod(self.shape))

    @property
    def rows(self) -> str:
        """What its members are called: images or rows."""
        return "images" if self.kind == "images" else "rows"


ROWS = "rows-"
"""How the fingerprints of feature vectors begin."""


def content(arrays: Sequence[np.ndarray], classes: int) -> str:
    """Return the hash of what a data set holds: 64 hexadecimal digits.

    Args:
        arrays: x_train, y_train, x_test, y_test as a `DataSet` has them.
        classes: Number of classes. Their names decide no result and do not enter.
    """
    digest = hashlib.sha256(f"{classes} classes".encode())
    for array in arrays:
        digest.update(f"{array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def assemble(
    name: str,
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    classes: Sequence[str] | None,
    fingerprint: str | None,
    notes: tuple[str, ...] = (),
) -> DataSet:
    """Check labels and make checked images or feature vectors a data set.

    Args:
        name: What reports and errors call it.
        train: Images or rows to train on, as a `DataSet` has them, and labels, integers (n,) or
            (n, 1).
        test: To test with, likewise.
        classes: The classes' names; default: the numbers up to the largest training label.
        fingerprint: Its fingerprint where it is known; default: the hash of the content.
        notes: As in `DataSet`.

    Raises:
        UserError: A part is empty, counts differ, a label is outside the classes, a class has
            nothing to train on, or there is only one.
    """
    kind = "images" if train[0].ndim == 4 else "rows"
    (x_train, y_train), (x_test, y_test) = (
        _labelled(name, f"{part} {kind}", f"{part} labels", *arrays)
        for part, arrays in (("training", train), ("test", test))
    )
    one = f"training {kind[:-1]}"
    if classes is None:
        classes = _numbered(name, y_train, kind)
    if len(classes) < 2:
        raise UserError(f"{name}: two classes or more are needed; found {len(classes)}.")
    for part, labels in (("training", y_train), ("test", y_test)):
        wrong = labels[(labels < 0) | (labels >= len(classes))]
        if len(wrong):
            raise UserError(
                f"{name}: the {part} {kind} have the label {wrong[0]}, which is outside the "
                f"{len(classes)} classes (0 to {len(classes) - 1})."
            )
    missing = np.flatnonzero(np.bincount(y_train, minlength=len(classes)) == 0)
    if len(missing):
        raise UserError(f"{name}: class {classes[missing[0]]!r} has no {one}.")
    arrays = x_train, y_train, x_test, y_test
    known = fingerprint or ("" if kind == "images" else ROWS) + content(arrays, len(classes))
    return DataSet(name, *arrays, tuple(classes), known, notes)


def _numbered(name: str, y_train: np.ndarray, kind: str) -> list[str]:
    """Name the classes by the numbers up to the largest label, unless one is left out on the way.

    The labels themselves are counted, not the numbers: one absurd label would fill the memory.
    """
    present = np.unique(y_train)
    smallest, largest = int(present[0]), int(present[-1])
    if smallest < 0:
        raise UserError(
            f"{name}: the training {kind} have the label {smallest}; labels count from 0."
        )
    if largest >= len(present):
        missing = np.flatnonzero(present != np.arange(len(present)))[0]
        raise UserError(
            f"{name}: class '{missing}' has no training {kind[:-1]}, though the labels go up to "
            f"{largest}."
        )
    return [str(label) for label in range(largest + 1)]


def _labelled(
    name: str, rows: str, labels: str, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.dtype.kind not in "iu" or y.ndim != 1:
        raise UserError(f"{name}: {labels} are {y.dtype} {y.shape}; one integer each is needed.")
    if len(x) != len(y):
        raise UserError(f"{name}: {len(x)} {rows} but {len(y)} labels.")
    if y.dtype == np.uint64 and (y > np.iinfo(np.int64).max).any():  # it would become negative
        raise UserError(f"{name}: the {rows} have the label {y.max()}; no class has it.")
    if not len(x):
        raise UserError(f"{name}: there are no {rows}.")
    arrays = np.ascontiguousarray(x).view(), np.ascontiguousarray(y, dtype=np.int64).view()
    for array in arrays:
        array.flags.writeable = False
    return arrays
