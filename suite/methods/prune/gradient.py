"""Prune rules that see gradients."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from suite.methods.layer import LayerView
from suite.methods.parts import part
from suite.methods.prune.scores import all_but_smallest


@part("prune", needs=("gradient",), source="Yuan et al. 2021, NeurIPS 34 (MEST)")
def mest(
    layer: LayerView, zeta: float, *, factor: Annotated[float, Field(ge=0)] = 1.0
) -> NDArray[np.bool_]:
    """The share of the connections with the smallest |weight| + factor * |gradient|.

    Args:
        factor: How much the gradient counts.
    """
    sizes = np.abs(layer.weights) + np.float32(factor) * np.abs(layer.active_gradient())
    return all_but_smallest(sizes, zeta)


@part("prune", needs=("gradient",), source="Nowak et al. 2023, NeurIPS 36")
def sensitivity(layer: LayerView, zeta: float) -> NDArray[np.bool_]:
    """The share of the connections with the smallest |weight * gradient|."""
    return all_but_smallest(np.abs(layer.weights * layer.active_gradient()), zeta)
