"""What prune rules that score connections share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suite.methods.layer import smallest


def all_but_smallest(sizes: NDArray, zeta: float) -> NDArray[np.bool_]:
    """Return which connections stay when the share zeta with the smallest scores goes.

    Args:
        sizes: The score of each connection.
        zeta: The share to remove; floor(zeta * n) go, of equal scores the first.
    """
    keep = np.ones(sizes.size, dtype=bool)
    keep[smallest(sizes, int(zeta * sizes.size))] = False
    return keep
