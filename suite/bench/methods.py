"""What an epoch of each method costs compared with SET: time and memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.bench.growth import added_memory
from suite.bench.timing import alternate, in_fresh_process
from suite.bench.workload import EPOCH, Bench
from suite.methods.moment import Moment
from suite.methods.presets import METHODS
from suite.methods.recipe import Recipe
from suite.methods.update import due
from suite.training.rewire import WATCHED
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
            times[:, at : at + 3] @ np.array([EPOCH, 1, updates_an_epoch(side.training.recipe)])
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


def _update_of(side: FirstEpoch) -> Any:
    """Return what takes a step and the update that follows it; nothing without updates."""
    recipe = side.training.recipe
    watch = bool(recipe.needs & WATCHED)

    def update() -> None:
        side.update()
        side.step(watch=watch)  # for the next update

    if not recipe.evolves:
        return lambda: None
    side.step(watch=watch)
    return update


def _memory(bench: Bench, method: str) -> float:
    return in_fresh_process(added_memory, bench.hidden, bench.epsilon, method)
