"""What prune rules that score connections share."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from suite.methods.layer import smallest

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
