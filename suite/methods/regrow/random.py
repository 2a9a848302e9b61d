"""Regrowth by chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suite.methods.layer import LayerView
from suite.methods.parts import part
from suite.methods.positions import draw_outside


@part("regrow", source="Mocanu et al. 2018, Nature Communications 9:2383")
def random(layer: LayerView, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Uniform among the candidates."""
    return draw_outside(layer.positions, layer.size, count, rng)
