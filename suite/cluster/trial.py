"""What a worker does: one attempt at one run, and word of it to Ray Tune."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from suite.ending import StrangerError
from suite.errors import UserError
from suite.files import patiently
from suite.lock import Order, order
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
    driver: str
    seconds_to_see_the_store: float


def trial(config: dict[str, Any], job: Job) -> None:
    """One attempt at one run, on whatever node Ray Tune has chosen."""
    import ray
    from ray import tune

    from suite.attempt import attempt
    from suite.evolution.plugins import load
    from suite.training import Stopped

    store = patiently(lambda: _opened(job.location), job.seconds_to_see_the_store)
    store.insist()
    if _first_order(store, job) == "stop":
        tune.report({"outcome": "stopped"})
        return
    for plugin in job.plugins:
        load(plugin)
    run = job.runs[config["run"]["key"]]
    images = ray.get(job.images[source_name(run.settings.dataset)])
    reported = 0.0
    obeyed = time.monotonic()

    def report(record: Epoch) -> None:
        nonlocal reported, obeyed
        now = time.monotonic()
        if now - reported >= SECONDS_BETWEEN_REPORTS:
            reported = now
            tune.report(_told(record))
        if now - obeyed >= SECONDS_BETWEEN_ORDERS:
            obeyed = now
            if _order(store, job) == "stop":
                raise Stopped

    outcome = attempt(run, images, store, job.execution, report, driver=job.token)
    tune.report({"outcome": outcome})


def _opened(location: str) -> RunStore:
    """Open the store, which for a bucket asks the network."""
    try:
        return RunStore(location)
    except UserError as error:
        raise OSError(str(error)) from error


def _first_order(store: RunStore, job: Job) -> Order:
    """Return what the driver wants, having waited for its sign to show in the store.

    What shows may be the sign of an earlier driver: one that died there, where the store is
    another, or one that a network file system still remembers.

    Raises:
        StrangerError: If it does not show.
        OSError: If the store cannot be read.
    """

    def seen() -> Order:
        if (found := order(store, job.study, job.token, since=job.started)) == "unknown":
            raise FileNotFoundError
        return found

    try:
        return patiently(seen, job.seconds_to_see_the_store)
    except FileNotFoundError:
        raise StrangerError(
            f"{socket.gethostname()} does not see the same store at {job.location} as the driver "
            f"on {job.driver}: it must be one that all nodes share (a network file system, s3://)."
        ) from None


def _order(store: RunStore, job: Job) -> Order:
    try:
        return order(store, job.study, job.token)
    except OSError:
        return "unknown"  # a store in trouble for a while is no order


def _told(record: Epoch) -> dict[str, Any]:
    """Return an epoch's record as trackers draw it: one number a name, counted in epochs."""
    told = {name: value for name, value in record.items() if isinstance(value, int | float)}
    return {**told, "connections": sum(record["connections"]), "timesteps_total": record["epoch"]}
