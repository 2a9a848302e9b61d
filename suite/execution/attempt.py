"""One attempt at a run: from its last checkpoint to its result.

It is the same on a worker of any cluster and in a plain process, and independent of scheduling.
"""

from __future__ import annotations

import functools
import logging
import traceback
from collections.abc import Callable, Collection, Sequence
from contextlib import closing, redirect_stdout
from typing import Any, Literal

from suite.datasets.dataset import DataSet
from suite.datasets.sources import title
from suite.errors import UserError
from suite.execution.log import Lines, Log, warnings_passed_on
from suite.execution.notes import Notes
from suite.files import patiently
from suite.machine import provenance
from suite.store.records import agree
from suite.store.store import RunStore
from suite.study.cells import source_name
from suite.study.chains import starts
from suite.study.file import Execution
from suite.study.runs import Run
from suite.training import train as training
from suite.training.checkpoint import epochs_behind, history_of
from suite.training.device import gpu
from suite.training.earlier import Earlier, read
from suite.training.network import describe, to_file
from suite.training.network_file import NetworkFile, pack

Outcome = Literal["done", "failed", "stopped"]

_STARTS = "it starts from the network of"

_log = logging.getLogger(__name__)

PATIENCE = 300.0
"""How long an attempt waits for a store that cannot be read or written."""


def attempt(
    run: Run,
    images: DataSet,
    store: RunStore,
    execution: Execution,
    on_epoch: Callable[[training.Epoch], None] = lambda _: None,
    *,
    on_warning: Callable[[str], None] = lambda _: None,
    driver: str = "",
    keeps: Collection[int] = (),
    again: bool = False,
    until: int | None = None,
) -> Outcome:
    """Train a run from its last checkpoint to its result.

    If the store fails (a full disk, a lost mount), the attempt waits where it cannot continue
    without it: for the checkpoint to start from and for the result. A checkpoint, log or note
    that cannot be written meanwhile is left out.

    Args:
        run: Which.
        images: Its data.
        store: Where its checkpoint is and its result goes.
        execution: Engine, threads, device, seconds between checkpoints, what is kept.
        on_epoch: Called with each epoch's record; may raise `training.Stopped`.
        on_warning: Called with what is wrong but ends no run, e.g. a damaged file.
        driver: Token of the driver, which distinguishes this attempt from earlier ones.
        keeps: The epochs after which the network is kept for runs that start from it.
        again: Train the run again even if it is done; its result stays as it is.
        until: Stop after this epoch, with a checkpoint to go on from; by default after the last.

    Returns:
        "done", also if another attempt was faster; "failed" if it would fail again (a loss that is
        not finite, a faulty plug-in), which is noted in the store; "stopped".

    Raises:
        UserError: With `again`, if it fails.
        Exception: Whatever else went wrong, after it was logged; another attempt may succeed.
    """
    log = Log(run, store)
    with warnings_passed_on(log.add, on_warning):
        kept = {e: patiently(functools.partial(store.network, run.key, e), PATIENCE) for e in keeps}
        lost = [epoch for epoch, network in kept.items() if network is None]
        if not lost and not again and patiently(lambda: store.done(run.key), PATIENCE):
            return "done"
        about = {"cell": run.cell, "seed": run.seed, **_settings(run)}
        patiently(lambda: store.begin(run.key, about), PATIENCE)
        try:
            # What a plug-in prints is seen nowhere else.
            with closing(Lines(log.add)) as lines, redirect_stdout(lines):
                return _train(
                    run, images, store, execution, on_epoch, driver, log, lost, again, until
                )
        finally:
            log.keep()


def _train(
    run: Run,
    images: DataSet,
    store: RunStore,
    execution: Execution,
    on_epoch: Callable[[training.Epoch], None],
    driver: str,
    log: Log,
    lost: Collection[int],
    again: bool,
    until: int | None,
) -> Outcome:
    origin = provenance()  # of what is loaded now: an upgrade or a pull may come before the end
    engine = execution.chosen_engine
    training.compile_kernels(engine)  # once a node; only the driver's has done so yet
    notes = Notes(run, store, log, driver)
    checkpoint = patiently(lambda: store.checkpoint(run.key), PATIENCE)
    if checkpoint and lost and epochs_behind(checkpoint) >= min(lost):
        checkpoint = None  # the epoch whose network is wanted lies behind it
    found = "with a checkpoint" if checkpoint else "without a checkpoint"
    log.add(f"{run.cell}, seed {run.seed}: {engine} engine, {found}")
    notes.begin(resumed=bool(checkpoint))
    if checkpoint and _has_reached(run, store, checkpoint, until):
        return "done"
    final: list[NetworkFile] = []

    def follow(record: training.Epoch) -> None:
        notes.epoch(record)
        on_epoch(record)
        if record["epoch"] == until and record["epoch"] < run.settings.epochs:
            raise training.Stopped

    def keeper(epoch: int) -> Callable[[bytes], None]:
        # Later runs need it, so wait for a failing store.
        return lambda kept: patiently(lambda: store.keep_network(run.key, epoch, kept), PATIENCE)

    def keep_final(trained: training.Training, record: training.Epoch) -> None:
        if execution.keep == "network":
            about = {"engine": engine, "threads": execution.threads}
            final.append(_final_network(run, trained, record, images, about))

    try:
        trained = training.train(
            run.settings,
            run.seed,
            images,
            engine=engine,
            device=execution.device,
            threads=execution.threads,
            checkpoint=checkpoint,
            keep=notes.keep,
            keep_every=execution.checkpoint_seconds,
            earlier=_earlier(run, store),
            keep_network={epoch: keeper(epoch) for epoch in lost},
            on_final=keep_final,
            on_warning=notes.warn,
            on_epoch=follow,
        )
        log.add("done")
        here = {
            **origin,
            "engine": engine,
            "threads": execution.threads,
            "gpu": gpu() if execution.device == "cuda" else None,
            "seconds": notes.seconds,
            "resumed_after": len(trained.history) - notes.epochs,
            **({"tuning": dict(run.tuning)} if run.tuning else {}),
        }
        _finish(run, store, _record(run, images, trained, here), final)
    except training.Stopped:
        if _has_reached(run, store, notes.checkpoint, until):
            log.add(f"stopped after epoch {until}, as tuning wants")
            return "done"
        log.add("stopped")
        return "stopped"
    except (training.DivergedError, UserError) as error:
        trace = traceback.format_exc()
        log.add(trace)
        if again:
            raise
        failure: dict[str, Any] = {"reason": str(error), "traceback": trace}
        failure |= {"diverged": True} if isinstance(error, training.DivergedError) else {}
        patiently(lambda: store.fail(run.key, failure), PATIENCE)
        return "failed"
    except Exception:
        log.add(traceback.format_exc())
        raise
    return "done"


