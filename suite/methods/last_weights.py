"""The weights that connections had when they were last pruned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suite.methods.positions import find_sorted


class LastWeights:
    """The last weights of a layer's connections that have gone, as many as ever went.

    Args:
        positions: int64 (n,), ascending and distinct.
        values: float32 (n,).
    """

    def __init__(
        self,
        positions: NDArray[np.int64] | None = None,
        values: NDArray[np.float32] | None = None,
    ) -> None:
        self.positions = np.empty(0, dtype=np.int64) if positions is None else positions
        self.values = np.empty(0, dtype=np.float32) if values is None else values

    def note(self, positions: NDArray[np.int64], values: NDArray[np.float32]) -> None:
        """Remember what has just gone; it replaces what is known of the same positions."""
        stays = np.ones(self.positions.size, dtype=bool)
        stays[find_sorted(self.positions, positions)] = False
        merged = np.concatenate([self.positions[stays], positions])
        order = np.argsort(merged, kind="stable")
        self.values = np.concatenate([self.values[stays], values])[order]
        self.positions = merged[order]

    def at(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the last weight at each position, 0 where no connection has gone yet.

        Args:
            positions: int64 (m,), ascending and distinct.
        """
        found = np.zeros(positions.size, dtype=np.float32)
        found[find_sorted(positions, self.positions)] = self.values[
            find_sorted(self.positions, positions)
        ]
        return found
