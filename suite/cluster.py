"""Runs on a Ray cluster: the only module that imports ray.

Ray Tune is given the runs that the store lacks and schedules them; each trial is one attempt at
one run. The store, and not Ray's experiment state, says afterwards what is done.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from suite.settings import Run
from suite.study.cells import source_name
from suite.study.file import Execution

SECONDS_BETWEEN_REPORTS = 1.0
"""A report to Tune costs 2-5 ms: at most one a second from each run."""

_QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
}


class Watcher(Protocol):
    """Who is told what runs do."""

    def started(self, key: str) -> None:
        """A run begins, or begins again."""

    def reached(self, key: str, epoch: int, seconds: float | None) -> None:
        """A run has reached an epoch; its last one took so many seconds, if that is known."""

    def ended(self, key: str, failed: bool) -> None:
        """A run has ended."""


@dataclass(frozen=True)
class _Job:
    """What every trial of a study needs; one copy a node, in Ray's object store."""

    runs: Mapping[str, Run]
    images: Mapping[str, Any]
    location: str
    execution: Execution
    plugins: Sequence[Any]


def execute(
    runs: Sequence[Run],
    images: Mapping[str, Any],
    *,
    location: str,
    execution: Execution,
    plugins: Sequence[Any] = (),
    address: str | None = None,
    watcher: Watcher | None = None,
) -> None:
    """Have Ray Tune train runs, first to last as cores come free.

    Returns when all have ended, failed ones included, or after an interrupt (Ctrl-C); what came
    of each stands in the store.

    Args:
        runs: What the store lacks.
        images: Each run's `ImageSet`, by `source_name`; put into Ray's object store once.
        location: The run store's path or URL.
        execution: Engine, resources a run, retries, seconds between checkpoints.
        plugins: Regrowth strategies to load on every worker.
        address: An existing cluster, "auto" or HOST:PORT; this machine alone by default.
        watcher: Is told what runs do.
    """
    with _ray(address) as (ray, tune):
        job = _Job(
            {run.key: run for run in runs},
            {name: ray.put(image_set) for name, image_set in images.items()},
            location,
            execution,
            plugins,
        )
        trainable = tune.with_resources(
            tune.with_parameters(_trial, job=job), {"cpu": execution.cpu, "gpu": execution.gpu}
        )
        with tempfile.TemporaryDirectory(prefix="suite-tune-") as scratch:
            tune.Tuner(
                trainable,
                param_space={"key": tune.grid_search([run.key for run in runs])},
                tune_config=tune.TuneConfig(
                    reuse_actors=True,
                    trial_name_creator=lambda trial: trial.config["key"],
                    trial_dirname_creator=lambda trial: trial.config["key"],
                ),
                run_config=tune.RunConfig(
                    storage_path=scratch,
                    failure_config=tune.FailureConfig(max_failures=execution.retries),
                    callbacks=[_callback(tune, watcher)] if watcher else [],
                    verbose=0,
                ),
            ).fit()


def _trial(config: dict[str, Any], job: _Job) -> None:
    """One attempt at one run, on whatever node Ray Tune has chosen."""
    import ray
    from ray import tune

    from suite.attempt import attempt
    from suite.evolution.plugins import load
    from suite.store import RunStore

    for plugin in job.plugins:
        load(plugin)
    run = job.runs[config["key"]]
    images = ray.get(job.images[source_name(run.settings.dataset)])
    reported = 0.0

    def report(record: dict[str, Any]) -> None:
        nonlocal reported
        if time.monotonic() - reported >= SECONDS_BETWEEN_REPORTS:
            reported = time.monotonic()
            tune.report({"epoch": record["epoch"], "seconds": record["seconds"]})

    outcome = attempt(run, images, RunStore(job.location), job.execution, report)
    tune.report({"epoch": run.settings.epochs, "seconds": None, "outcome": outcome})


def _callback(tune: Any, watcher: Watcher) -> Any:
    """Pass on to a watcher what Tune says of its trials."""

    class Callback(tune.Callback):  # type: ignore[misc]
        def on_trial_start(self, *, trial: Any, **_: Any) -> None:
            watcher.started(trial.config["key"])

        def on_trial_result(self, *, trial: Any, result: Any, **_: Any) -> None:
            watcher.reached(trial.config["key"], result["epoch"], result["seconds"])

        def on_trial_complete(self, *, trial: Any, **_: Any) -> None:
            failed = trial.last_result.get("outcome") == "failed"
            watcher.ended(trial.config["key"], failed)

        def on_trial_error(self, *, trial: Any, **_: Any) -> None:
            watcher.ended(trial.config["key"], True)

        def __reduce__(self) -> Any:
            return tune.Callback, ()  # Tune pickles its callbacks; a watcher cannot be

    return Callback()


@contextmanager
def _ray(address: str | None) -> Iterator[tuple[Any, Any]]:
    """Connect to a cluster, or start one on this machine for as long as it is needed."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if address is None:
        os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # on this machine's loopback only
    import ray
    from ray import tune

    logging.getLogger("ray").setLevel(logging.ERROR)
    connected = ray.is_initialized()
    if not connected:
        ray.init(
            address=address or "local",
            include_dashboard=False if address is None else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    try:
        yield ray, tune
    finally:
        if not connected:
            ray.shutdown()
