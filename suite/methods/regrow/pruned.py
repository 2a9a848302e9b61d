"""Whether a connection may return in the update that pruned it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from suite.methods.layer import LayerView

JustPruned = Literal["return", "wait"]
"""What happens to connections that this update pruned: they may return, or they wait, and return
only where there is no other candidate."""


def chosen(
    layer: LayerView,
    count: int,
    rng: np.random.Generator,
    just_pruned: JustPruned,
    choose: Callable[[NDArray[np.int64], int], NDArray[np.int64]],
) -> NDArray[np.int64]:
    """Return the positions that a strategy chooses.

    Args:
        layer: The layer after pruning.
        count: How many.
        rng: Draws among those just pruned where there are too few others.
        just_pruned: Whether those just pruned are candidates.
        choose: (taken, number) -> this many positions outside the taken ones.
    """
    if just_pruned == "return" or layer.before is None:
        return choose(layer.positions, count)
    taken = layer.before.positions
    first = min(count, layer.size - taken.size)
    rest = rng.choice(layer.dropped(), count - first, replace=False) if count > first else ()
    return np.concatenate([choose(taken, first), np.asarray(rest, dtype=np.int64)])
