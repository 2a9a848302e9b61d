"""Loads a data set from any source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

from suite.datasets import cache, csv, npz, parquet
from suite.datasets import folder as folders
from suite.datasets.dataset import DataSet
from suite.datasets.decoding import Progress
from suite.datasets.files import File, content
from suite.datasets.known import TO_DOWNLOAD, data_folder, known_here
from suite.datasets.sources import (
    KNOWN,
    CsvSource,
    FolderSource,
    NpzSource,
    ParquetSource,
    Source,
    title,
)
from suite.errors import UserError, reason

_DECODER = "2"  # part of the cache's keys; raise it when the same files decode differently


def load(
    source: Source,
    data_dir: str | Path,
    *,
    base: str | Path | None = None,
    progress: Progress | None = None,
) -> DataSet:
    """Load a data set, downloading or decoding it where that has not been done yet.

    Args:
        source: What the study file names.
        data_dir: The data folder: downloads and decoded images are kept there, and relative paths
            that are not found under `base` are looked for there.
        base: The folder that relative paths are first tried against: the study file's. Default:
            the current folder.
        progress: Called with the progress of decoding.

    Raises:
        UserError: The data are not there, not whole, or not a data set; or cannot be kept.
    """
    data_dir = data_folder(data_dir)
    if isinstance(source, str):
        if not KNOWN[source].checksums:
            from suite.datasets.embedded import embedded

            return embedded(source)
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
    if isinstance(source, FolderSource) and (
        note := folders.skipped(source, _places(data_dir, base))
    ):
        data = replace(data, notes=(*data.notes, note))
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
    data_dir = data_folder(data_dir)
    _, files, options = _files(source, data_dir, base)
    known = cache.recall(data_dir / "decoded", content(files, options))
    if known is None:
        return load(source, data_dir, base=base, progress=progress).fingerprint
    return known.fingerprint


def absence(source: Source, data_dir: str | Path, base: str | Path | None = None) -> str:
    """Return why a data set is not on this machine, "" if it is; no image is read.

    Args:
        source: What the study file names.
        data_dir: The data folder.
        base: As for `load`.
    """
    if isinstance(source, str):
        places = {entry.source: entry.place for entry in known_here(data_dir)}
        absent = places[source] == TO_DOWNLOAD
        return f"{title(source)} is not on this machine yet; suite run downloads it." * absent
    try:
        _files(source, data_folder(data_dir), base)
    except UserError as error:
        return str(error)
    return ""


def _places(data_dir: Path, base: str | Path | None) -> tuple[Path, Path]:
    """Return the folders that a relative path is looked for in."""
    return Path(base or ""), data_dir


def _files(
    source: ParquetSource | CsvSource | NpzSource | FolderSource,
    data_dir: Path,
    base: str | Path | None,
) -> tuple[ModuleType, list[File], str]:
    """Return the reader of a source, its files, and what else decides how they are read."""
    try:
        return _found(source, data_dir, base)
    except OSError as error:
        raise UserError(f"{title(source)}: cannot be read ({reason(error)}).") from None


def _found(
    source: ParquetSource | CsvSource | NpzSource | FolderSource,
    data_dir: Path,
    base: str | Path | None,
) -> tuple[ModuleType, list[File], str]:
    places, options = _places(data_dir, base), f"{_DECODER} {type(source).__name__}"
    if isinstance(source, ParquetSource):
        share = source.test if isinstance(source.test, float) else None
        options = f"{options} {source.label!r} {source.image!r} {share}"
        return parquet, parquet.files(source, places), options
    if isinstance(source, CsvSource):
        share = source.test if isinstance(source.test, float) else None
        return csv, csv.files(source, places), f"{options} {source.label!r} {share}"
    if isinstance(source, NpzSource):
        return npz, npz.files(source, places), options
    return folders, folders.files(source, places), options
