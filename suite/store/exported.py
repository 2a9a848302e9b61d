"""Exported files: the tidy table of a study, and its way into another store.

Results -> Parquet file -> run store (on another machine)
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.errors import UserError, nearby
from suite.files import write_whole
from suite.measures import plain
from suite.store.records import agree, history_of, is_whole
from suite.store.spreadsheet import as_csv
from suite.store.store import RunStore
from suite.store.tuned import import_sampled, is_sampled

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from suite.store.table import Results

FORMAT = 1
"""Of exported files."""

_ABOUT_A_RUN = {"source": str, "fingerprint": str, "settings": dict, "epochs": int}
"""What an exported file must record of each run: its data, settings and number of epochs."""
_KEY = re.compile(r"[0-9a-f]{16}")
_CHECKSUM = b"suite_sha256"
"""Where an exported file has the checksum of its metadata; those of 0.1.0 have none."""


def export(results: Results, file: Path) -> None:
    """Write the tidy table to one file, whole.

    A Parquet file is what `import_file` reads losslessly: what belongs to a run and not to an
    epoch (settings, degrees, provenance) is in its metadata. A CSV file has only the rows.

    Raises:
        UserError: If the name does not end in .parquet or .csv, or the file cannot be written.
    """
    check_name(file)
    as_table = file.suffix.lower() == ".csv"
    content = as_csv(results.frame).encode() if as_table else _as_parquet(results)
    try:
        write_whole(file, content)
    except OSError as error:
        raise UserError(f"{file}: cannot be written ({error.strerror or error}).") from None


def check_name(file: Path) -> None:
    """Check that a file can be exported to by this name.

    Raises:
        UserError: If the name does not end in .parquet or .csv.
    """
    if file.suffix.lower() not in (".parquet", ".csv"):
        raise UserError(
            f"{file}: the name must end in .parquet (which suite import reads) or .csv."
        )


def _as_parquet(results: Results) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = {
        "format": FORMAT,
        "study": results.study.name,
        "runs": {run.key: run.record for run in results.runs if run.record is not None},
        **({"sampled": results.sampled} if results.sampled else {}),
    }
    table = pa.Table.from_pandas(results.frame, preserve_index=False)
    text = json.dumps(about, sort_keys=True, separators=(",", ":"))
    said = {b"suite": text, _CHECKSUM: _checksum(table, text.encode())}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **said})
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd", write_page_checksum=True)
    return stream.getvalue()


def _checksum(table: pa.Table, text: bytes) -> bytes:
    """Return the checksum of what the pages of a file do not hold: its columns and metadata."""
    columns_of = [[of.name, str(of.type)] for of in table.schema]
    return hashlib.sha256(json.dumps(columns_of).encode() + text).hexdigest().encode()


@dataclass(frozen=True)
class Imported:
    """What an import did, by run key.

    Attributes:
        added: Runs that the store did not have.
        known: Runs that it had, with the same history.
        conflicting: Runs that it had with another history, and lists of samples of which it had
            others; those in the store were kept.
        unfinished: Runs whose epochs are not all in the file; they were left out.
        elsewhere: Runs on other images than the store knows by that name, by data set. They are
            kept, but no verb shows them.
    """

    added: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    conflicting: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    elsewhere: dict[str, list[str]] = field(default_factory=dict)

    def remarks(self) -> list[str]:
        """Return a sentence for everything that a user must know beyond the counts."""
        found = [
            f"{key}: the store has a different history, or other samples, by this key; it kept "
            "its own."
            for key in self.conflicting
        ]
        found += [
            f"{key}: some of its epochs are missing in the file, so it was left out."
            for key in self.unfinished
        ]
        return found + [
            f"{len(keys)} of these runs had other images than the store knows as {source}. They "
            "are not shown until the study is run on those images."
            for source, keys in self.elsewhere.items()
        ]


def import_file(file: Path, store: RunStore) -> Imported:
    """Merge the finished runs of an exported file into a store.

    Raises:
        UserError: If the file is missing or `suite export` did not write it.
    """
    table, about = _read_export(file)
    store.stand()
    imported = Imported()
    samples = about.get("sampled", {})
    imported.conflicting.extend(import_sampled(samples, store))
    for of in samples.values():
        if "source" in of and not store.contents(of["source"]):
            store.note_fingerprint(of["source"], of["fingerprint"])
    for key, rows in table.groupby("key", sort=False):
        key, record = str(key), about["runs"][key]
        record = plain({**record, "history": history_of(rows)})
        epochs = _epochs(record)
        if not is_whole(record["history"], epochs):
            imported.unfinished.append(key)
            continue
        source, fingerprint = record["source"], record["fingerprint"]
        known = store.result(key)
        if known is not None and not is_whole(known["history"], epochs):
            known = None  # an import of 0.1.0 took part of a run for the whole
        here = store.contents(source)
        if here and fingerprint not in here:
            imported.elsewhere.setdefault(source, []).append(key)
        if known is None:
            if not here:  # else what the store knows stays true of it
                store.note_fingerprint(source, fingerprint)
            store.finish(key, record)
            imported.added.append(key)
        else:
            same = agree(known["history"], record["history"])
            (imported.known if same else imported.conflicting).append(key)
    return imported


def _read_export(file: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return an exported file's table, and its metadata about the runs."""
    import pyarrow.parquet as pq

    foreign = f"{file}: is not a .parquet file that suite export wrote"
    try:
        with file.open("rb") as stream:
            table = pq.read_table(stream, page_checksum_verification=True)
        metadata = table.schema.metadata or {}
        text = metadata[b"suite"]
        if metadata.get(_CHECKSUM, checksum := _checksum(table, text)) != checksum:
            raise UserError(f"{file}: is damaged: its metadata do not match their checksum.")
        about = json.loads(text)
        written, runs = about["format"], about["runs"]
        frame = table.replace_schema_metadata(None).to_pandas()  # pandas' own is not checked
    except FileNotFoundError:
        raise UserError(f"{file}: there is no such file{nearby(file)}") from None
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror or error}.") from None
    except (KeyError, TypeError, ValueError, NotImplementedError):
        raise UserError(f"{foreign}.") from None
    if written != FORMAT:
        raise UserError(f"{file}: has format {written}; this suite reads {FORMAT}.")
    if absent := {"key", "epoch"} - set(frame.columns):
        raise UserError(f"{foreign}: it lacks the columns {', '.join(sorted(absent))}.")
    if not isinstance(runs, dict):
        raise UserError(f"{foreign}: it has no list of runs.")
    for key in frame["key"].unique():
        if not (isinstance(key, str) and _KEY.fullmatch(key)):
            # It becomes the name of a folder in the store.
            raise UserError(f"{foreign}: the run key {key!r} is not 16 hexadecimal digits.")
        if not isinstance(runs.get(key), dict):
            raise UserError(f"{foreign}: it has no metadata about the run {key}.")
        about_it = {**runs[key], "epochs": _epochs(runs[key])}
        lacking = [
            name for name, kind in _ABOUT_A_RUN.items() if not isinstance(about_it.get(name), kind)
        ]
        if lacking:
            raise UserError(
                f"{foreign}: its metadata about the run {key} lack {', '.join(lacking)}."
            )
    sampled = about.get("sampled", {})
    if not isinstance(sampled, dict) or not all(map(_KEY.fullmatch, sampled)):
        raise UserError(f"{foreign}: its runs of tuning are not listed by their keys.")
    for key, of in sampled.items():
        if not is_sampled(of):
            raise UserError(f"{foreign}: its record of the tuning run {key} is not one.")
    return frame, about


def _epochs(record: Mapping[str, Any]) -> Any:
    """Return how many epochs a run has by its settings."""
    settings = record.get("settings")
    return settings.get("epochs") if isinstance(settings, dict) else None
