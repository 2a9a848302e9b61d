"""Prune rules that also remove dead ends: connections that no path uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from suite.methods.layer import LayerView
from suite.methods.parts import part
from suite.methods.prune.scores import Rounding, all_but_smallest, drawn_to_stay, number


@part("prune", needs=("rng",), scope="network", source="Zhang et al. 2025, NeurIPS 38 (CHTs)")
def chains(
    layers: Sequence[LayerView],
    zeta: float,
    *,
    stays: Literal["largest", "drawn"] = "largest",
    temperature: Annotated[float, Field(ge=0)] = 2.0,
    rounding: Rounding = "floor",
) -> list[NDArray[np.bool_]]:
    """The smallest absolute weights of each layer, a share of them, then all dead ends.

    From the last layer to the first, connections into units without an outgoing one go; then from
    the first to the last, connections out of units without an incoming one.

    Args:
        stays: Whether the largest weights stay, or weights that are drawn as by the rule soft.
        temperature: Of the draw; see soft.
        rounding: Whether each layer's share is rounded down (floor) or up (ceil); dead ends come on
            top of it.
    """
    sizes = [np.abs(layer.weights) for layer in layers]
    if stays == "largest":
        keep = [all_but_smallest(size, zeta, rounding) for size in sizes]
    else:
        keep = [
            drawn_to_stay(layer, size, number(zeta, size.size, rounding), temperature)
            for layer, size in zip(layers, sizes, strict=True)
        ]
    remove_chains(layers, keep)
    return keep


def remove_chains(layers: Sequence[LayerView], keep: Sequence[NDArray[np.bool_]]) -> None:
    """Remove from `keep` all dead ends: connections into units without an output, and so on.

    Args:
        layers: The layers, first to last; the outputs of each are the inputs of the next, and the
            outputs of the last are all read.
        keep: For each layer a mask of what stays; changed in place.
    """
    ends = [np.divmod(layer.positions, layer.shape[1]) for layer in layers]
    for at in range(len(layers) - 2, -1, -1):
        read = np.zeros(layers[at].shape[0], dtype=bool)
        read[ends[at + 1][1][keep[at + 1]]] = True
        keep[at][~read[ends[at][0]]] = False
    for at in range(1, len(layers)):
        fed = np.zeros(layers[at].shape[1], dtype=bool)
        fed[ends[at - 1][0][keep[at - 1]]] = True
        keep[at][~fed[ends[at][1]]] = False
