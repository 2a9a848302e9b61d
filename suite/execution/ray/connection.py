"""A Ray cluster to run on: one that exists, or this machine alone."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import (
    AbstractContextManager,
    ExitStack,
    contextmanager,
    redirect_stderr,
    redirect_stdout,
)
from pathlib import Path
from typing import Any

from suite import machine
from suite.errors import UserError
from suite.study.file import Execution

SECONDS_TO_REACH_A_CLUSTER = 10.0

SECONDS_BETWEEN_KNOCKS = 1.0
KNOCKS = 3
"""After this many failures the head counts as gone; a minute later Ray ends the driver."""

_ENVIRONMENT = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # `Ending` handles signals
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # Tune's snapshots are not used: the store is the truth
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_enable_worker_prestart": "0",  # every trial gets a worker of its own: these would idle
    "RAY_prestart_worker_first_driver": "0",
}


def check_room(resources: Mapping[str, float], execution: Execution) -> None:
    """Refuse runs that this machine has no room for; a cluster may grow."""
    for name, asked in (("CPU", execution.cpu), ("GPU", execution.gpu)):
        has = resources.get(name, 0)
        if asked > has:
            raise UserError(
                f"execution.{name.lower()}: {asked:g} is more than the {has:g} of this machine."
            )


def _reach(address: str) -> None:
    """Refuse an address where nothing answers."""
    try:
        _knock(address)
    except ValueError:
        raise UserError(f"--address {address}: must be HOST:PORT or auto.") from None
    except OSError as error:
        raise UserError(f"--address {address}: no cluster answers there ({error}).") from None


def _knock(address: str) -> None:
    """Connect to HOST:PORT, and disconnect.

    Raises:
        OSError: If nothing answers.
        ValueError: If that is not an address.
    """
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), SECONDS_TO_REACH_A_CLUSTER).close()


@contextmanager
def head_watched(ray: Any, warn: Callable[[str], None]) -> Iterator[None]:
    """Explain how to resume if the head of the cluster is gone: Ray then ends the driver."""
    address = ray.get_runtime_context().gcs_address
    over = threading.Event()

    def watch() -> None:
        missed = 0
        while not over.wait(SECONDS_BETWEEN_KNOCKS):
            try:
                _knock(address)
                missed = 0
            except OSError:
                missed += 1
            if missed == KNOCKS:
                warn(
                    f"The head of the cluster ({address}) does not answer. If it does not come "
                    "back, Ray ends this driver; the same suite run then resumes from the store."
                )

    threading.Thread(target=watch, name="suite-head", daemon=True).start()
    try:
        yield
    finally:
        over.set()


@contextmanager
def _native_silence() -> Iterator[None]:
    """Hide what Ray's native code writes to standard error; Python's own writing still shows."""
    sys.stderr.flush()
    with (
        os.fdopen(os.dup(2), "w", buffering=1, errors="replace") as shown,
        Path(os.devnull).open("w") as nowhere,
        redirect_stderr(shown),
    ):
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(shown.fileno(), 2)


@contextmanager
def connected(
    address: str | None,
    undisturbed: Callable[[], AbstractContextManager[None]],
    stays: ExitStack | None = None,
) -> Iterator[tuple[Any, Any]]:
    """Connect to a cluster, or start one on this machine for as long as it is needed.

    Args:
        address: An existing cluster, "auto" or HOST:PORT; this machine alone by default.
        undisturbed: Delays interrupts. An interrupt while Ray connects would leave its native
            worker running; when Ray later stops its processes, the driver would die of a
            segmentation fault.
        stays: Keeps the connection until it is closed, for the calls until then; by default it
            ends here.

    Raises:
        UserError: If the cluster does not exist.
        KeyboardInterrupt: If a second interrupt came meanwhile.
    """
    for name, value in _ENVIRONMENT.items():
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
    with ExitStack() as ends:
        with undisturbed():
            ray, tune, ours = _connect(address)
            if ours:
                (stays or ends).callback(_disconnect, ray, undisturbed)
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):  # raylets' messages
            yield ray, tune


def _disconnect(ray: Any, undisturbed: Callable[[], AbstractContextManager[None]]) -> None:
    with undisturbed():
        ray.shutdown()


def _connect(address: str | None) -> tuple[Any, Any, bool]:
    """Return ray, tune, and whether the connection is this call's, to be ended by its caller."""
    import ray
    from ray import tune

    logging.getLogger("ray").setLevel(logging.CRITICAL)
    ours = not ray.is_initialized()
    if ours:
        try:
            with _native_silence():
                ray.init(
                    address=address or "local",
                    num_cpus=machine.at_hand() if address is None else None,
                    include_dashboard=False if address is None else None,
                    log_to_driver=False,
                    logging_level=logging.CRITICAL,
                )
        except Exception as error:  # Ray raises a bare one where a node takes too long to start
            reason = str(error).strip().partition("\n")[0].rstrip(".")
            if address is None:
                raise UserError(f"Ray cannot be started on this machine ({reason}).") from error
            raise UserError(
                f"--address {address}: no cluster can be used there ({reason}). If it needs "
                "a token, set the same token here, and RAY_AUTH_MODE=token."
            ) from None
    return ray, tune, ours
