"""How long connections live, counted in updates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from suite.methods.update import Updated

Counts = dict[str, dict[str, list[int]]]
"""Of "initial" and "regrown" connections: how many "died" at their 1st, 2nd, ... update (element 0
is of none), and how many are "alive" that have lived through 0, 1, 2, ... updates."""


class Lifetimes:
    """The update at which each connection was born, and at which age those before it died.

    An initial connection is born at update 0. A connection that an update prunes and regrows at
    once has died, and another is born in its place, unless the update carries its weight over.

    Args:
        layers: How many the network has.
    """

    def __init__(self, layers: int) -> None:
        self._updates = 0
        self._births: list[NDArray[np.int32] | None] = [None] * layers  # None: all at update 0
        self._died = _none()
        self._known = True

    def note(self, updated: Updated, sizes: Sequence[int]) -> None:
        """Count an update.

        Args:
            updated: What it did.
            sizes: How many connections each layer had before it.
        """
        self._updates += 1
        if not self._known:
            return
        for index, (layer, size) in enumerate(zip(updated.layers, sizes, strict=True)):
            births = self._births[index]
            births = np.zeros(size, np.int32) if births is None else births
            stays = layer.source >= 0
            gone = np.ones(size, dtype=bool)
            gone[layer.source[stays]] = False
            _add(self._died, births[gone], self._updates)
            born = np.full(layer.source.size, self._updates, np.int32)
            born[stays] = births[layer.source[stays]]
            self._births[index] = born

    def counts(self, sizes: Sequence[int]) -> Counts | None:
        """Return how many died and live at which age, all layers together.

        Args:
            sizes: How many connections each layer has now.

        Returns:
            None where it is not known: the run went on from a checkpoint that does not say.
        """
        if not self._known:
            return None
        alive = _none()
        for births, size in zip(self._births, sizes, strict=True):
            born = np.zeros(size, np.int32) if births is None else births
            _add(alive, born, self._updates)
        return {
            which: {"died": self._died[which].tolist(), "alive": alive[which].tolist()}
            for which in alive
        }

    def state(self) -> dict[str, Any] | None:
        """Return what a checkpoint keeps: numbers and tensors; None where nothing is known."""
        if not self._known:
            return None
        return {
            "updates": self._updates,
            "births": [born if born is None else torch.from_numpy(born) for born in self._births],
            "died": {which: ages.tolist() for which, ages in self._died.items()},
        }

    def restore(self, state: dict[str, Any] | None) -> None:
        """Go on from what a checkpoint has kept; one of an earlier version kept nothing."""
        self._known = state is not None
        if state is None:
            return
        self._updates = state["updates"]
        self._births = [born if born is None else born.numpy() for born in state["births"]]
        self._died = {which: np.array(ages, np.int64) for which, ages in state["died"].items()}


def _none() -> dict[str, NDArray[np.int64]]:
    return {"initial": np.zeros(1, np.int64), "regrown": np.zeros(1, np.int64)}


def _add(counts: dict[str, NDArray[np.int64]], births: NDArray[np.int32], now: int) -> None:
    """Add connections to those of their age."""
    for which, some in (("initial", births[births == 0]), ("regrown", births[births > 0])):
        ages = np.bincount(now - some, minlength=counts[which].size)
        ages[: counts[which].size] += counts[which]
        counts[which] = ages
