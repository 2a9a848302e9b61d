"""A numpy archive with x_train, y_train, x_test and y_test."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from suite.datasets.files import File, find
from suite.datasets.images import ImageSet, image_set
from suite.datasets.sources import NpzSource, title
from suite.errors import UserError

_KEYS = ("x_train", "y_train", "x_test", "y_test")


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
    path = files[0].path
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [key for key in _KEYS if key not in archive]
            if missing:
                raise UserError(f"{path}: there is no array {missing[0]}.")
            x_train, y_train, x_test, y_test = (archive[key] for key in _KEYS)
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{path}: not a whole npz archive of plain arrays ({error}).") from None
    return image_set(title(source), (x_train, y_train), (x_test, y_test))
