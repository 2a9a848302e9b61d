"""Images and labels, checked, become a data set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from suite.datasets.dataset import DataSet, content
from suite.errors import UserError


def image_set(
    name: str,
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    classes: Sequence[str] | None = None,
    fingerprint: str | None = None,
) -> DataSet:
    """Check images and labels and make them an image set.

    Args:
        name: What reports and errors call it.
        train: Training images, uint8 (n, height, width, channels) or (n, height, width), and
            their labels, integers (n,) or (n, 1).
        test: Test images and labels, likewise.
        classes: The classes' names; default: the numbers up to the largest training label.
        fingerprint: Its fingerprint where it is known; default: the hash of the content.

    Raises:
        UserError: A part is empty, sizes or counts differ, images are not uint8 or smaller than
            2x2, a label is outside the classes, a class has no training image, or there is but one.
    """
    (x_train, y_train), (x_test, y_test) = (
        _part(name, part, *arrays) for part, arrays in (("training", train), ("test", test))
    )
    if x_train.shape[1:] != x_test.shape[1:]:
        raise UserError(
            f"{name}: training images are {_size(x_train)}, test images {_size(x_test)}; "
            "all images must have one size."
        )
    if classes is None:
        classes = _numbered(name, y_train)
    if len(classes) < 2:
        raise UserError(f"{name}: two classes or more are needed; found {len(classes)}.")
    for part, labels in (("training", y_train), ("test", y_test)):
        wrong = labels[(labels < 0) | (labels >= len(classes))]
        if len(wrong):
            raise UserError(
                f"{name}: the {part} images have the label {wrong[0]}, which is outside the "
                f"{len(classes)} classes (0 to {len(classes) - 1})."
            )
    missing = np.flatnonzero(np.bincount(y_train, minlength=len(classes)) == 0)
    if len(missing):
        raise UserError(f"{name}: class {classes[missing[0]]!r} has no training image.")
    parts = x_train, y_train, x_test, y_test
    return DataSet(
        name, *parts, tuple(classes), fingerprint or content(parts, classes=len(classes))
    )


def _numbered(name: str, y_train: np.ndarray) -> list[str]:
    """Name the classes by the numbers up to the largest label, unless one is left out on the way.

    The labels themselves are counted, not the numbers: one absurd label would fill the memory.
    """
    present = np.unique(y_train)
    smallest, largest = int(present[0]), int(present[-1])
    if smallest < 0:
        raise UserError(
            f"{name}: the training images have the label {smallest}; labels count from 0."
        )
    if largest >= len(present):
        missing = np.flatnonzero(present != np.arange(len(present)))[0]
        raise UserError(
            f"{name}: class '{missing}' has no training image, though the labels go up to "
            f"{largest}."
        )
    return [str(label) for label in range(largest + 1)]


def _part(name: str, part: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if x.dtype != np.uint8 or x.ndim not in (3, 4) or (x.ndim == 4 and x.shape[3] not in (1, 3)):
        raise UserError(
            f"{name}: {part} images are {x.dtype} {x.shape}; they must be uint8 "
            "(images, height, width) or (images, height, width, 1 or 3 channels)."
        )
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.dtype.kind not in "iu" or y.ndim != 1:
        raise UserError(f"{name}: {part} labels are {y.dtype} {y.shape}; one integer an image.")
    if len(x) != len(y):
        raise UserError(f"{name}: {len(x)} {part} images but {len(y)} labels.")
    if y.dtype == np.uint64 and (y > np.iinfo(np.int64).max).any():  # it would become negative
        raise UserError(f"{name}: the {part} images have the label {y.max()}; no class has it.")
    if not len(x):
        raise UserError(f"{name}: there are no {part} images.")
    if min(x.shape[1:3]) < 2:
        raise UserError(f"{name}: {part} images are {x.shape}; at least 2x2 pixels are needed.")
    x = x if x.ndim == 4 else x[..., np.newaxis]
    arrays = np.ascontiguousarray(x).view(), np.ascontiguousarray(y, dtype=np.int64).view()
    for array in arrays:
        array.flags.writeable = False
    return arrays


def _size(x: np.ndarray) -> str:
    height, width, channels = x.shape[1:]
    return f"{width}x{height} {'grey' if channels == 1 else 'RGB'}"
