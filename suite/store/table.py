"""The tidy table: one row per run and epoch, out of a run store or an exported file.

run store -> Results -> report, comparisons, exported file
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.datasets.sources import title
from suite.measures import columns, layers_of
from suite.store.exported import import_file
from suite.store.known import known_fingerprints, resolved_runs
from suite.store.records import History, rows_of
from suite.store.store import RunStore, State, usable
from suite.store.tuned import sampled
from suite.study import Study
from suite.study.runs import Run
from suite.study.study import UNTUNED

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)

EPOCHS_AT_ONCE = 50_000
"""How many epochs of histories are held while their rows are made: about 100 MB."""


@dataclass(frozen=True)
class RunState:
    """What is known of one run of a study.

    Attributes:
        key: The run's key.
        cell: Its cell's label.
        seed: Its seed.
        state: done, partial, missing or failed.
        reason: Why it failed.
        record: What is recorded of a finished run, without its history: settings, seed, dataset,
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
        sampled: The records of the runs by which its cells were tuned, by key, and of those that
            `untuned` shows.
        untuned: The tidy table of tuned cells with their own settings, as far as they were run.
        lacking: How many of those runs are missing that the study asks for.
    """

    study: Study
    frame: pd.DataFrame
    runs: list[RunState]
    sampled: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    untuned: pd.DataFrame | None = None
    lacking: int = 0

    @property
    def complete(self) -> bool:
        """Whether every run is done."""
        return not self.lacking and all(run.state == "done" for run in self.runs)


def read(study: Study, location: str | Path) -> Results:
    """Return what a run store, or a file that `suite export` wrote, holds of a study.

    Raises:
        UserError: If the store cannot be opened or read, or the file is missing or no export.
    """
    if not str(location).lower().endswith(".parquet") or Path(location).is_dir():
        return collect(study, RunStore(location))
    with tempfile.TemporaryDirectory(prefix="suite-") as folder:
        store = RunStore(folder)
        for remark in import_file(Path(location), store).remarks():
            _log.warning("%s: %s", location, remark)
        return collect(study, store)


def collect(
    study: Study, store: RunStore, fingerprints: Mapping[str, str] | None = None
) -> Results:
    """Read what a store holds of a study, without torch, ray or the data.

    Args:
        study: The study.
        store: Its run store.
        fingerprints: Content of each data set, by `source_name`; by default what it was when the
            study last ran into the store.

    Raises:
        UnusableError: If the store cannot be read.
    """
    with usable(store):
        return _collected(study, store, fingerprints or known_fingerprints(study, store))


def _collected(study: Study, store: RunStore, data: Mapping[str, str]) -> Results:
    study, runs = resolved_runs(study, store, data)
    lying = store.lying()
    states = store.states((run.key for run in runs), lying)
    found: list[RunState] = []
    frames: list[pd.DataFrame] = []
    for some in _batches(runs):
        done = [run.key for run in some if states[run.key] == "done"]
        records = dict(zip(done, store.results(done, lying), strict=True))
        for run in some:
            state, reason, record = states[run.key], "", records.get(run.key)
            if state == "done" and record is None:  # it did not check out
                state = "missing"
            if state == "failed":
                reason = (store.failure(run.key) or {}).get("reason", "")
            about = record and {name: of for name, of in record.items() if name != "history"}
            found.append(RunState(run.key, run.cell, run.seed, state, reason, about))
        finished = [(run, record["history"]) for run in some if (record := records.get(run.key))]
        frames += [_tidy(study, finished)] if finished else []
    if not study.tuned:
        return Results(study, _joined(frames), found)
    runs = study.untuned_runs(data)
    untuned = _finished([replace(run, cell=run.cell.removesuffix(UNTUNED)) for run in runs], store)
    samples = sampled(study.tuned, store, data) | {run.key: of for run, of in untuned}
    compared = _tidy(study, [(run, of["history"]) for run, of in untuned]) if untuned else None
    lacking = len(runs) - len(untuned) if study.runs_untuned else 0
    return Results(study, _joined(frames), found, samples, compared, lacking)


def _finished(runs: Sequence[Run], store: RunStore) -> list[tuple[Run, dict[str, Any]]]:
    """Return those of some runs that are done, with their records."""
    lying = store.lying()
    states = store.states((run.key for run in runs), lying)
    done = [run for run in runs if states[run.key] == "done"]
    records = store.results([run.key for run in done], lying)
    return [(run, of) for run, of in zip(done, records, strict=True) if of is not None]


def _batches(runs: list[Run]) -> Iterator[list[Run]]:
    """Yield runs in batches whose epochs fit into memory."""
    longest = max((run.settings.epochs for run in runs), default=1)
    size = max(1, EPOCHS_AT_ONCE // longest)
    for start in range(0, len(runs), size):
        yield runs[start : start + size]


def _tidy(study: Study, finished: list[tuple[Run, History]]) -> pd.DataFrame:
    """Return the rows of finished runs, each with its history."""
    import pandas as pd

    rows = rows_of([record for _, history in finished for record in history])
    labels = pd.DataFrame([_labels(study, run) for run, _ in finished])
    epochs = [len(history) for _, history in finished]
    labels = labels.loc[labels.index.repeat(epochs)].reset_index(drop=True)
    return pd.concat([rows, labels], axis=1)


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    if not frames:
        return pd.DataFrame(columns=columns())
    frame = pd.concat(frames, ignore_index=True)
    return frame[columns(layers_of(frame.columns))]


def _labels(study: Study, run: Run) -> dict[str, Any]:
    settings = run.settings
    return {
        "study": study.name,
        "key": run.key,
        "cell": run.cell,
        "method": settings.method,
        "metric": settings.metric or "",
        "regrow": settings.regrow if settings.recipe.evolves else "",
        "seed": run.seed,
        "dataset": title(settings.dataset),  # as this study names it, not the study that ran it
    }
