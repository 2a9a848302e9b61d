"""Which positions of a layer were ever active (Liu et al. 2021, In-Time Over-Parameterization)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suite.methods.positions import find_sorted

Marked = NDArray[np.int64] | NDArray[np.uint8]


class Explored:
    """The positions of a layer that were ever active, in whichever form takes less memory.

    While they are few, they stand in a sorted array, 8 bytes each. Once more than 1 in 64 positions
    was active, every position has one bit. So memory grows with what was active, and never exceeds
    an eighth of a byte for each position of the layer.

    Args:
        size: How many positions the layer has.
        marked: Those marked so far: int64 (n,), ascending and distinct, or bits, uint8
            (ceil(size / 8),); none by default.
    """

    def __init__(self, size: int, marked: Marked | None = None) -> None:
        self.size = size
        self._positions = np.empty(0, dtype=np.int64)
        self._bits: NDArray[np.uint8] | None = None
        if marked is not None and marked.dtype == np.uint8:
            self._bits = marked.astype(np.uint8, copy=False)
        elif marked is not None:
            self._positions = marked.astype(np.int64, copy=False)

    @property
    def marked(self) -> Marked:
        """The marked positions, in the form in which they are kept."""
        return self._positions if self._bits is None else self._bits

    @property
    def count(self) -> int:
        """How many positions are marked."""
        if self._bits is None:
            return self._positions.size
        return int(np.bitwise_count(self._bits).sum())

    def add(self, positions: NDArray[np.int64]) -> None:
        """Mark positions, int64 (n,), ascending and distinct; some may be marked already."""
        if self._bits is not None:
            _set(self._bits, positions)
            return
        known = self._positions
        fresh = np.delete(positions, find_sorted(positions, known))
        if 64 * (known.size + fresh.size) <= self.size:
            self._positions = np.insert(known, np.searchsorted(known, fresh), fresh)
            return
        self._bits = np.zeros((self.size + 7) // 8, dtype=np.uint8)
        for some in (known, fresh):
            _set(self._bits, some)
        self._positions = np.empty(0, dtype=np.int64)


def _set(bits: NDArray[np.uint8], positions: NDArray[np.int64]) -> None:
    """Set the bits at positions, int64 (n,), distinct."""
    np.bitwise_or.at(bits, positions >> 3, np.left_shift(1, positions & 7).astype(np.uint8))
