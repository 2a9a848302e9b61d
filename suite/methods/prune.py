"""Prune rules: which connections go.

A rule takes a layer and zeta, the share to remove. It returns a bool (nnz,) that is True where the
connection stays. The number to remove is floor(zeta * n), with zeta * n as a double, and of equal
weights the one at the lower position goes first, so that a rule draws nothing and its result is
determined.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from suite.methods.layer import LayerView, smallest
from suite.methods.parts import part


@part("prune", "set", source="Mocanu et al. 2018, Nature Communications 9:2383")
def by_sign(layer: LayerView, zeta: float) -> NDArray[np.bool_]:
    """The share of the positive weights nearest zero, and of the negative ones; exact zeros go too.

    floor(zeta * positives) and floor(zeta * negatives) go. The SET code instead reads one
    threshold a sign off the sorted dense matrix and keeps what lies strictly beyond it: it removes
    at most one more in each sign, and all that ties with a threshold.
    """
    weights = layer.weights
    keep = weights != 0
    for among in (np.flatnonzero(weights > 0), np.flatnonzero(weights < 0)):
        keep[among[smallest(np.abs(weights[among]), int(zeta * among.size))]] = False
    return keep


@part("prune", source="Han et al. 2015, NeurIPS 28")
def magnitude(
    layer: LayerView, zeta: float, *, zeros: Literal["go", "count"] = "go"
) -> NDArray[np.bool_]:
    """The share of the weights with the smallest absolute values.

    Args:
        zeros: Whether weights that are exactly zero go even where they are more than the share, or
            count like all others.
    """
    sizes = np.abs(layer.weights)
    keep = _all_but_smallest(sizes, zeta)
    return keep & (sizes != 0) if zeros == "go" else keep


@part("prune", needs=("gradient",), source="Yuan et al. 2021, NeurIPS 34 (MEST)")
def mest(
    layer: LayerView, zeta: float, *, factor: Annotated[float, Field(ge=0)] = 1.0
) -> NDArray[np.bool_]:
    """The share of the connections with the smallest |weight| + factor * |gradient|.

    Args:
        factor: How much the gradient counts.
    """
    sizes = np.abs(layer.weights) + np.float32(factor) * np.abs(layer.active_gradient())
    return _all_but_smallest(sizes, zeta)


@part("prune", needs=("gradient",), source="Nowak et al. 2023, NeurIPS 36")
def sensitivity(layer: LayerView, zeta: float) -> NDArray[np.bool_]:
    """The share of the connections with the smallest |weight * gradient|."""
    return _all_but_smallest(np.abs(layer.weights * layer.active_gradient()), zeta)


def _all_but_smallest(sizes: NDArray, zeta: float) -> NDArray[np.bool_]:
    keep = np.ones(sizes.size, dtype=bool)
    keep[smallest(sizes, int(zeta * sizes.size))] = False
    return keep


# The names that prune rules had before.


def names() -> list[str]:
    """Return the names of the prune rules."""
    return ["set", "magnitude"]


def keep_mask(rule: str, weights: NDArray[np.float32], zeta: float) -> NDArray[np.bool_]:
    """Say which connections stay, by the prune rule of a name."""
    positions = np.arange(weights.size)
    layer = LayerView(0, (1, weights.size), positions, weights, weights)
    return {"set": by_sign, "magnitude": magnitude}[rule](layer, zeta)
