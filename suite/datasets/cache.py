"""The cache of data sets that were read from files, under DATA/decoded.

CONTENT is the hash of the content of the files, independent of their place and date:

* CONTENT.npz: what was decoded. It is written whole and then renamed, and checked against its
  fingerprint whenever it is read.
* CONTENT.note: the fingerprint, so that it is known again without decoding anything.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from suite.datasets.dataset import DataSet
from suite.datasets.images import image_set
from suite.datasets.npz import ARRAYS, arrays
from suite.datasets.vectors import feature_set
from suite.errors import UserError
from suite.files import DamagedError, open_place


class Note(BaseModel):
    """What the cache records of a data set.

    Attributes:
        name: Its name, as the user wrote it.
        fingerprint: Its fingerprint.
        shape: Height, width and channels of an image; (features,) of feature vectors.
        classes: Number of classes.
        train: Number of images or rows to train on.
        test: Number to test with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    fingerprint: str
    shape: tuple[int, ...]
    classes: int
    train: int
    test: int


def recall(folder: Path, content: str) -> Note | None:
    """Return the record of files with a content, or None."""
    try:
        payload = open_place(folder).read(f"{content}.note")
        return None if payload is None else Note.model_validate_json(payload)
    except (OSError, DamagedError, ValidationError):
        return None


def remember(folder: Path, content: str, data: DataSet) -> None:
    """Record what files with a content hold; a failure to write only costs time later."""
    note = Note(
        name=data.name,
        fingerprint=data.fingerprint,
        shape=data.shape,
        classes=len(data.classes),
        train=len(data.y_train),
        test=len(data.y_test),
    )
    if recall(folder, content) != note:
        with contextlib.suppress(OSError):
            open_place(folder).write(f"{content}.note", note.model_dump_json().encode())


def notes(folder: Path) -> list[Note]:
    """Return all records sorted by name, each data set once."""
    found = (known for path in folder.glob("*.note") if (known := recall(folder, path.stem)))
    once = {(known.name, known.fingerprint): known for known in found}
    return [known for _, known in sorted(once.items())]


def through(folder: Path, content: str, name: str, decode: Callable[[], DataSet]) -> DataSet:
    """Return decoded images from the cache, or decode and keep them.

    If several processes need the same images at once, only one of them decodes.

    Args:
        folder: The cache.
        content: Hash of the files' content.
        name: The present name of the data set.
        decode: Decodes the files.

    Raises:
        UserError: If `decode` raises it, or the images cannot be kept; no partial file remains.
    """
    path = folder / f"{content}.npz"
    if images := _read(path, name):
        return images
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(
            folder / "decoding.lock"
        ):  # one lock for all: decoding uses every core anyway
            images = _read(path, name)
            if images is None:
                images = decode()
                _write(path, images)
            return images
    except OSError as error:
        raise UserError(
            f"{name}: the decoded images cannot be kept in {folder} ({error.strerror}); make room "
            "there, or choose another data folder with --data."
        ) from None


def _read(path: Path, name: str) -> DataSet | None:
    """Return a cached data set; None if there is none or it has changed."""
    try:
        *parts, classes, fingerprint, notes = arrays(
            path, (*ARRAYS, "classes", "fingerprint", "remarks")
        )
        x_train, y_train, x_test, y_test = parts
        train, test, names = (x_train, y_train), (x_test, y_test), classes.tolist()
        make = image_set if x_train.ndim == 4 else feature_set
        own = tuple(f"{name}: {note}" for note in notes.tolist())
        data = replace(make(name, train, test, names), notes=own)
    except UserError:
        return None
    return data if data.fingerprint == str(fingerprint) else None


def _write(path: Path, images: DataSet) -> None:
    remarks = [note.removeprefix(f"{images.name}: ") for note in images.notes]
    temporary = path.with_suffix(".tmp")  # the lock is held: no other process writes it
    try:
        with temporary.open("wb") as file:
            np.savez(
                file,
                **{key: getattr(images, key) for key in ARRAYS},
                classes=np.array(images.classes),
                fingerprint=np.array(images.fingerprint),
                remarks=np.array(remarks, dtype=str),  # without the name of this reading
            )
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
