"""The tidy table: one row a run and epoch, out of a run store or an exported file.

run store -> Results -> report, comparisons, Parquet file
Parquet file -> run store (on another machine)
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.datasets.sources import KNOWN, title
from suite.errors import UserError
from suite.store.store import RunStore, State, usable
from suite.study import Study
from suite.study.cells import source_name
from suite.study.runs import Run

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)

FORMAT = 1
"""Of exported files."""

COLUMNS = (
    "study",
    "key",
    "cell",
    "method",
    "metric",
    "regrow",
    "seed",
    "dataset",
    "epoch",
    "train_loss",
    "val_loss",
    "val_accuracy",
    "test_loss",
    "test_accuracy",
    "connections",
)
LAST_COLUMNS = ("theta", "evolved", "paused", "seconds")
"""Between `COLUMNS` and these stand connections_1, connections_2, ... for each sparse layer."""

_NEEDED = {"source", "fingerprint"}
"""What an exported file must say of a run: which data it had."""

UNKNOWN = "unknown"
"""Stands for the content of files that the store has never seen."""


@dataclass(frozen=True)
class RunState:
    """What is known of one run of a study.

    Attributes:
        key: The run's key.
        cell: Its cell's label.
        seed: Its seed.
        state: done, partial, missing or failed.
        reason: Why it failed.
        record: What a finished run left beside its history: settings, seed, dataset,
            fingerprint, degrees, provenance.
    """

    key: str
    cell: str
    seed: int
    state: State
    reason: str = ""
    record: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Results:
    """What a store holds of a study.

    Attributes:
        study: The study.
        frame: The tidy table of its finished runs.
        runs: Every run of the study, seeds outermost.
    """

    study: Study
    frame: pd.DataFrame
    runs: list[RunState]

    @property
    def complete(self) -> bool:
        """Whether every run is done."""
        return all(run.state == "done" for run in self.runs)


def known_runs(study: Study, store: RunStore) -> list[Run]:
    """Return the study's runs, its data sets being what they were when last run into the store.

    The content of a set with a name of its own is known before it ever ran. A path may name other
    files in another folder: where the store knows it only from elsewhere, the files that lie here
    decide.
    """
    fingerprints = {}
    for source in study.sources():
        name = source_name(source)
        known: str | None
        if isinstance(source, str):
            known = store.fingerprint(name) or KNOWN[source].fingerprint
        else:
            known = store.fingerprint(name, str(study.path.parent))
            known = known or _known_elsewhere(study, source, store)
        fingerprints[name] = known or f"{UNKNOWN} {name}"
    return study.runs(fingerprints)


def _known_elsewhere(study: Study, source: Any, store: RunStore) -> str | None:
    """Return the content of files that studies of other folders have run on by this name."""
    from suite.datasets.known import data_folder
    from suite.datasets.loading import fingerprint

    noted = store.contents(source_name(source))
    if not noted:
        return None
    try:
        here = fingerprint(source, data_folder(), base=study.path.parent)
    except UserError:  # the files are not on this machine
        here = None
    name, folder = title(source), study.path.parent
    if here not in {*noted, None}:
        _warn_once(
            f"{name}: the data in {folder} differ from those that the runs by that name were "
            "given elsewhere; those runs are not shown."
        )
    if here is None and len(noted) > 1:
        _warn_once(
            f"{name}: studies in other folders ran on different data by that name, and it is not "
            f"in {folder}; no run is shown until suite run has read it."
        )
    return here or (noted.pop() if len(noted) == 1 else None)


@functools.cache
def _warn_once(sentence: str) -> None:
    _log.warning("%s", sentence)


def is_known(run: Run) -> bool:
    """Whether a run's data, and so its key, are known; until its files are read they are not."""
    return not run.fingerprint.startswith(UNKNOWN)


def read(study: Study, location: str | Path) -> Results:
    """Return what a run store, or a file that `suite export` wrote, holds of a study.

    Raises:
        UserError: If the store cannot be opened or read, or the file is missing or no export.
    """
    if not str(location).endswith(".parquet"):
        return collect(study, RunStore(location))
    with tempfile.TemporaryDirectory(prefix="suite-") as folder:
        store = RunStore(folder)
        import_file(Path(location), store)
        return collect(study, store)


def collect(study: Study, store: RunStore) -> Results:
    """Read what a store holds of a study; needs neither torch, ray nor the data.

    Raises:
        UnusableError: If the store cannot be read.
    """
    with usable(store):
        return _collected(study, store)


def _collected(study: Study, store: RunStore) -> Results:
    runs = known_runs(study, store)
    states = store.states(run.key for run in runs)
    found, frames = [], []
    for run in runs:
        state, reason = states[run.key], ""
        record = store.result(run.key) if state == "done" else None
        if state == "done" and record is None:  # it did not check out
            state = "missing"
        if state == "failed":
            reason = (store.failure(run.key) or {}).get("reason", "")
        if record is not None:
            frames.append(_rows(study, run, record))
            record = {name: value for name, value in record.items() if name != "history"}
        found.append(RunState(run.key, run.cell, run.seed, state, reason, record))
    return Results(study, _tidy(frames), found)


