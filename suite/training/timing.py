"""What an epoch of a training costs."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import torch
from torch import Tensor

from suite.datasets.dataset import DataSet
from suite.methods.update import due
from suite.settings import Settings
from suite.sparse import mlp
from suite.training.build import build
from suite.training.earlier import Earlier, Kept
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
    earlier = stand_in(settings, images)
    training = Training(settings, 0, images, engine=engine, device=device, earlier=earlier)
    first = FirstEpoch(training)

    def take(count: int) -> None:
        for _ in range(count):
            first.step()

    def take_and_wait(count: int) -> None:
        take(count)
        if device == "cuda":
            torch.cuda.synchronize()  # or a step would be timed as it is asked for, not done

    steps = min(steps, training.steps)
    take_and_wait(1)
    seconds = _timed(lambda: take_and_wait(steps)) / steps * training.steps
    measures: dict[str, float] = {"train_loss": 1.0}
    seconds += _timed(lambda: measures.update(first.evaluate()))
    training.history.append(measures)
    if updates := _updates(training):
        first.watch()
        seconds += updates * _timed(first.update)
    return seconds


def stand_in(settings: Settings, images: DataSet) -> Earlier | None:
    """Return what a chained run may start from where its cost alone matters; None for others.

    It is a dense network that has not trained.
    """
    if "earlier" not in settings.recipe.initial.part.needs:
        return None
    dense = Settings(method="dense", hidden=settings.hidden, activation=settings.activation)
    network = build(dense, 0, images, "masked", "cpu")
    return Earlier(Kept({}, {name: p.detach() for name, p in network.named_parameters()}))


class FirstEpoch:
    """What a training does in its first epoch, one thing at a time and as often as asked for.

    Args:
        training: At its start.
    """

    def __init__(self, training: Training) -> None:
        self.training = training
        training.network.train()
        training.draw_noise(1)
        self._order, self._warps = training.order(1)
        self._steps = itertools.cycle(range(1, training.steps + 1))

    def batch(self) -> tuple[Tensor, Tensor]:
        """Return the inputs and labels of the next step; after the last comes the first."""
        return self.training.batch(self._order, self._warps, next(self._steps))

    def step(self) -> None:
        """Take the next step; see `Training.step`."""
        self.training.step(*self.batch())

    @property
    def watched(self) -> int:
        """How many steps an update reads the batches of, or takes the place of."""
        recipe = self.training.recipe
        reads = bool(recipe.needs & WATCHED) and recipe.window.of == "steps"
        return max(recipe.window.batches * reads, int(recipe.instead))

    def watch(self) -> None:
        """Show the next update the batches that it reads."""
        for left in reversed(range(self.watched)):
            if self.training.recipe.instead and left == 0:
                self.training.look(*self.batch())
            else:
                self.training.step(*self.batch(), watch=True)

    def evaluate(self) -> dict[str, float]:
        """Evaluate the network in its present state."""
        measures = self.training.evaluate()
        self.training.network.train()
        return measures

    def update(self) -> None:
        """Update the topology as after the last step."""
        self.training.update(self.training.moment(1, self.training.steps))


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
