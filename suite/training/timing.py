"""What an epoch of a training costs."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from suite.datasets.dataset import DataSet
from suite.methods.update import due
from suite.randomness import stream
from suite.settings import Settings
from suite.sparse import mlp
from suite.training.rewire import WATCHED
from suite.training.state import Training


def epoch_seconds(
    settings: Settings,
    images: DataSet,
    *,
    engine: mlp.Engine,
    device: str = "cpu",
    threads: int = 1,
    steps: int = 30,
) -> float:
    """Measure what an epoch costs at the initial topology, in seconds.

    Times a few steps (a first one, which warms up, not counted), one evaluation and, where an
    epoch has updates, one update. Methods that lose connections get faster than that.

    Args:
        settings: What to compute.
        images: The data.
        engine: "masked" or "sparse".
        device: For the masked engine.
        threads: CPU threads.
        steps: How many steps to time, 1 or more.
    """
    torch.set_num_threads(threads)
    training = Training(settings, 0, images, engine=engine, device=device)
    training.network.train()
    training.network.draw_dropout_from(stream(0, "dropout", 1))
    order, warps = training.order(1)
    watch = bool(training.recipe.needs & WATCHED)

    def take(count: int, *, watch: bool = False) -> None:
        for step in range(1, count + 1):
            training.step(*training.batch(order, warps, step), watch=watch)

    steps = min(steps, training.steps)
    take(1)
    seconds = _timed(lambda: take(steps)) / steps * training.steps
    measures: dict[str, float] = {"train_loss": 1.0}
    seconds += _timed(lambda: measures.update(training.evaluate()))
    training.history.append(measures)
    if updates := _updates(training):
        take(1, watch=watch)
        last = training.moment(1, training.steps)
        seconds += updates * _timed(lambda: training.update(last))
    return seconds


def _updates(training: Training) -> int:
    """Return how many updates are due in the first epoch, as if another one followed."""
    moments = [training.moment(1, step) for step in range(1, training.steps + 1)]
    by_step = sum(due(training.recipe, "step", moment) for moment in moments)
    at_end = training.recipe.evolves and training.recipe.schedule.part.at == "epoch"
    return by_step + at_end


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
