"""Regrowth by chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suite.methods.layer import LayerView
from suite.methods.parts import part
from suite.methods.positions import draw_outside
from suite.methods.regrow.pruned import JustPruned, chosen


@part("regrow", source="Mocanu et al. 2018, Nature Communications 9:2383")
def random(
    layer: LayerView, count: int, rng: np.random.Generator, *, just_pruned: JustPruned = "return"
) -> NDArray[np.int64]:
    """Uniformly among the candidates.

    Args:
        just_pruned: Whether connections that this update pruned may return, or wait: they return
            only where there is no other candidate.
    """

    def draw(taken: NDArray[np.int64], number: int) -> NDArray[np.int64]:
        return draw_outside(taken, layer.size, number, rng)

    return chosen(layer, count, rng, just_pruned, draw)
