"""Where labels and insets go, so that neither covers a curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
"""Left, bottom, width, height, as shares of the axes."""


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move positions as little as needed until neighbours are `gap` apart.

    Args:
        wanted: Where each would like to be.
        gap: Least distance; less only if all do not fit between low and high.
        low: Least position.
        high: Greatest position.

    Returns:
        The positions, in the order of `wanted`; their order along the axis is kept.
    """
    if not wanted:
        return []
    gap = min(gap, (high - low) / max(len(wanted) - 1, 1))
    order = np.argsort(wanted, kind="stable")
    clusters: list[tuple[float, int]] = []  # lowest position, size
    for index in order:
        start, size = min(max(wanted[index], low), high), 1
        while clusters and start < clusters[-1][0] + clusters[-1][1] * gap:
            before, count = clusters.pop()
            start = (before * count + (start - count * gap) * size) / (count + size)
            size += count
            start = min(max(start, low), high - (size - 1) * gap)
        clusters.append((start, size))
    sorted_places = [start + n * gap for start, size in clusters for n in range(size)]
    places = [0.0] * len(wanted)
    for index, place in zip(order, sorted_places, strict=True):
        places[index] = place
    return places


_SIZES = ((0.52, 0.46), (0.46, 0.42), (0.42, 0.36), (0.36, 0.32))
_PAD_LEFT, _PAD_BELOW, _PAD_ABOVE, _PAD = 0.1, 0.12, 0.1, 0.04
"""Room for the inset's tick labels and title, and air."""


def free_box(
    x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> Box | None:
    """Return the largest box for an inset that no curve runs through, or None.

    Args:
        x: Where the curves are, as shares of the axes' width, (p,).
        low: Lower edge of whatever is drawn there, as shares of its height, (p,).
        high: Upper edge, (p,).
    """
    for width, height in _SIZES:
        highest = 1 - height - _PAD_ABOVE
        for bottom in (*(b for b in (_PAD_BELOW, 0.2, 0.3, 0.4, 0.5) if b < highest), highest):
            for left in (1 - width - _PAD, 0.75 - width, 0.5 - width / 2, _PAD_LEFT):
                beside = (x >= left - _PAD_LEFT) & (x <= left + width + _PAD)
                meets = (high >= bottom - _PAD_BELOW) & (low <= bottom + height + _PAD_ABOVE)
                if left >= _PAD_LEFT and not np.any(beside & meets):
                    return left, bottom, width, height
    return None
