"""Prune rules that also take out what leads nowhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from suite.methods.layer import LayerView
from suite.methods.parts import part
from suite.methods.prune.scores import all_but_smallest


@part("prune", scope="network", source="Zhang et al. 2025, NeurIPS 38 (CHTs)")
def chains(layers: Sequence[LayerView], zeta: float) -> list[NDArray[np.bool_]]:
    """The share of each layer's smallest absolute weights, and then what leads nowhere.

    From the last layer to the first, connections into units without an outgoing one go; then from
    the first to the last, connections out of units without an incoming one.
    """
    keep = [all_but_smallest(np.abs(layer.weights), zeta) for layer in layers]
    remove_chains(layers, keep)
    return keep


def remove_chains(layers: Sequence[LayerView], keep: Sequence[NDArray[np.bool_]]) -> None:
    """Take out of `keep` what leads nowhere: into units without an outgoing connection, and so on.

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
