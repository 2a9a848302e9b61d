"""The state of tuning, as it follows from the store.

A run of a sample is an ordinary run with all of its epochs, which tuning may stop early. Its
record, and so the choice, is the same however often and wherever it was stopped and resumed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from suite.files import at_once
from suite.store.records import agree
from suite.store.store import RunStore
from suite.study import Study
from suite.study.cells import source_name
from suite.study.halving import WORST, climb
from suite.study.tune import CellTuning, Tuned

_MEASURES = {"val_accuracy", "val_loss"}
"""Samples are compared by one of them."""


@dataclass(frozen=True)
class Tuning:
    """How far the tuning of a study is.

    Attributes:
        cells: How many cells are tuned.
        winners: How many of them have a winner.
        runs: How many runs of samples their budgets allow.
        ended: How many of these have been trained as far as their first rung, or diverged.
        epochs: How many epochs their budgets allow.
        epochs_done: How many of these are behind them, as far as rungs are concerned.
    """

    cells: int
    winners: int
    runs: int
    ended: int
    epochs: int
    epochs_done: int

    @property
    def sentence(self) -> str:
        """One line, e.g. tuning: 12 of 18 runs, 20 of 60 epochs, 0 of 2 winners."""
        return (
            f"tuning: {self.ended:,} of {self.runs:,} runs, {self.epochs_done:,} of "
            f"{self.epochs:,} epochs, {self.winners} of {self.cells} winners"
        )


def progress(tuned: Mapping[str, Tuned]) -> Tuning | None:
    """Return how far tuning is, None where nothing is tuned."""
    if not tuned:
        return None
    ended = epochs = 0
    for of in tuned.values():
        before = 0
        for rung in of.rungs:
            known = (len(rung.samples) - len(rung.due)) * len(of.tuning.seeds)
            ended += known if before == 0 else 0
            epochs += known * (rung.epoch - before)
            before = rung.epoch
    budgets = [of.tuning.budget for of in tuned.values()]
    return Tuning(
        cells=len(tuned),
        winners=sum(of.winner is not None for of in tuned.values()),
        runs=sum(runs for runs, _ in budgets),
        ended=ended,
        epochs=sum(epochs for _, epochs in budgets),
        epochs_done=epochs,
    )


def standing(study: Study, store: RunStore, fingerprints: Mapping[str, str]) -> dict[str, Tuned]:
    """Return what the tuning of each cell has come to, by the cell's label.

    Args:
        study: The study, with the cells as its file writes them.
        store: Its run store.
        fingerprints: Content of each data set, by `source_name`.

    Raises:
        OSError: If the store cannot be read.
    """
    begun = set(store.keys()) if study.tunings else set()
    return {
        tuning.cell.label: _stands(tuning, store, begun, fingerprints) for tuning in study.tunings
    }


def _stands(
    tuning: CellTuning, store: RunStore, begun: set[str], fingerprints: Mapping[str, str]
) -> Tuned:
    data = fingerprints[source_name(tuning.cell.settings.dataset)]
    if tuning.learns:
        tuning = tuning.with_samples(store.samples(tuning.key(data)))
    keys = {sample: [run.key for run in tuning.runs(sample, data)] for sample in tuning.fitting}
    asked = [key for of in keys.values() for key in of if key in begun]
    known = dict(zip(asked, at_once(lambda key: _known(store, key), asked), strict=True))

    def measured(sample: int, epoch: int) -> float | None:
        values = [_value(known.get(key), tuning, epoch) for key in keys[sample]]
        found = [value for value in values if value is not None]
        return None if len(found) < len(values) else math.fsum(found) / len(found)

    # No sample goes on before all are compared: later ones may be better.
    epochs = tuning.epochs if len(tuning.samples) == tuning.count else tuning.epochs[:1]
    return tuning.winner(climb(tuning.fitting, epochs, tuning.most, measured))


def sampled(
    tuned: Mapping[str, Tuned], store: RunStore, fingerprints: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Return the records of the runs by which cells were tuned, by key, as far as they go.

    The record of a run that diverged says only that it did.
    """
    found = {}
    for of in tuned.values():
        data = fingerprints[source_name(of.tuning.cell.settings.dataset)]
        if of.tuning.learns:
            found[of.tuning.key(data)] = {"shares": store.samples(of.tuning.key(data))}
        for run in (run for s in of.tuning.fitting for run in of.tuning.runs(s, data)):
            failure = store.failure(run.key) or {}
            record = store.result(run.key) or store.so_far(run.key)
            if record or failure.get("diverged"):
                diverged = {"diverged": failure["reason"]} if failure.get("diverged") else {}
                found[run.key] = {**(record or {}), **diverged}
    return found


def is_sampled(record: Any) -> bool:
    """Whether a value from a file is one that `sampled` returns."""
    match record:
        case {"shares": list(rows), **rest}:
            numbers = all(isinstance(row, list) and all(map(_is_number, row)) for row in rows)
            return numbers and not rest
        case {"history": list(epochs), "settings": {"epochs": int(most)}, **about}:
            named = all(isinstance(about.get(name), str) for name in ("source", "fingerprint"))
            measured = all(isinstance(of, dict) and of.keys() >= _MEASURES for of in epochs)
            return named and measured and len(epochs) <= most
        case {"diverged": str(), **rest}:
            return not rest
    return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def import_sampled(records: Mapping[str, Mapping[str, Any]], store: RunStore) -> list[str]:
    """Keep what another store knows of the runs by which cells were tuned.

    What this store knows stays, unless the other goes on from there.

    Returns:
        The keys of the runs and of the lists of samples of which it knows something else.
    """
    conflicting = []
    for key, of in records.items():
        if "shares" in of:
            known, theirs = store.samples(key), of["shares"]
            if known[: len(theirs)] != theirs[: len(known)]:
                conflicting.append(key)
            elif len(theirs) > len(known):
                store.keep_samples(key, theirs)
            continue
        record = {name: value for name, value in of.items() if name != "diverged"}
        history = record.get("history", [])
        here = (store.result(key) or store.so_far(key) or {"history": []})["history"]
        shared = min(len(history), len(here))
        if not agree(here[:shared], history[:shared]):
            conflicting.append(key)
            continue
        more = len(history) > len(here)
        if more and len(history) == record["settings"]["epochs"]:
            store.finish(key, record)
        elif more:
            store.keep_so_far(key, record)
        if "diverged" in of and store.failure(key) is None:
            failure = {"reason": of["diverged"], "traceback": "", "diverged": True}
            store.fail(key, failure)
    return conflicting


def _known(store: RunStore, key: str) -> dict[str, Any]:
    """Return a run's history as far as it is kept, and whether it diverged."""
    record = store.result(key) or store.so_far(key) or {}
    failure = store.failure(key) or {}
    return {"history": record.get("history", []), "diverged": failure.get("diverged", False)}


def _value(known: Mapping[str, Any] | None, tuning: CellTuning, epoch: int) -> float | None:
    """Return a run's measure in an epoch, higher is better; None while it is not known."""
    if known is None:
        return None
    if len(known["history"]) >= epoch:
        value = known["history"][epoch - 1][tuning.measure]
        if value is None or not math.isfinite(value):
            return WORST
        return tuning.turned(float(value))
    return WORST if known["diverged"] else None
