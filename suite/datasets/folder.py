"""A folder with train/CLASS/*.png and test/CLASS/*.png: torchvision's ImageFolder layout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from suite.datasets.dataset import DataSet
from suite.datasets.decoding import Encoded, Progress, data_set
from suite.datasets.files import File, find
from suite.datasets.sources import FolderSource, title
from suite.errors import UserError

_SUFFIXES = {".png", ".jpg", ".jpeg"}
_TEST_NAMES = ("test", "val", "validation", "valid")


def files(source: FolderSource, places: Iterable[Path]) -> list[File]:
    """Return the images' files: train, then test; class by class; sorted by path.

    Raises:
        UserError: There is no such folder, or a part of it is missing or empty.
    """
    name = title(source)
    root = find(name, source.folder, places)[0]
    test = next((part for part in _TEST_NAMES if (root / part).is_dir()), "test")
    found: list[File] = []
    for role, part in (("train", root / "train"), ("test", root / test)):
        before = len(found)
        if part.is_dir():
            for folder in sorted(path for path in part.iterdir() if path.is_dir()):
                paths = (path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
                found += [File(f"{role}/{folder.name}", path) for path in sorted(paths)]
        if len(found) == before:
            raise UserError(f"{name}: there is no image {part}/CLASS/*.png (or jpg).")
    return found


def read(source: FolderSource, files: Sequence[File], progress: Progress | None = None) -> DataSet:
    """Return the decoded images and their labels: the classes' places in alphabetical order.

    Raises:
        UserError: A class has test images only.
    """
    roles = [role.partition("/") for role, _ in files]
    classes = sorted({name for part, _, name in roles if part == "train"})
    number = {name: label for label, name in enumerate(classes)}
    for part, _, name in roles:
        if name not in number:
            raise UserError(
                f"{title(source)}: class {name!r} has {part} images but no training image."
            )
    labels = np.array([number[name] for _, _, name in roles])
    train = np.array([part == "train" for part, _, _ in roles])
    images: list[tuple[str, bytes | str]] = [(str(path), str(path)) for _, path in files]
    encoded = Encoded(images, labels[train], labels[~train], classes)
    return data_set(title(source), encoded, progress)