def _rows(study: Study, run: Run, record: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    rows = pd.DataFrame(record["history"])
    layers = pd.DataFrame(rows.pop("connections").tolist(), dtype="int64")
    layers.columns = [f"connections_{number}" for number in range(1, layers.shape[1] + 1)]
    settings = run.settings
    return rows.assign(
        study=study.name,
        key=run.key,
        cell=run.cell,
        method=settings.method,
        metric=settings.metric or "",
        regrow=settings.regrow if settings.composition.evolves else "",
        seed=run.seed,
        dataset=title(settings.dataset),  # as this study names it, whoever ran it
        connections=layers.sum(axis=1),
        theta=rows["theta"].astype("float64"),
        **layers,
    )


def _tidy(frames: list[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    if not frames:
        return pd.DataFrame(columns=[*COLUMNS, *LAST_COLUMNS])
    frame = pd.concat(frames, ignore_index=True)
    layers = [name for name in frame.columns if name.startswith("connections_")]
    layers.sort(key=lambda name: int(name.rpartition("_")[2]))
    return frame[[*COLUMNS, *layers, *LAST_COLUMNS]]


def export(results: Results, file: Path) -> None:
    """Write the tidy table to one Parquet file, whole, which `import_file` reads losslessly.

    What belongs to a run and not to an epoch (settings, degrees, provenance) stands in the
    file's metadata.

    Raises:
        UserError: If the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = {
        "format": FORMAT,
        "study": results.study.name,
        "runs": {run.key: run.record for run in results.runs if run.record is not None},
    }
    table = pa.Table.from_pandas(results.frame, preserve_index=False)
    text = json.dumps(about, sort_keys=True, separators=(",", ":"))
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"suite": text})
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, unfinished, compression="zstd")
        unfinished.replace(file)
    except OSError as error:
        raise UserError(f"{file}: cannot be written ({error.strerror or error}).") from None
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()


@dataclass(frozen=True)
class Imported:
    """What an import did, by run key.

    Attributes:
        added: Runs that the store did not have.
        known: Runs that it had, with the same history.
        conflicting: Runs that it had with another history; its own was kept.
    """

    added: list[str]
    known: list[str]
    conflicting: list[str]


def import_file(file: Path, store: RunStore) -> Imported:
    """Merge the finished runs of an exported file into a store.

    Raises:
        UserError: If the file is missing or is no export of `suite export`.
    """
    table, about = _read_export(file)
    imported = Imported([], [], [])
    for key, rows in table.groupby("key", sort=False):
        record = {**about["runs"][key], "history": _history(rows)}
        known = store.result(str(key))
        if known is None:
            if store.fingerprint(record["source"]) is None:  # else what it knows stays true of it
                store.note_fingerprint(record["source"], record["fingerprint"])
            store.finish(str(key), record)
            imported.added.append(str(key))
        elif _timeless(known["history"]) == _timeless(record["history"]):
            imported.known.append(str(key))
        else:
            imported.conflicting.append(str(key))
    return imported


def _read_export(file: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return an exported file's table, and what its metadata says of its runs."""
    import pyarrow.parquet as pq

    foreign = f"{file}: is no file that suite export wrote"
    try:
        with file.open("rb") as stream:
            table = pq.read_table(stream)
        about = json.loads((table.schema.metadata or {})[b"suite"])
        written, runs = about["format"], about["runs"]
    except FileNotFoundError:
        raise UserError(f"{file}: there is no such file.") from None
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror or error}.") from None
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{foreign}.") from None
    if written != FORMAT:
        raise UserError(f"{file}: has format {written}; this suite reads {FORMAT}.")
    frame = table.to_pandas()
    absent = {*COLUMNS, *LAST_COLUMNS} - set(frame.columns)
    if absent:
        raise UserError(f"{foreign}: it lacks the columns {', '.join(sorted(absent))}.")
    for key in sorted(set(frame["key"])):
        if key not in runs:
            raise UserError(f"{foreign}: it says nothing of the run {key}.")
        lacking = _NEEDED - set(runs[key])
        if lacking:
            raise UserError(f"{foreign}: of the run {key} it lacks {', '.join(sorted(lacking))}.")
    return frame, about


def _history(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the epoch records that a run's rows were made from."""
    layers = [name for name in rows.columns if name.startswith("connections_")]
    layers = [name for name in layers if rows[name].notna().all()]
    names = ["epoch", *COLUMNS[COLUMNS.index("epoch") + 1 : -1]]
    history = []
    # Cells on the same images under two names have one run between them, and two sets of rows.
    for row in rows[rows["cell"] == rows["cell"].iloc[0]].to_dict("records"):
        record = {name: row[name] for name in names}
        record["connections"] = [int(row[name]) for name in layers]
        theta = row["theta"]
        record |= {
            "theta": None if theta != theta else theta,
            "evolved": bool(row["evolved"]),
            "paused": bool(row["paused"]),
            "seconds": row["seconds"],
        }
        history.append(record)
    return history


def _timeless(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in record.items() if k != "seconds"} for record in history]