def _has_reached(run: Run, store: RunStore, checkpoint: bytes, until: int | None) -> bool:
    """Keep the history so far, if a checkpoint has as many epochs behind it as are wanted."""
    history = history_of(checkpoint) if until is not None and checkpoint else []
    if until is None or len(history) < until:
        return False
    so_far = {"key": run.key, **_settings(run), "seed": run.seed, "history": history}
    patiently(lambda: store.keep_so_far(run.key, so_far), PATIENCE)
    return True


def _finish(
    run: Run, store: RunStore, record: dict[str, Any], networks: Sequence[NetworkFile]
) -> None:
    """Keep a run's result, and its network if one was asked for.

    A run that was trained again for its network keeps the result that it has; a network that does
    not belong to that result is not kept.
    """
    known = patiently(lambda: store.result(run.key), PATIENCE)
    if known is not None and not agree(known["history"], record["history"]):
        _log.warning("%s, seed %d: trained again, it ended differently.", run.cell, run.seed)
        networks = ()
    for content in map(pack, networks):
        patiently(functools.partial(store.keep_final_network, run.key, content), PATIENCE)
    patiently(lambda: store.finish(run.key, known or record), PATIENCE)


def _record(
    run: Run, images: DataSet, trained: training.Trained, here: dict[str, Any]
) -> dict[str, Any]:
    """Return what the store keeps of a finished run, with the provenance of this attempt."""
    return {
        "key": run.key,
        **_settings(run),
        "seed": run.seed,
        "data": {"kind": images.kind, "shape": list(images.shape), "notes": list(images.notes)},
        "degrees": trained.degrees,
        "pixels": trained.pixels,
        "lifetimes": trained.lifetimes,
        "warnings": [warning._asdict() for warning in trained.warnings],
        "provenance": here,
        "history": trained.history,
    }


def _final_network(
    run: Run,
    trained: training.Training,
    record: training.Epoch,
    images: DataSet,
    computed: dict[str, Any],
) -> NetworkFile:
    """Return a run's network as it was just evaluated, with what is known of the run."""
    about = {
        "cell": run.cell,
        "seed": run.seed,
        **{name: value for name, value in _settings(run).items() if name != "settings"},
        **describe(run.settings, images),
        "key": run.key,
        "suite": provenance()["suite"],
        **computed,
        **{name: record[name] for name in ("epoch", "test_loss", "test_accuracy")},
    }
    batches = trained.batches
    return to_file(trained.network, batches.mean, batches.scale, about)


def _earlier(run: Run, store: RunStore) -> Earlier | None:
    """Return the networks that a run starts from, out of the store; None for most runs.

    Raises:
        DivergedError: If the store lacks one because its run diverged.
        UserError: If it lacks one for another reason.
    """
    found = []
    for start in starts(run):
        key, epoch = start.run.key, start.epoch
        kept = patiently(functools.partial(store.network, key, epoch), PATIENCE)
        if kept is None:
            failure = patiently(functools.partial(store.failure, key), PATIENCE)
            because = f"failed: {failure['reason']}" if failure else "is not in the store"
            sentence = f"{_STARTS} {start.run.cell}, seed {run.seed}, after epoch {epoch}, which "
            if _STARTS in because:  # of a long chain, report what went wrong first
                sentence, because = "", because.removeprefix("failed: ")
            diverged = (failure or {}).get("diverged", False)
            raise (training.DivergedError if diverged else UserError)(f"{sentence}{because}")
        found.append(read(kept))
    return Earlier(*found) if found else None


def _settings(run: Run) -> dict[str, Any]:
    return {
        "settings": run.settings.model_dump(mode="json", exclude={"dataset"}),
        "source": source_name(run.settings.dataset),
        "dataset": title(run.settings.dataset),
        "fingerprint": run.fingerprint,
    }
