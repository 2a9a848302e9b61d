"""Checks images and labels and builds a data set of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from suite.datasets.dataset import DataSet, assemble
from suite.errors import UserError


def image_set(
    name: str,
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    classes: Sequence[str] | None = None,
    fingerprint: str | None = None,
) -> DataSet:
    """Check images and labels and make them a data set.

    Args:
        name: Its name in reports and errors.
        train: Training images, uint8 (n, height, width, channels) or (n, height, width), and
            their labels, integers (n,) or (n, 1).
        test: Test images and labels, likewise.
        classes: The classes' names; default: the numbers up to the largest training label.
        fingerprint: Its fingerprint where it is known; default: the hash of the content.

    Raises:
        UserError: A part is empty, sizes or counts differ, images are not uint8 or smaller than
            2x2, a label is outside the classes, a class has no training image, or only one has.
    """
    (x_train, y_train), (x_test, y_test) = (
        _part(name, part, *arrays) for part, arrays in (("training", train), ("test", test))
    )
    if x_train.shape[1:] != x_test.shape[1:]:
        raise UserError(
            f"{name}: training images are {_size(x_train)}, test images {_size(x_test)}; "
            "all images must have one size."
        )
    return assemble(name, (x_train, y_train), (x_test, y_test), classes, fingerprint)


def _part(name: str, part: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if x.dtype != np.uint8 or x.ndim not in (3, 4) or (x.ndim == 4 and x.shape[3] not in (1, 3)):
        raise UserError(
            f"{name}: {part} images are {x.dtype} {x.shape}; they must be uint8 "
            "(images, height, width) or (images, height, width, 1 or 3 channels)."
        )
    if len(x) and min(x.shape[1:3]) < 2:
        raise UserError(f"{name}: {part} images are {x.shape}; at least 2x2 pixels are needed.")
    return (x if x.ndim == 4 else x[..., np.newaxis]), y


def _size(x: np.ndarray) -> str:
    height, width, channels = x.shape[1:]
    return f"{width}x{height} {'grey' if channels == 1 else 'RGB'}"
