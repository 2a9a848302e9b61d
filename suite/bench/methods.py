"""What an epoch of each method costs compared with SET: time and memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from suite.bench.growth import added_memory
from suite.bench.timing import alternate, in_fresh_process
from suite.bench.workload import EPOCH, Bench
from suite.methods.moment import Moment
from suite.methods.presets import METHODS
from suite.methods.recipe import Recipe
from suite.methods.update import due
from suite.training.timing import FirstEpoch

EPOCHS = 20
"""Of the training whose updates are counted."""


def methods(bench: Bench, turns: int) -> dict[str, dict[str, float]]:
    """Compare an epoch of each method, at its initial topology, with one of SET.

    An epoch is its steps, an evaluation, and as many updates as the whole training has on average.
    """
    memory_of_set = _memory(bench, "set")
    figures: dict[str, dict[str, float]] = {}
    for method in METHODS:
        pair = bench.training("sparse"), bench.training("sparse", method=method)
        calls = [call for side in pair for call in (side.step, side.evaluate, _update_of(side))]
        times = alternate(calls, max(3, turns // 3), [3, 1, 1] * 2)
        set_epoch, epoch = (
            times[:, at : at + 3] @ np.array(_weights(side))
            for at, side in zip((0, 3), pair, strict=True)
        )
        added = _memory(bench, method)
        figures[method] = {
            "epoch_ms": 1000 * float(np.median(epoch)),
            "time": float(np.median(epoch / set_epoch)),
            "added_mb": added,
            "memory": added / memory_of_set,
        }
    return figures


def updates_an_epoch(recipe: Recipe) -> float:
    """Return how many updates an epoch has, on average over a training of 20 epochs."""
    at = recipe.schedule.part.at
    steps = (
        range(1, EPOCHS * EPOCH + 1) if at == "step" else range(EPOCH, EPOCHS * EPOCH + 1, EPOCH)
    )
    moments = (
        Moment(step, step, EPOCHS * EPOCH, (step - 1) // EPOCH + 1, EPOCHS) for step in steps
    )
    return sum(due(recipe, at, moment) for moment in moments) / EPOCHS


def _weights(side: FirstEpoch) -> tuple[float, int, float]:
    """Return how many steps, evaluations and updates an epoch has.

    The steps whose batches an update reads are counted with the update.
    """
    updates = updates_an_epoch(side.training.recipe)
    return EPOCH - updates * side.watched, 1, updates


def _update_of(side: FirstEpoch) -> Callable[[], object]:
    """Return what shows an update its batches and updates; nothing without updates."""
    if not side.training.recipe.evolves:
        return lambda: None

    def update() -> None:
        side.watch()
        side.update()

    return update


def _memory(bench: Bench, method: str) -> float:
    return in_fresh_process(added_memory, bench.hidden, bench.epsilon, method)
