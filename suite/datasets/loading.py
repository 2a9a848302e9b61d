"""Any source becomes an image set."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from suite.datasets import cache
from suite.datasets.dataset import DataSet
from suite.datasets.decoding import Progress, decode
from suite.datasets.files import File, content, listing
from suite.datasets.images import image_set
from suite.datasets.sources import (
    KNOWN,
    FolderSource,
    NpzSource,
    ParquetSource,
    Source,
    title,
)
from suite.errors import UserError

_DECODER = "1"  # enters the cache's keys; raise it when the same files come to decode otherwise


def load(
    source: Source,
    data_dir: str | Path,
    *,
    base: str | Path | None = None,
    progress: Progress | None = None,
) -> DataSet:
    """Load an image set, downloading or decoding it where that has not been done yet.

    Args:
        source: What the study file names.
        data_dir: The data folder: downloads and decoded images are kept there, and relative paths
            that are not found under `base` are looked for there.
        base: The folder that relative paths are first tried against: the study file's. Default:
            the current folder.
        progress: Told what is being decoded and how far that is.

    Raises:
        UserError: The images are not there, not whole, or not an image set; or cannot be kept.
    """
    data_dir = Path(data_dir).expanduser()
    if isinstance(source, str):
        if source == "digits":
            from suite.datasets.digits import digits

            return digits()
        from suite.datasets.downloads import downloaded

        return downloaded(source, data_dir)
    reader, files, options = _files(source, data_dir, base)
    folder, name, key = data_dir / "decoded", title(source), listing(files, options)
    known = cache.recall(folder, key)
    content_key = known.content if known else content(files, options)
    if isinstance(source, NpzSource):
        images = reader.read(source, files)
    else:

        def decoded() -> DataSet:
            encoded = reader.read(source, files)
            x = decode(encoded.images, f"{name}: decoding", progress)
            if listing(files, options) != key:
                raise UserError(f"{name}: its files changed while they were read; try again.")
            train = len(encoded.y_train)
            return image_set(
                name, (x[:train], encoded.y_train), (x[train:], encoded.y_test), encoded.classes
            )

        images = cache.through(folder, content_key, name, decoded)
    if known != (note := cache.note(images, content_key)):
        cache.remember(folder, key, files, options, note)
    return images


def fingerprint(
    source: Source,
    data_dir: str | Path,
    base: str | Path | None = None,
    progress: Progress | None = None,
) -> str:
    """Return an image set's fingerprint, reading the images only if it is not known yet.

    That of a known set follows from its name and its archives' checksums: it is known before the
    set has been downloaded. Otherwise it is the hash of the decoded images and labels.

    Args:
        source: What the study file names.
        data_dir: The data folder.
        base: As for `load`.
        progress: As for `load`.

    Raises:
        UserError: As `load` does.
    """
    if isinstance(source, str):
        return KNOWN[source].fingerprint
    data_dir = Path(data_dir).expanduser()
    _, files, options = _files(source, data_dir, base)
    known = cache.recall(data_dir / "decoded", listing(files, options))
    if known is None:
        return load(source, data_dir, base=base, progress=progress).fingerprint
    return known.fingerprint


def _files(
    source: ParquetSource | NpzSource | FolderSource, data_dir: Path, base: str | Path | None
) -> tuple[ModuleType, list[File], str]:
    """Return the reader of a source, its files, and what else decides how they are read."""
    from suite.datasets import folder, npz, parquet

    places, options = (Path(base or ""), data_dir), f"{_DECODER} {type(source).__name__}"
    if isinstance(source, ParquetSource):
        return parquet, parquet.files(source, places), f"{options} {source.label}"
    if isinstance(source, NpzSource):
        return npz, npz.files(source, places), options
    return folder, folder.files(source, places), options
