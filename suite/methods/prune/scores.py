"""What prune rules that score connections share."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from suite.methods.layer import LayerView, largest, smallest

Rounding = Literal["floor", "ceil"]
"""How the number that goes is made whole: zeta * n, rounded down or up."""


def all_but_smallest(
    sizes: NDArray, zeta: float, rounding: Rounding = "floor"
) -> NDArray[np.bool_]:
    """Return which connections stay when the share zeta with the smallest scores goes.

    Args:
        sizes: The score of each connection.
        zeta: The share to remove; of equal scores the first go.
        rounding: How zeta * n, as a double, is made whole.
    """
    keep = np.ones(sizes.size, dtype=bool)
    keep[smallest(sizes, number(zeta, sizes.size, rounding))] = False
    return keep


def number(zeta: float, connections: int, rounding: Rounding = "floor") -> int:
    """Return how many of some connections a share of them is."""
    return (math.ceil if rounding == "ceil" else math.floor)(zeta * connections)


def drawn_to_stay(
    layer: LayerView, scores: NDArray, gone: int, temperature: float
) -> NDArray[np.bool_]:
    """Return which connections stay when all but some are drawn without replacement.

    Args:
        layer: The layer, with the generator to draw from.
        scores: Of each connection, 0 or more. It is drawn in proportion to score to the power of
            1 + temperature * the share of the training that is done.
        gone: How many connections go.
        temperature: 0 or more.
    """
    assert layer.rng is not None
    progress = 0.0 if layer.moment is None else layer.moment.progress
    # The largest of log(score^T) + Gumbel noise: a draw without replacement (Gumbel-top-k).
    with np.errstate(divide="ignore"):
        logs = (1 + temperature * progress) * np.log(scores.astype(np.float64))
    keep = np.zeros(scores.size, dtype=bool)
    keep[largest(logs + layer.rng.gumbel(size=scores.size), scores.size - gone)] = True
    return keep
