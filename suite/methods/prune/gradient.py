"""Prune rules that see gradients."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from suite.methods.layer import LayerView
from suite.methods.parts import part
from suite.methods.prune.scores import Rounding, all_but_smallest

SMALL = np.float32(1e-8)
"""What keeps a quotient finite, as in the code of Nowak et al. 2023."""


@part("prune", needs=("gradient",), source="Yuan et al. 2021, NeurIPS 34 (MEST)")
def mest(
    layer: LayerView,
    zeta: float,
    *,
    factor: Annotated[float, Field(ge=0)] = 1.0,
    rounding: Rounding = "floor",
) -> NDArray[np.bool_]:
    """A share of the connections, those with the smallest |weight| + factor * |gradient|.

    Args:
        factor: How much the gradient counts.
        rounding: Whether the number that goes is rounded down (floor) or up (ceil).
    """
    sizes = np.abs(layer.weights) + np.float32(factor) * np.abs(layer.active_gradient())
    return all_but_smallest(sizes, zeta, rounding)


@part("prune", needs=("gradient",), source="Nowak et al. 2023, NeurIPS 36 (SNIP)")
def sensitivity(
    layer: LayerView, zeta: float, *, rounding: Rounding = "floor"
) -> NDArray[np.bool_]:
    """A share of the connections, those with the smallest |weight * gradient|.

    Args:
        rounding: Whether the number that goes is rounded down (floor) or up (ceil).
    """
    return all_but_smallest(np.abs(layer.weights * layer.active_gradient()), zeta, rounding)


@part("prune", needs=("gradient",), source="Nowak et al. 2023, NeurIPS 36 (Sensitivity)")
def gradient_over_weight(
    layer: LayerView, zeta: float, *, rounding: Rounding = "floor"
) -> NDArray[np.bool_]:
    """A share of the connections, those with the smallest |gradient| / |weight|.

    Args:
        rounding: Whether the number that goes is rounded down (floor) or up (ceil).
    """
    sizes = np.abs(layer.active_gradient()) / (np.abs(layer.weights) + SMALL)
    return all_but_smallest(sizes, zeta, rounding)


@part("prune", needs=("gradient",), source="Nowak et al. 2023, NeurIPS 36 (RSensitivity)")
def weight_over_gradient(
    layer: LayerView, zeta: float, *, rounding: Rounding = "floor"
) -> NDArray[np.bool_]:
    """A share of the connections, those with the smallest |weight| / |gradient|.

    Args:
        rounding: Whether the number that goes is rounded down (floor) or up (ceil).
    """
    sizes = np.abs(layer.weights) / (np.abs(layer.active_gradient()) + SMALL)
    return all_but_smallest(sizes, zeta, rounding)
