"""Choose inactive positions by a score that is computed in blocks of rows.

No array of a layer's whole size is made: of every block only the best so far are kept.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from suite.methods.layer import LayerView, largest
from suite.methods.positions import draw_outside

_LEAST = np.finfo(np.float32).tiny

Scores = Callable[[int, int], NDArray[np.float32]]
"""(start, stop) -> the scores of these rows, float32 (stop - start, n_in)."""


def best(layer: LayerView, scores: Scores, count: int) -> NDArray[np.int64]:
    """Return the inactive positions with the largest scores; of equal ones the lower.

    Args:
        layer: The layer after pruning.
        scores: The score of every position; what stands at active positions does not matter.
        count: How many positions, at most as many as are inactive.

    Returns:
        int64 (count,).

    Raises:
        ValueError: If too few scores are numbers.
    """
    found = _above(layer, scores, count, -np.inf)
    if found.size < count:
        raise ValueError("a score is not a number")
    return found


def draw(
    layer: LayerView, weights: Scores, count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw inactive positions without replacement, each time in proportion to their weights.

    Every position gets an exponential waiting time at the rate of its weight, and those that come
    first are drawn. Positions of weight 0 come last, uniformly.

    Args:
        layer: The layer after pruning.
        weights: The weight of every position, 0 or more; what stands at active positions does
            not matter.
        count: How many positions, at most as many as are inactive.
        rng: Source of the draw.

    Returns:
        int64 (count,).

    Raises:
        ValueError: If a weight is not a number or is below 0.

    Source: Efraimidis and Spirakis 2006, Information Processing Letters 97:181-185.
    """

    def speeds(start: int, stop: int) -> NDArray[np.float32]:
        block = weights(start, stop)
        if not (block >= 0).all():
            raise ValueError("a weight is not a number, or is below 0")
        waits = rng.standard_exponential(block.shape, dtype=np.float32)
        with np.errstate(over="ignore"):  # infinitely fast is first, too
            return np.divide(block, np.maximum(waits, _LEAST), dtype=np.float32)

    found = _above(layer, speeds, count, 0.0)
    if found.size == count:
        return found
    taken = np.sort(np.concatenate([layer.positions, found]))
    rest = draw_outside(taken, layer.size, count - found.size, rng)
    return np.concatenate([found, rest])


def _above(layer: LayerView, scores: Scores, count: int, floor: float) -> NDArray[np.int64]:
    """Return up to `count` inactive positions with the largest scores above `floor`, ascending."""
    chosen = np.empty(0, dtype=np.int64)
    reached = np.empty(0, dtype=np.float32)
    for start, stop, active in layer.blocks():
        first = start * layer.shape[1]
        block = np.array(scores(start, stop), dtype=np.float32).ravel()
        block[active - first] = -np.inf
        least = reached.min() if reached.size == count > 0 else floor
        found = np.flatnonzero(block > least)
        chosen = np.concatenate([chosen, found + first])
        reached = np.concatenate([reached, block[found]])
        if chosen.size > count:
            kept = largest(reached, count)
            chosen, reached = chosen[kept], reached[kept]
    return chosen
