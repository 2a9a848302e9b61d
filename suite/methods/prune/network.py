"""Prune rules that compare the weights of all layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from suite.methods.layer import LayerView
from suite.methods.parts import part
from suite.methods.prune.scores import Rounding, all_but_smallest


@part("prune", scope="network", source="Frankle and Carbin 2019, ICLR; Liu et al. 2021, NeurIPS 34")
def global_magnitude(
    layers: Sequence[LayerView], zeta: float, *, rounding: Rounding = "floor"
) -> list[NDArray[np.bool_]]:
    """A share of the network's weights, the smallest absolute values of all layers together.

    Args:
        rounding: Whether the number that goes is rounded down (floor) or up (ceil).
    """
    sizes = np.concatenate([np.abs(layer.weights) for layer in layers])
    return _by_layer(layers, all_but_smallest(sizes, zeta, rounding))


@part("prune", scope="network", source="Mostafa and Wang 2019, ICML, Algorithm 1")
def threshold(layers: Sequence[LayerView], zeta: float) -> list[NDArray[np.bool_]]:
    """The connections whose absolute weight is below zeta; each layer keeps its largest weight.

    The rate gives the threshold: `adaptive_threshold`, or a curve.
    """
    keep = []
    for layer in layers:
        sizes = np.abs(layer.weights)
        stays = sizes >= zeta
        if sizes.size and not stays.any():
            stays[np.argmax(sizes)] = True
        keep.append(stays)
    return keep


def _by_layer(layers: Sequence[LayerView], keep: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    ends = np.cumsum([layer.positions.size for layer in layers])
    return np.split(keep, ends[:-1])
