"""Runs on a Ray cluster: the only module that imports ray.

Ray Tune is given the runs that the store lacks and schedules them; each trial is one attempt at
one run. The store, and not Ray's experiment state, says afterwards what is done.

Nothing ends a study but its last run, an interrupt, another driver that has taken over, or a
worker that sees another store than the driver; what dies meanwhile, Tune starts again.
"""

from __future__ import annotations

import logging
import os
import pickle
import re
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.ending import Ending, StrangerError, Watcher
from suite.errors import UserError
from suite.files import patiently
from suite.lock import Lock, Order, order
from suite.settings import Run
from suite.store import RunStore
from suite.study.cells import source_name
from suite.study.file import Execution

if TYPE_CHECKING:
    from suite.training import Epoch

SECONDS_BETWEEN_REPORTS = 1.0
"""A report to Tune costs 2-5 ms: at most one a second from each run."""

SECONDS_BETWEEN_ORDERS = 5.0
"""How often a run looks up whether the driver wants it to stop."""

SECONDS_TO_SEE_THE_STORE = 60.0
"""A network file system may show a new file so late."""

SECONDS_TO_REACH_A_CLUSTER = 10.0

SECONDS_WITHOUT_ROOM = 60.0
"""A cluster that has run nothing for so long has no room, or is only growing."""

_QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # `Ending` has its own
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # nobody reads Tune's snapshots: the store is the truth
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
}

_COLOUR = re.compile(r"\x1b\[\d*m")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Job:
    """What every trial of a study needs; one copy a node, in Ray's object store."""

    runs: Mapping[str, Run]
    images: Mapping[str, Any]
    location: str
    execution: Execution
    plugins: Sequence[Any]
    study: str
    token: str
    driver: str
    seconds_to_see_the_store: float


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
) -> bool:
    """Have Ray Tune train runs, first to last as cores come free.

    Returns when all have ended, failed ones included, or after an interrupt (Ctrl-C or SIGTERM);
    what came of each stands in the store.

    Args:
        runs: What the store lacks.
        images: Each run's `ImageSet`, by `source_name`; put into Ray's object store once.
        store: The run store.
        lock: Held on driving the study.
        execution: Engine, resources a run, retries, seconds between checkpoints.
        watcher: Is told what runs do.
        plugins: Regrowth strategies to load on every worker.
        address: An existing cluster, "auto" or HOST:PORT; this machine alone by default.

    Returns:
        Whether all runs have ended: False after an interrupt.

    Raises:
        UserError: If there is no such cluster, if the runs can never be placed, if a worker sees
            another store than the driver, or if another driver has taken over.
        KeyboardInterrupt: At the second interrupt.
    """
    with _ray(address) as (ray, tune):
        if address is None:
            _check_room(ray.cluster_resources(), execution)
        job = _Job(
            {run.key: run for run in runs},
            {name: ray.put(image_set) for name, image_set in images.items()},
            store.location,
            execution,
            plugins,
            lock.study,
            lock.token,
            socket.gethostname(),
            SECONDS_TO_SEE_THE_STORE,
        )
        trainable = tune.with_resources(
            tune.with_parameters(_trial, job=job), {"cpu": execution.cpu, "gpu": execution.gpu}
        )
        ending = Ending(lock, watcher)
        with tempfile.TemporaryDirectory(prefix="suite-tune-") as scratch, ending.on_signals():
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
                    callbacks=[_callback(tune, store, watcher, ending)],
                    stop=_stopper(tune, ending),
                    verbose=0,
                ),
            ).fit()
    if ending.reason is not None:
        raise UserError(ending.reason)
    return not ending.interrupted


def _trial(config: dict[str, Any], job: _Job) -> None:
    """One attempt at one run, on whatever node Ray Tune has chosen."""
    import ray
    from ray import tune

    from suite.attempt import Stopped, attempt
    from suite.evolution.plugins import load

    store = RunStore(job.location)
    store.insist()
    if _first_order(store, job) == "stop":
        tune.report({"outcome": "stopped"})
        return
    for plugin in job.plugins:
        load(plugin)
    run = job.runs[config["key"]]
    images = ray.get(job.images[source_name(run.settings.dataset)])
    reported = 0.0
    obeyed = time.monotonic()

    def report(record: Epoch) -> None:
        nonlocal reported, obeyed
        now = time.monotonic()
        if now - reported >= SECONDS_BETWEEN_REPORTS:
            reported = now
            tune.report({"epoch": record["epoch"], "seconds": record["seconds"]})
        if now - obeyed >= SECONDS_BETWEEN_ORDERS:
            obeyed = now
            if _order(store, job) == "stop":
                raise Stopped

    outcome = attempt(run, images, store, job.execution, report, driver=job.token)
    tune.report({"outcome": outcome})


def _first_order(store: RunStore, job: _Job) -> Order:
    """Return what the driver wants, having waited for its sign to show in the store.

    Raises:
        StrangerError: If it does not show.
        OSError: If the store cannot be read.
    """

    def seen() -> Order:
        if (found := order(store, job.study, job.token)) == "unknown":
            raise FileNotFoundError
        return found

    try:
        return patiently(seen, job.seconds_to_see_the_store)
    except FileNotFoundError:
        raise StrangerError(
            f"{socket.gethostname()} does not see the same store at {job.location} as the driver "
            f"on {job.driver}: it must be one that all nodes share (a network file system, s3://)."
        ) from None


