"""Divide a number of connections among layers of limited room."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def apportion(total: int, weights: ArrayLike, room: ArrayLike) -> NDArray[np.int64]:
    """Return whole numbers in proportion to weights, none beyond its room, that add up to a total.

    What a layer has no room for is spread evenly over those that have some. Fractions are rounded
    by largest remainder, of equal ones the first layer's.

    Args:
        total: At most the sum of `room`.
        weights: (layers,), 0 or more, of which one is above 0.
        room: int (layers,), 0 or more.

    Returns:
        int64 (layers,).

    Raises:
        ValueError: If there is not enough room.
    """
    weights, room = np.asarray(weights, dtype=np.float64), np.asarray(room, dtype=np.int64)
    if total > room.sum():
        raise ValueError(f"there is room for {room.sum()} connections, not for {total}")
    parts = np.minimum(total * weights / weights.sum(), room)
    while (excess := total - parts.sum()) > 1e-9 * max(1, total):
        free = parts < room
        parts[free] += excess / np.count_nonzero(free)
        parts = np.minimum(parts, room)
    counts = np.floor(parts + 1e-9).astype(np.int64)
    remainders = np.where(counts < room, parts - counts, -1.0)
    counts[np.argsort(-remainders, kind="stable")[: total - counts.sum()]] += 1
    return counts
