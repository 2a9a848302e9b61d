"""Trains runs with Ray Tune."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import MappingProxyType
from typing import Any

from suite.errors import UserError
from suite.execution.ray import tracking
from suite.execution.ray import trial as trials
from suite.execution.ray.callbacks import Death, callback, stopper, try_again
from suite.execution.ray.connection import check_room, connected, head_watched
from suite.execution.ray.order import first_come, in_turn
from suite.execution.stopping import Ending, Watcher
from suite.store.lock import Lock
from suite.store.store import RunStore
from suite.study.chains import kept_epochs, starts
from suite.study.file import Execution
from suite.study.runs import Run

Choose = Callable[[Sequence[Run], int], Sequence[Run]]


def execute(
    runs: Sequence[Run],
    images: Mapping[str, Any],
    *,
    store: RunStore,
    lock: Lock,
    execution: Execution,
    watcher: Watcher,
    plugins: Sequence[Any] = (),
    address: str | None = None,
    choose: Choose | None = None,
    until: Mapping[str, int] = MappingProxyType({}),
    stays: ExitStack | None = None,
) -> bool:
    """Have Ray Tune train runs, first to last as cores come free; of a chain, round by round.

    Returns when all have ended, failed ones included, or after an interrupt (Ctrl-C or SIGTERM);
    the outcome of each is in the store.

    Args:
        runs: What the store lacks.
        images: Each run's `DataSet`, by `source_name`; put into Ray's object store once.
        store: The run store.
        lock: Held on driving the study.
        execution: Engine, resources a run, retries, seconds between checkpoints.
        watcher: Is notified of what runs do.
        plugins: The study's plug-ins, loaded on every worker.
        address: An existing cluster, "auto" or HOST:PORT; this machine alone by default.
        choose: Given the runs that have not ended and how many can go on at once, returns those to
            train next, with all that they start from; none to end. By default all.
        until: The epoch after which a run is to stop, by key; by default its last.
        stays: Keeps Ray until it is closed, for the calls until then; by default it ends here.

    Returns:
        Whether all runs that were chosen have ended: False after an interrupt.

    Raises:
        UserError: If the cluster does not exist, if the runs can never be placed, if a worker sees
            another store than the driver, or if another driver has taken over.
        KeyboardInterrupt: At the second interrupt.
    """
    tracking.check_installed(execution.track)
    ending = Ending(lock, watcher)

    @contextmanager
    def undisturbed() -> Iterator[None]:
        with ending.on_signals(), ending.undisturbed():
            yield

    with (
        ending.on_signals(),
        connected(address, undisturbed, stays) as (ray, tune),
        ending.on_signals(),  # again, because Ray has replaced them
    ):
        if address is None:
            check_room(ray.cluster_resources(), execution)
        job = trials.Job(
            {run.key: run for run in runs},
            {name: ray.put(image_set) for name, image_set in images.items()},
            store.location,
            execution,
            plugins,
            lock.study,
            lock.token,
            lock.started,
            lock.displaced,
            socket.gethostname(),
            trials.SECONDS_TO_SEE_THE_STORE,
            kept_epochs(runs),
            dict(until),
            trials.code_of(runs),
        )
        trainable = tune.with_resources(
            tune.with_parameters(trials.trial, shared=trials.Shared(ray.put(job))),
            {"cpu": execution.cpu, "gpu": execution.gpu},
        )
        deaths: dict[str, Death] = {}
        with (
            tempfile.TemporaryDirectory(prefix="suite-tune-") as scratch,
            head_watched(ray, watcher.warned),
        ):
            while not ending.now() and (left := [r for r in runs if r.key not in ending.ended]):
                has = ray.cluster_resources()
                room = execution.at_once(has.get("CPU", 0), has.get("GPU", 0))
                if not (chosen := choose(left, room) if choose else left):
                    break
                ready = _ready(chosen)
                try:
                    tune.Tuner(
                        trainable,
                        param_space={"run": in_turn(tune, ready)},
                        tune_config=tune.TuneConfig(
                            num_samples=len(ready),
                            scheduler=first_come(tune),
                            reuse_actors=True,
                            trial_name_creator=lambda trial: trial.config["run"]["name"],
                            trial_dirname_creator=lambda trial: trial.config["run"]["key"],
                        ),
                        run_config=tune.RunConfig(
                            storage_path=scratch,
                            failure_config=tune.FailureConfig(max_failures=execution.retries),
                            callbacks=[
                                callback(tune, store, watcher, ending),
                                *tracking.trackers(execution.track, lock.study, watcher.warned),
                            ],
                            stop=stopper(tune, ending),
                            verbose=0,
                        ),
                    ).fit()
                except RuntimeError as error:
                    # Tune itself gives up if Ray kills a worker that is out of memory.
                    if not ending.running:
                        raise
                    try_again(error, deaths, execution.retries, store, watcher, ending)
    if ending.reason is not None:
        raise UserError(ending.reason)
    return not ending.interrupted


def _ready(runs: Sequence[Run]) -> list[Run]:
    """Return the runs that start from none of the others; there is one, as no chain is a circle."""
    left = {run.key for run in runs}
    return [run for run in runs if not any(start.run.key in left for start in starts(run))]