def _order(store: RunStore, job: _Job) -> Order:
    try:
        return order(store, job.study, job.token)
    except OSError:
        return "unknown"  # a store in trouble for a while is no order


def _callback(tune: Any, store: RunStore, watcher: Watcher, ending: Ending) -> Any:
    """Pass on to a watcher what Tune says of its trials, and note in the store what failed."""
    busy = time.monotonic()

    class Callback(tune.Callback):
        def on_step_end(self, **_: Any) -> None:
            nonlocal busy
            now = time.monotonic()
            if ending.running:
                busy = now
            elif now - busy > SECONDS_WITHOUT_ROOM:
                busy = now
                watcher.waiting()

        def on_trial_start(self, *, trial: Any, **_: Any) -> None:
            ending.running.add(trial.config["key"])
            watcher.started(trial.config["key"])

        def on_trial_result(self, *, trial: Any, result: Any, **_: Any) -> None:
            if "outcome" not in result:
                watcher.reached(trial.config["key"], result["epoch"], result["seconds"])

        def on_trial_recover(self, *, trial: Any, **_: Any) -> None:
            error = _error_of(trial)
            ending.running.discard(trial.config["key"])
            ending.hear(error)
            if ending.reason is None:
                watcher.retried(trial.config["key"], _reason(error))

        def on_trial_complete(self, *, trial: Any, **_: Any) -> None:
            ending.running.discard(trial.config["key"])
            watcher.ended(trial.config["key"], trial.last_result.get("outcome", "stopped"))

        def on_trial_error(self, *, trial: Any, **_: Any) -> None:
            key, error = trial.config["key"], _error_of(trial)
            reason = f"{_reason(error)}; tried {trial.num_failures} times"
            ending.running.discard(key)
            ending.hear(error)
            try:
                store.fail(key, {"reason": reason, "traceback": _COLOUR.sub("", str(error))})
            except OSError as trouble:
                _log.warning("%s failed (%s), which cannot be noted: %s", key, reason, trouble)
            watcher.ended(key, "failed")

        def __reduce__(self) -> Any:
            return tune.Callback, ()  # Tune pickles its callbacks; a watcher cannot be

    return Callback()


def _error_of(trial: Any) -> Exception:
    """Return what a trial's last attempt died of, which Tune keeps in a file."""
    try:
        error: Exception = pickle.loads(Path(trial.pickled_error_file).read_bytes())
    except (OSError, TypeError, pickle.PickleError, AttributeError, ImportError):
        return RuntimeError("unknown")
    return error


def _reason(error: Exception) -> str:
    """Return an error in few words: Ray wraps what a worker raised, and tells deaths at length."""
    error = getattr(error, "cause", None) or error
    told = str(error).strip() or type(error).__name__
    if type(error).__name__ == "ActorUnavailableError":
        return "its worker cannot be reached"
    if "because its " in told:  # The actor is dead because its node has died. Node Id: ...
        return "its " + told.rpartition("because its ")[2].partition(".")[0]
    return told.partition("\n")[0]


def _stopper(tune: Any, ending: Ending) -> Any:
    class Stopper(tune.Stopper):
        def __call__(self, *_: Any, **__: Any) -> bool:
            return False

        def stop_all(self) -> bool:
            return ending.now()

        def __reduce__(self) -> Any:
            return tune.stopper.NoopStopper, ()  # Tune pickles it; a lock cannot be

    return Stopper()


def _check_room(resources: Mapping[str, float], execution: Execution) -> None:
    """Refuse runs that this machine can never hold; a cluster may grow."""
    for name, asked in (("CPU", execution.cpu), ("GPU", execution.gpu)):
        has = resources.get(name, 0)
        if asked > has:
            raise UserError(
                f"execution asks for {asked:g} {name}s a run, and this machine has {has:g}."
            )


def _reach(address: str) -> None:
    """Refuse an address where nobody answers."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), SECONDS_TO_REACH_A_CLUSTER).close()
    except (OSError, ValueError) as error:
        raise UserError(f"--address {address}: no cluster answers there ({error}).") from None


@contextmanager
def _ray(address: str | None) -> Iterator[tuple[Any, Any]]:
    """Connect to a cluster, or start one on this machine for as long as it is needed."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if address is None:
        os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # on this machine's loopback only
    elif address.startswith("ray://"):
        raise UserError(
            f"--address {address}: the driver must run on a node of the cluster; give HOST:PORT "
            "or auto there, or submit it with ray job submit."
        )
    elif address != "auto":
        _reach(address)  # Ray itself tries for minutes
    import ray
    from ray import tune

    logging.getLogger("ray").setLevel(logging.CRITICAL)
    connected = ray.is_initialized()
    if not connected:
        try:
            ray.init(
                address=address or "local",
                include_dashboard=False if address is None else None,
                log_to_driver=False,
                logging_level=logging.CRITICAL,
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            if address is None:
                raise
            reason = str(error).strip().partition("\n")[0]
            raise UserError(
                f"--address {address}: no cluster can be used there ({reason})."
            ) from None
    try:
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):  # raylets' messages
            yield ray, tune
    finally:
        if not connected:
            ray.shutdown()
