"""What scheduling costs: the share of core time in training while Ray Tune places short runs."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from suite import machine
from suite.bench.workload import Bench
from suite.datasets.sources import NpzSource
from suite.errors import UserError
from suite.execution.attempt import Outcome
from suite.execution.stopping import Watcher
from suite.settings import Settings
from suite.store.lock import hold
from suite.store.store import RunStore
from suite.study.cells import source_name
from suite.study.file import Execution
from suite.study.runs import Run
from suite.training.timing import epoch_seconds

RUNS = 500
"""This many runs wait to be placed; what waits costs too."""

RUN_SECONDS = 20.0
"""How long a run trains, about."""


@dataclass
class Stopwatch(Watcher):
    """Watches runs, and interrupts the study as Ctrl-C does once enough of them have ended.

    Attributes:
        enough: How many.
        starts: When each run started, on the monotonic clock.
        ends: When each run ended.
    """

    enough: int
    starts: dict[str, float] = field(default_factory=dict)
    ends: dict[str, float] = field(default_factory=dict)

    def started(self, key: str) -> None:
        """A run begins."""
        self.starts[key] = time.monotonic()

    def ended(self, key: str, outcome: Outcome) -> None:
        """A run has ended."""
        if outcome == "done":
            self.ends[key] = time.monotonic()
            if len(self.ends) == self.enough:
                signal.raise_signal(signal.SIGINT)


def scheduling(
    bench: Bench, turns: int, *, runs: int = RUNS, run_seconds: float = RUN_SECONDS
) -> dict[str, float]:
    """Measure how much of the cores' time is training while many short runs are placed.

    Counted from when every core has its first run until a third of `turns` runs per core (3 at
    least) are done; the rest is placing, logs, checkpoints, results, and the driver.

    Raises:
        UserError: If too many runs failed to measure by the others.
        KeyboardInterrupt: After an interrupt.
    """
    from suite.execution import ray as cluster

    at_once = machine.at_hand()
    source = NpzSource(name="random images", npz="random images")
    settings = Settings(dataset=source, hidden=bench.hidden, epsilon=bench.epsilon, epochs=1)
    epochs = max(1, round(run_seconds / epoch_seconds(settings, bench.images, engine="sparse")))
    settings = settings.model_copy(update={"epochs": epochs})
    waiting = [Run("short", settings, seed, bench.images.fingerprint) for seed in range(runs)]
    watch = Stopwatch(enough=min(runs, max(3, turns // 3) * at_once))
    with tempfile.TemporaryDirectory(prefix="suite-bench-") as folder:
        store = RunStore(folder)
        store.stand()
        with hold(store, "bench") as lock:
            ended = cluster.execute(
                waiting,
                {source_name(source): bench.images},
                store=store,
                lock=lock,
                execution=Execution(engine="sparse"),
                watcher=watch,
            )
        if len(watch.ends) < watch.enough:
            _give_up(store, waiting, interrupted=not ended)
        results = {key: store.result(key) for key in watch.ends}
    trained = {
        key: sum(epoch["seconds"] for epoch in result["history"])
        for key, result in results.items()
        if result is not None
    }
    return {
        "runs": len(trained),
        "run_ms": 1000 * sum(trained.values()) / len(trained),
        "share_of_core_time": share(watch, trained, at_once),
    }


def _give_up(store: RunStore, runs: Sequence[Run], *, interrupted: bool) -> NoReturn:
    """Say why too few runs are done to measure by.

    Raises:
        KeyboardInterrupt: If somebody wished it.
        UserError: If runs failed.
    """
    if interrupted:
        raise KeyboardInterrupt
    failures = (store.failure(run.key) for run in runs)
    reason = next((failure["reason"] for failure in failures if failure), "unknown")
    raise UserError(f"scheduling cannot be measured: runs failed ({reason}).")


def share(watch: Stopwatch, trained: dict[str, float], at_once: int) -> float:
    """Return the share of core time spent in training while every core had runs to take.

    The training of a run counts by its overlap with the window, spread evenly over its time.

    Args:
        watch: When runs started and ended.
        trained: Seconds of training of each run that ended.
        at_once: How many runs go on at once.
    """
    begin = sorted(watch.starts.values())[at_once - 1]
    end = sorted(watch.ends.values())[-at_once]  # from then on a core's next run may not have ended
    inside = 0.0
    for key, seconds in trained.items():
        start, stop = watch.starts[key], watch.ends[key]
        inside += seconds * max(0.0, min(stop, end) - max(start, begin)) / (stop - start)
    return inside / (at_once * (end - begin))
