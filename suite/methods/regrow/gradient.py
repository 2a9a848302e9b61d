"""Regrowth where the gradient is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suite.methods.layer import LayerView
from suite.methods.parts import part


@part("regrow", needs=("gradient",), source="Evci et al. 2020, ICML, section 3")
def gradient(layer: LayerView, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Candidates where the gradient is largest in absolute value."""
    return layer.top_gradient(count)
