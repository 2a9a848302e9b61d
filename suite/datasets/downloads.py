"""The sets that torchvision downloads and checks: MNIST, Fashion-MNIST, CIFAR-10, CIFAR-100."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
from filelock import FileLock

from suite.datasets import idx
from suite.datasets.dataset import DataSet
from suite.datasets.images import image_set
from suite.datasets.known import EXTRACTED, PACKAGED
from suite.datasets.sources import KNOWN, NamedSource
from suite.errors import UserError

_CLASSES = {
    "mnist": "MNIST",
    "fashion_mnist": "FashionMNIST",
    "cifar10": "CIFAR10",
    "cifar100": "CIFAR100",
}
_NETWORK = (URLError, HTTPException, ConnectionError, TimeoutError)
_PATIENCE = 30.0  # seconds without an answer


def downloaded(name: NamedSource, data_dir: Path) -> DataSet:
    """Return a set from a data folder or a package, downloading it first if it is not there.

    The layout is torchvision's own, so a folder that torchvision has filled serves as it is.
    Processes that ask at once download once. torchvision shows its progress on stderr.

    Args:
        name: Any name of `KNOWN` that does not come with scikit-learn.
        data_dir: The data folder.

    Raises:
        UserError: It is not there and cannot be downloaded, what was sent has a wrong checksum,
            it cannot be kept (nothing half-written stays), or the files there are foreign.
    """
    import torchvision.datasets

    kind, known = getattr(torchvision.datasets, _CLASSES[name]), KNOWN[name]
    if known.contents and (found := _there(name, kind, data_dir)) is not None:
        return found
    written = _written(name, kind, data_dir)
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with _alone(data_dir, name), _all_or_nothing(written), _impatient():
            parts = [kind(data_dir, train=train, download=True) for train in (True, False)]
    except Exception as error:
        raise _sentence(error, name, kind, data_dir) from None
    if known.contents:
        found = _in_files(name, kind, data_dir)
        if found is None:
            raise _foreign(name, data_dir / EXTRACTED[name])
        return found
    train, test = ((np.asarray(part.data), np.asarray(part.targets)) for part in parts)
    return _known(name, train, test, parts[0].classes, data_dir / EXTRACTED[name])


def _there(name: NamedSource, kind: Any, data_dir: Path) -> DataSet | None:
    """Return what `_in_files` does; look twice, since another process may be extracting."""
    try:
        return _in_files(name, kind, data_dir)
    except UserError:
        with _alone(data_dir, name):
            return _in_files(name, kind, data_dir)


def _in_files(name: NamedSource, kind: Any, data_dir: Path) -> DataSet | None:
    """Return a set in MNIST's format from the data folder, or as a package installs it."""
    folders = [data_dir / EXTRACTED[name], *([PACKAGED[name]] if name in PACKAGED else [])]
    for folder in folders:
        try:
            found = idx.read(folder, KNOWN[name].contents)
        except idx.ForeignError:
            raise _foreign(name, folder) from None
        if found is not None:
            return _known(name, (found[0], found[1]), (found[2], found[3]), kind.classes, folder)
    return None


def _known(
    name: NamedSource,
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    classes: Sequence[str],
    folder: Path,
) -> DataSet:
    known = KNOWN[name]
    images = image_set(known.title, train, test, classes, known.fingerprint)
    if (images.shape, len(images.y_train), len(images.y_test)) != (known.shape, *known.images):
        raise _foreign(name, folder)
    # records keep a package's path, and no other
    packaged = folder == PACKAGED.get(name)
    place = folder if packaged else f"{EXTRACTED[name]} in the data folder"
    return replace(images, notes=(f"{known.title} was read from {place}.",))


def _written(name: str, kind: Any, data_dir: Path) -> list[Path]:
    """Return what torchvision writes of a set: folders and archives."""
    archives = [data_dir / kind.filename] if hasattr(kind, "filename") else []
    return [*archives, data_dir / Path(EXTRACTED[name]).parts[0]]


def _alone(data_dir: Path, name: str) -> contextlib.AbstractContextManager:
    """Lock out other processes; not needed in a folder that cannot be written to."""
    if os.access(data_dir, os.W_OK):
        return FileLock(data_dir / f"{name}.lock")
    return contextlib.nullcontext()


@contextlib.contextmanager
def _all_or_nothing(written: list[Path]) -> Iterator[None]:
    """Remove what has been written if it is not complete."""
    before = {path for root in written for path in (root, *root.rglob("*")) if path.exists()}
    try:
        yield
    except BaseException:
        for root in written:
            for path in [*root.rglob("*"), root]:
                if path in before or not path.exists():
                    continue
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    """Give up on a server that does not answer; torchvision would wait for minutes."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _sentence(error: Exception, name: str, kind: Any, data_dir: Path) -> UserError:
    title = KNOWN[name].title
    if hasattr(kind, "url"):
        archives, url, folder = kind.filename, kind.url, data_dir
    else:
        archives = ", ".join(archive for archive, _ in kind.resources)
        url, folder = kind.mirrors[0], data_dir / EXTRACTED[name]
    remedy = f"put {archives} (from {url}) into {folder}, or choose another data folder with --data"
    if "corrupted" in str(error):
        return UserError(
            f"{title}: the download does not have the checksum that torchvision expects; {remedy}."
        )
    if isinstance(error, _NETWORK) or "Error downl" in str(error):
        return UserError(f"{title} is not in {folder} and cannot be downloaded; {remedy}.")
    if isinstance(error, OSError):
        return UserError(
            f"{title} cannot be kept in {data_dir} ({error.strerror}); make room there, or choose "
            "another data folder with --data."
        )
    return _foreign(name, data_dir / EXTRACTED[name])


def _foreign(name: str, folder: Path) -> UserError:
    return UserError(
        f"{KNOWN[name].title}: the files in {folder} are incomplete or belong to another set; "
        "remove that folder, and they are extracted or downloaded again."
    )
