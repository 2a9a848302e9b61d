"""Files in the format of MNIST (IDX), checked by their content, compressed or not.

Archives that were compressed again have other checksums but the same content, and MNIST and
Fashion-MNIST share file names and sizes: only the content identifies a set.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from suite.errors import UserError

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


class ForeignError(UserError):
    """A file has other content than the set that it should be of."""


def read(folder: Path, checksums: Sequence[str]) -> list[np.ndarray] | None:
    """Return x_train, y_train, x_test and y_test of a folder, uint8; None if one is not there.

    Args:
        folder: Where the files are, with the suffix .gz or without.
        checksums: MD5 of each uncompressed file, in the order of `NAMES`.

    Raises:
        ForeignError: A file has other content.
        UserError: A file cannot be read.
    """
    found = []
    for name, checksum in zip(NAMES, checksums, strict=True):
        try:
            data = _content(folder / name)
        except OSError as error:
            raise UserError(f"{folder / name} cannot be read ({error.strerror}).") from None
        if data is None:
            return None
        if hashlib.md5(data, usedforsecurity=False).hexdigest() != checksum:
            raise ForeignError(
                f"{folder / name} does not have the content of the set that it names."
            )
        dimensions = data[3]
        shape = np.frombuffer(data, ">u4", dimensions, 4)
        found.append(np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape))
    return found


def _content(path: Path) -> bytes | None:
    """Return what a file or its archive holds, None if there is neither, or half an archive."""
    if path.is_file():
        return path.read_bytes()
    archive = path.with_name(f"{path.name}.gz")
    if not archive.is_file():
        return None
    try:
        with gzip.open(archive) as file:
            return file.read()
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return None
