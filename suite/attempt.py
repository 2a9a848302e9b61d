"""One attempt at a run: from what the store holds of it to its result.

The same on a worker of any cluster and in a plain process; it knows nothing of scheduling.
"""

from __future__ import annotations

import os
import socket
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from suite import training
from suite.datasets.images import ImageSet
from suite.datasets.sources import title
from suite.errors import UserError
from suite.provenance import provenance
from suite.settings import Run
from suite.store import RunStore
from suite.study.cells import source_name
from suite.study.file import Execution

Outcome = Literal["done", "failed"]

SECONDS_BETWEEN_NOTES = 5.0
"""How often a run says in the store how far it is."""


def attempt(
    run: Run,
    images: ImageSet,
    store: RunStore,
    execution: Execution,
    on_epoch: Callable[[training.Epoch], None] = lambda _: None,
) -> Outcome:
    """Train a run from its last checkpoint to its result.

    What cannot come out otherwise the next time (a loss that is not finite, a strategy that
    misbehaves) is kept as the run's failure; what may (a full disk, say) is raised as well, so
    that the run is tried again.

    Args:
        run: Which.
        images: Its data.
        store: Where its checkpoint is and its result goes.
        execution: Engine, threads, device, seconds between checkpoints.
        on_epoch: Called with each epoch's record.

    Returns:
        "done", also where another attempt was faster, or "failed".
    """
    if store.result(run.key) is not None:
        return "done"
    store.begin(run.key, {"cell": run.cell, "seed": run.seed, **_settings(run)})
    log = _Log(run, store)
    engine = engine_of(execution)
    started, noted = time.monotonic(), 0.0

    def follow(record: training.Epoch) -> None:
        nonlocal noted
        log.add(_told(record))
        if time.monotonic() - noted >= SECONDS_BETWEEN_NOTES:
            noted = time.monotonic()
            store.note_progress(run.key, _progress(run, record))
        on_epoch(record)

    def keep(checkpoint: bytes) -> None:
        store.keep_checkpoint(run.key, checkpoint)
        log.keep()

    checkpoint = store.checkpoint(run.key)
    log.add(f"{run.cell}, seed {run.seed}: {engine} engine, {'' if checkpoint else 'not '}resumed")
    try:
        trained = training.train(
            run.settings,
            run.seed,
            images,
            engine=engine,
            device="cuda" if execution.gpu > 0 else "cpu",
            threads=max(1, int(execution.cpu)),
            checkpoint=checkpoint,
            keep=keep,
            keep_every=execution.checkpoint_seconds,
            on_epoch=follow,
        )
    except Exception as error:
        log.add(traceback.format_exc())
        log.keep()
        reason = str(error) or type(error).__name__
        store.fail(run.key, {"reason": reason, "traceback": traceback.format_exc()})
        if isinstance(error, training.DivergedError | UserError):
            return "failed"
        raise
    log.add("done")
    log.keep()
    here = {
        **provenance(),
        "engine": engine,
        "threads": max(1, int(execution.cpu)),
        "seconds": time.monotonic() - started,
        "resumed": checkpoint is not None,
    }
    store.finish(
        run.key,
        {
            "key": run.key,
            **_settings(run),
            "seed": run.seed,
            "degrees": trained.degrees,
            "provenance": here,
            "history": trained.history,
        },
    )
    return "done"


def engine_of(execution: Execution) -> Literal["masked", "sparse"]:
    """Return the engine that `auto` stands for: sparse on a CPU, masked on a GPU."""
    if execution.engine == "auto":
        return "masked" if execution.gpu > 0 else "sparse"
    return execution.engine


def _settings(run: Run) -> dict[str, Any]:
    return {
        "settings": run.settings.model_dump(mode="json", exclude={"dataset"}),
        "source": source_name(run.settings.dataset),
        "dataset": title(run.settings.dataset),
        "fingerprint": run.fingerprint,
    }


def _progress(run: Run, record: training.Epoch) -> dict[str, Any]:
    return {
        "epoch": record["epoch"],
        "epochs": run.settings.epochs,
        "train_loss": record["train_loss"],
        "seconds": record["seconds"],
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "time": time.time(),
    }


def _told(record: training.Epoch) -> str:
    return (
        f"epoch {record['epoch']}: train loss {record['train_loss']:.4f}, "
        f"test accuracy {record['test_accuracy']:.4f}, "
        f"{sum(record['connections'])} connections, {record['seconds']:.2f} s"
    )


class _Log:
    """The log of one attempt, rewritten whole in the store whenever it is kept."""

    def __init__(self, run: Run, store: RunStore) -> None:
        now = datetime.now(UTC)
        self._name = f"{now:%Y%m%dT%H%M%S.%f}-{socket.gethostname()}-{os.getpid()}"
        self._run, self._store = run, store
        self._lines: list[str] = []

    def add(self, text: str) -> None:
        self._lines.append(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text}\n")

    def keep(self) -> None:
        self._store.keep_log(self._run.key, self._name, "".join(self._lines))
