"""A numpy archive with x_train, y_train, x_test and y_test."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from suite.datasets import labels
from suite.datasets.dataset import DataSet
from suite.datasets.files import File, find_one
from suite.datasets.images import image_set
from suite.datasets.sources import NpzSource, title
from suite.datasets.vectors import feature_set
from suite.errors import UserError

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
_BROKEN = (  # what zipfile and numpy raise on broken bytes
    OSError,
    EOFError,
    KeyError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def files(source: NpzSource, places: Iterable[Path]) -> list[File]:
    """Return the archive, which holds training and test images.

    Raises:
        UserError: It is not there, or a folder.
    """
    path = find_one(title(source), source.npz, places)
    if path.is_dir():
        raise UserError(f"{title(source)}: {path} is a folder; npz takes a file.")
    return [File("both", path)]


def read(source: NpzSource, files: Sequence[File], _progress: object = None) -> DataSet:
    """Return the data set of an archive: images, or feature vectors where x is (n, features).

    Raises:
        UserError: The file is truncated or foreign, lacks an array, or the arrays are neither
            images nor feature vectors with labels.
    """
    name = title(source)
    x_train, y_train, x_test, y_test = arrays(files[0].path, ARRAYS)
    if x_train.ndim != 2 or x_test.ndim != 2:
        return image_set(name, (x_train, y_train), (x_test, y_test))
    train_labels, test_labels = _label(name, "y_train", y_train), _label(name, "y_test", y_test)
    found = labels.numbered(name, [train_labels], [test_labels], any_numbers=True)
    notes = (found.note,) if found.note else ()
    train, test = (x_train, found.train), (x_test, found.test)
    return feature_set(name, train, test, found.classes, notes=notes)


def _label(name: str, key: str, y: np.ndarray) -> np.ndarray:
    """Return labels as `labels.as_array` gives them; its errors count rows from 0."""
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1 or y.dtype.kind not in "iufbU":
        raise UserError(
            f"{name}: {key} is {y.dtype} {y.shape}; labels are whole numbers or names, (rows,)."
        )
    y = y.astype(np.float64 if y.dtype.kind == "f" else y.dtype.newbyteorder("="))
    return labels.as_array(f"{name}, {key}", "label", pa.chunked_array([pa.array(y)]))


def arrays(path: Path, keys: Sequence[str]) -> list[np.ndarray]:
    """Return arrays of an archive, without running any code that may be in it.

    Raises:
        UserError: The file is truncated or foreign, or lacks an array.
    """
    try:
        if not zipfile.is_zipfile(path):
            raise _broken(path, "not a zip archive, or cut short")
        with np.load(path, allow_pickle=False) as archive:
            for key in keys:
                if key not in archive:
                    raise UserError(f"{path}: it has no array {key}.")
            return [_array(path, archive, key) for key in keys]
    except _BROKEN as error:
        raise _broken(path, str(error).rstrip(".")) from None


def _array(path: Path, archive: Mapping[str, np.ndarray], key: str) -> np.ndarray:
    try:
        array = archive[key]
    except ValueError as error:
        if "allow_pickle" in str(error):  # numpy's advice, which is none here
            raise _broken(path, f"{key} holds Python objects") from None
        raise
    if not isinstance(array, np.ndarray):  # what is not in numpy's format comes as bytes
        raise _broken(path, f"{key} is not an array")
    return array


def _broken(path: Path, reason: str) -> UserError:
    return UserError(f"{path}: not a whole npz archive of plain arrays ({reason}).")
