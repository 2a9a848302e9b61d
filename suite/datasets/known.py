"""Which image sets there are, and which are on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from suite.datasets.sources import KNOWN

EXTRACTED = {
    "mnist": "MNIST/raw",
    "fashion_mnist": "FashionMNIST/raw",
    "cifar10": "cifar-10-batches-py",
    "cifar100": "cifar-100-python",
}
"""Where in the data folder torchvision extracts a set."""


class Entry(NamedTuple):
    """An image set that a study can name.

    Attributes:
        source: What a study file writes: a name; empty for a set that was read from files.
        title: Its name in reports.
        shape: Height, width and channels of an image.
        classes: Number of classes.
        train: Number of training images.
        test: Number of test images.
        place: "embedded", "here", "decoded" (read from files before, and kept), or "to download".
    """

    source: str
    title: str
    shape: tuple[int, ...]
    classes: int
    train: int
    test: int
    place: str


def data_folder(option: str | Path | None = None) -> Path:
    """Return the data folder: the option, else SUITE_DATA, else in the platform's cache folder."""
    if chosen := option or os.environ.get("SUITE_DATA"):
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("suite")) / "data"


def known_here(data_dir: str | Path) -> list[Entry]:
    """Return every known image set, then those that were decoded from files on this machine."""
    from suite.datasets import cache

    data_dir = Path(data_dir).expanduser()
    entries = []
    for name, known in KNOWN.items():
        if not known.checksums:
            place = "embedded"
        else:
            place = "here" if (data_dir / EXTRACTED[name]).is_dir() else "to download"
        entries.append(Entry(name, known.title, known.shape, known.classes, *known.images, place))
    return entries + [
        Entry("", note.name, note.shape, note.classes, note.train, note.test, "decoded")
        for note in cache.notes(data_dir / "decoded")
    ]
