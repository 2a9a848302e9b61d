"""A folder with train/CLASS/*.png and test/CLASS/*.png: torchvision's ImageFolder layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from suite.datasets.dataset import DataSet
from suite.datasets.decoding import SUFFIXES, UNREADABLE, Encoded, Progress, data_set
from suite.datasets.files import File, find_one, walk
from suite.datasets.sources import FolderSource, title
from suite.errors import UserError

_TEST_NAMES = ("test", "val", "validation", "valid")


def files(source: FolderSource, places: Iterable[Path]) -> list[File]:
    """Return the images' files: train, then test; class by class; sorted by path.

    Raises:
        UserError: The folder or a part of it is missing, a class has no image, or an
            image is of a kind that cannot be read.
    """
    return _look(source, places)[0]


def skipped(source: FolderSource, places: Iterable[Path]) -> str:
    """Return one sentence that counts what is in the folder but not read, or ""."""
    others = _look(source, places)[1]
    if not others:
        return ""
    kinds = Counter(_why(path) for path in others)
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return f"{title(source)}: {len(others)} files or folders in it are not read ({counted})."


def _why(path: Path) -> str:
    """Return why a file or folder is not read."""
    if path.name.startswith("."):
        return "hidden"
    return "in no class folder" if path.suffix.lower() in SUFFIXES else "not an image"


def _look(source: FolderSource, places: Iterable[Path]) -> tuple[list[File], list[Path]]:
    name = title(source)
    root = find_one(name, source.folder, places)
    test = next((part for part in _TEST_NAMES if (root / part).is_dir()), "test")
    found: list[File] = []
    others: list[Path] = []
    for role, part in (("train", root / "train"), ("test", root / test)):
        before = len(found)
        for folder in sorted(part.iterdir()) if part.is_dir() else []:
            if folder.name.startswith(".") or not folder.is_dir():
                others.append(folder)
                continue
            paths, hidden = walk(folder)
            images = [path for path in paths if path.suffix.lower() in SUFFIXES]
            rest = [path for path in paths if path.suffix.lower() not in SUFFIXES]
            for path in rest:
                if path.suffix.lower() in UNREADABLE:
                    raise UserError(f"{path}: such images cannot be read; convert them to PNG.")
            if not images:
                raise UserError(f"{name}: the class folder {folder} has no image.")
            others += hidden + rest
            found += [File(f"{role}/{folder.name}", path) for path in images]
        if len(found) == before:
            raise UserError(f"{name}: there is no image {part}/CLASS/*.png (or jpg).")
    return found, others


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
