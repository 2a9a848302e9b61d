"""Any source becomes an image set."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from suite.datasets import cache, npz, parquet
from suite.datasets import folder as folders
from suite.datasets.dataset import DataSet
from suite.datasets.decoding import Progress
from suite.datasets.files import File, content
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
    place, key = data_dir / "decoded", content(files, options)

    def read() -> DataSet:
        data = reader.read(source, files, progress)
        if content(files, options) != key:
            raise UserError(f"{title(source)}: its files changed while they were read; try again.")
        return data

    # An npz archive is decoded already: a copy in the cache would save nothing.
    data = read() if reader is npz else cache.through(place, key, title(source), read)
    cache.remember(place, key, data)
    return data


def fingerprint(
    source: Source,
    data_dir: str | Path,
    base: str | Path | None = None,
    progress: Progress | None = None,
) -> str:
    """Return a data set's fingerprint, decoding it only if its files' content is not known yet.

    That of a known set follows from its name and its archives' checksums: it is known before the
    set has been downloaded. Otherwise it is the hash of the decoded images and labels. Files are
    known by what they hold; their names, sizes and times prove nothing.

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
    known = cache.recall(data_dir / "decoded", content(files, options))
    if known is None:
        return load(source, data_dir, base=base, progress=progress).fingerprint
    return known.fingerprint


def _files(
    source: ParquetSource | NpzSource | FolderSource, data_dir: Path, base: str | Path | None
) -> tuple[ModuleType, list[File], str]:
    """Return the reader of a source, its files, and what else decides how they are read."""
    places, options = (Path(base or ""), data_dir), f"{_DECODER} {type(source).__name__}"
    if isinstance(source, ParquetSource):
        return parquet, parquet.files(source, places), f"{options} {source.label}"
    if isinstance(source, NpzSource):
        return npz, npz.files(source, places), options
    return folders, folders.files(source, places), options
