"""The known data sets, and which of them are on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from suite.datasets.sources import KNOWN
from suite.errors import UserError

EXTRACTED = {
    "mnist": "MNIST/raw",
    "fashion_mnist": "FashionMNIST/raw",
    "cifar10": "cifar-10-batches-py",
    "cifar100": "cifar-100-python",
}
"""Where in the data folder torchvision extracts a set."""

PACKAGED = {"fashion_mnist": Path("/usr/share/datasets/fashion-mnist")}
"""Where Debian's packages (dataset-fashion-mnist) install a set."""

TO_DOWNLOAD = "to download"
"""The place of a set that is not on this machine yet."""


class Entry(NamedTuple):
    """A data set that a study can name.

    Attributes:
        source: What a study file writes: a name; empty for a set that was read from files.
        title: Its name in reports.
        shape: Height, width and channels of an image; (features,) of feature vectors.
        classes: Number of classes.
        train: Number of images or rows to train on.
        test: Number to test with.
        place: "embedded", "here", the folder of a package, "decoded" (read from files before, and
            known), or "to download".
    """

    source: str
    title: str
    shape: tuple[int, ...]
    classes: int
    train: int
    test: int
    place: str


def data_folder(option: str | Path | None = None) -> Path:
    """Return the data folder: the option, else SUITE_DATA, else in the platform's cache folder.

    Raises:
        UserError: The home folder is needed to find it, and there is none, or it cannot be read.
    """
    try:
        if chosen := option or os.environ.get("SUITE_DATA"):
            return _readable(Path(chosen).expanduser())
        import platformdirs

        of_0_1_0 = Path(platformdirs.user_cache_dir("suite")).expanduser() / "data"
        now = Path(platformdirs.user_cache_dir("regrowth-suite")).expanduser() / "data"
        return of_0_1_0 if of_0_1_0.is_dir() and not now.is_dir() else now
    except RuntimeError:
        raise UserError(
            "the data folder cannot be found, because there is no home folder; give one with "
            "--data FOLDER or SUITE_DATA."
        ) from None


def _readable(folder: Path) -> Path:
    """Return a data folder that somebody named, if it is none yet or one that can be read."""
    try:
        if folder.exists() and not folder.is_dir():
            raise UserError(f"{folder}: is a file; the data folder must be a folder.")
    except OSError as error:
        raise UserError(f"{folder}: the data folder cannot be read ({error.strerror}).") from None
    return folder


def known_here(data_dir: str | Path) -> list[Entry]:
    """Return every known data set, then those that were read from files on this machine."""
    from suite.datasets import cache

    data_dir = Path(data_dir)
    entries = []
    for name, known in KNOWN.items():
        place = TO_DOWNLOAD
        if not known.checksums:
            place = "embedded"
        elif (data_dir / EXTRACTED[name]).is_dir():
            place = "here"
        elif name in PACKAGED and PACKAGED[name].is_dir():
            place = str(PACKAGED[name])
        entries.append(Entry(name, known.title, known.shape, known.classes, *known.images, place))
    return entries + [
        Entry("", note.name, note.shape, note.classes, note.train, note.test, "decoded")
        for note in cache.notes(data_dir / "decoded")
    ]
