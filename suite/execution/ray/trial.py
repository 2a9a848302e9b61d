"""What a worker does: one attempt at one run, and reports to Ray Tune."""

from __future__ import annotations

import functools
import socket
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from suite.errors import UserError
from suite.execution.stopping import StrangerError
from suite.files import patiently
from suite.store.lock import Order, order
from suite.store.store import RunStore
from suite.study.cells import source_name
from suite.study.file import Execution
from suite.study.runs import Run

if TYPE_CHECKING:
    from suite.training.train import Epoch

SECONDS_BETWEEN_REPORTS = 1.0
"""A report to Tune costs 2-5 ms: at most one a second from each run."""

SECONDS_BETWEEN_ORDERS = 5.0
"""How often a run looks up whether the driver wants it to stop."""

SECONDS_TO_SEE_THE_STORE = 60.0
"""How long a network file system may take to show a new file."""

UNREADABLE_STORE_WAITS = 4
"""How many times longer to wait for a store that cannot be read."""


@dataclass(frozen=True)
class Job:
    """What every trial of a study needs; one copy a node, in Ray's object store."""

    runs: Mapping[str, Run]
    images: Mapping[str, Any]
    location: str
    execution: Execution
    plugins: Sequence[Any]
    study: str
    token: str
    started: float
    displaced: str | None
    driver: str
    seconds_to_see_the_store: float
    kept: Mapping[str, Collection[int]] = field(default_factory=dict)
    until: Mapping[str, int] = field(default_factory=dict)
    code: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shared:
    """Where in Ray's object store the job of all trials is."""

    reference: Any


@functools.lru_cache(maxsize=1)
def _job(reference: Any) -> Job:
    """Return the job, read once by each worker: of 10,000 runs it takes as long as a short run."""
    import ray

    job: Job = ray.get(reference)
    return job


def trial(config: dict[str, Any], shared: Shared) -> None:
    """Make one attempt at one run, on the node that Ray Tune has chosen."""
    import ray
    from ray import tune

    from suite.execution.attempt import attempt
    from suite.methods.plugins import load
    from suite.training.train import Stopped

    job = _job(shared.reference)
    store, wanted = _seen_store(job)
    if wanted == "stop":
        tune.report({"outcome": "stopped"})
        return
    for plugin in job.plugins:
        load(plugin)
    run = job.runs[config["run"]["key"]]
    _check_code(run, job)
    images = ray.get(job.images[source_name(run.settings.dataset)])
    reported = 0.0
    obeyed = time.monotonic()

    def report(record: Epoch) -> None:
        nonlocal reported, obeyed
        now = time.monotonic()
        if now - reported >= SECONDS_BETWEEN_REPORTS:
            reported = now
            tune.report(_report_of(record))
        if now - obeyed >= SECONDS_BETWEEN_ORDERS:
            obeyed = now
            if _order(store, job) == "stop":
                raise Stopped

    def warn(sentence: str) -> None:
        tune.report({"warning": sentence})

    outcome = attempt(
        run,
        images,
        store,
        job.execution,
        report,
        on_warning=warn,
        driver=job.token,
        keeps=job.kept.get(run.key, ()),
        until=job.until.get(run.key),
    )
    tune.report({"outcome": outcome})


def _check_code(run: Run, job: Job) -> None:
    """Check that the parts from outside are here what the driver made the run's key of.

    Raises:
        StrangerError: If an installed package or a module has other code here.
    """
    for (kind, name), digest in code_of([run]).items():
        if job.code.get((kind, name)) != digest:
            raise StrangerError(
                f"{socket.gethostname()} has other code of {kind} {name} than the driver on "
                f"{job.driver} had when it started; install the same everywhere, and run it again."
            )


def code_of(runs: Iterable[Run]) -> dict[tuple[str, str], str]:
    """Return the fingerprints of the plug-ins of some runs, by kind and name of their parts."""
    recipes = (run.settings.recipe for run in runs)
    return {
        (kind, recipe.answer(kind).name): digest
        for recipe in recipes
        for kind, digest in recipe.fingerprints.items()
    }


class _UnsignedError(OSError):
    """A store that can be read, without the driver's sign in it."""


def _seen_store(job: Job) -> tuple[RunStore, Order]:
    """Return the store and what the driver wants, having waited for its sign to show there.

    What shows may be the sign of an earlier driver: one that died there, where the store is
    another, or one that a network file system still remembers. A store that cannot be read is
    waited for longer than one that is without the sign: a mount may come back.

    Raises:
        StrangerError: If the sign does not show, or the store cannot be read from here.
    """

    def seen() -> tuple[RunStore, Order]:
        try:
            store = RunStore(job.location)  # for a bucket, this asks the network
        except UserError as error:
            raise OSError(str(error)) from error
        store.insist()
        if (
            found := order(store, job.study, job.token, since=job.started, displaced=job.displaced)
        ) == "unknown":
            raise _UnsignedError
        return store, found

    trouble: OSError | None = None
    for waits in (1, UNREADABLE_STORE_WAITS):
        try:
            return patiently(seen, waits * job.seconds_to_see_the_store)
        except _UnsignedError as error:
            trouble = error
            break
        except OSError as error:
            trouble = error
    here = socket.gethostname()
    if isinstance(trouble, _UnsignedError | FileNotFoundError):
        raise StrangerError(
            f"{here} does not see the same store at {job.location} as the driver on {job.driver}; "
            "use a store that all nodes share (a network file system, s3://)."
        )
    raise StrangerError(
        f"{here} cannot read the store at {job.location}, but the driver on {job.driver} can: "
        f"{trouble}"
    )


def _order(store: RunStore, job: Job) -> Order:
    try:
        return order(store, job.study, job.token, displaced=job.displaced)
    except OSError:
        return "unknown"  # a store that cannot be read gives no order


def _report_of(record: Epoch) -> dict[str, Any]:
    """Return an epoch's record as trackers draw it: one number a name, counted in epochs."""
    numbers = {name: value for name, value in record.items() if isinstance(value, int | float)}
    return {
        **numbers,
        "connections": sum(record["connections"]),
        "timesteps_total": record["epoch"],
    }
