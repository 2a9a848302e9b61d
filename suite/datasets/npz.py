"""A numpy archive with x_train, y_train, x_test and y_test."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from suite.datasets.files import File, find
from suite.datasets.images import ImageSet, image_set
from suite.datasets.sources import NpzSource, title
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
        UserError: It is not there.
    """
    return [File("both", find(title(source), source.npz, places)[0])]


def read(source: NpzSource, files: Sequence[File]) -> ImageSet:
    """Return the image set of an archive.

    Raises:
        UserError: The file is truncated or foreign, lacks an array, or the arrays are not images
            and labels.
    """
    x_train, y_train, x_test, y_test = arrays(files[0].path, ARRAYS)
    return image_set(title(source), (x_train, y_train), (x_test, y_test))


def arrays(path: Path, keys: Sequence[str]) -> list[np.ndarray]:
    """Return arrays of an archive, without running any code that may be in it.

    Raises:
        UserError: The file is truncated or foreign, or lacks an array.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [key for key in keys if key not in archive]
            if missing:
                raise UserError(f"{path}: there is no array {missing[0]}.")
            return [archive[key] for key in keys]
    except _BROKEN as error:
        raise UserError(f"{path}: not a whole npz archive of plain arrays ({error}).") from None
