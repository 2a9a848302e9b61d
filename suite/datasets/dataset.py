"""`DataSet`: what every source becomes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np


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
        fingerprint: What a run's key says of the content. The same images or vectors have the
            same one whatever path they come from; a known set's is another, see `sources.Known`.
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
