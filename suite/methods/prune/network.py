"""Prune rules that compare the weights of all layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from suite.methods.layer import LayerView
from suite.methods.parts import part
from suite.methods.prune.scores import Rounding, all_but_smallest
from suite.methods.shares import mean_momentum


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


@part("prune", scope="network", source="Dettmers and Zettlemoyer 2019, the authors' code")
def sparing_magnitude(
    layers: Sequence[LayerView],
    zeta: float,
    *,
    sparsity: Annotated[float, Field(ge=0, le=1)] = 0.2,
    rounding: Rounding = "floor",
) -> list[NDArray[np.bool_]]:
    """A share of each layer's weights, the smallest; fewer of a nearly full layer that is to grow.

    A layer is to grow where its mean absolute momentum is above the mean of all layers, by which
    the share rule momentum divides what returns. It loses at most as large a share as it has
    positions free.

    Args:
        sparsity: The share of inactive positions below which a layer counts as nearly full.
        rounding: Whether the number that goes is rounded down (floor) or up (ceil).
    """
    momenta = [mean_momentum(layer) for layer in layers]
    expected = sum(momenta) / len(layers)
    keep = []
    for layer, momentum in zip(layers, momenta, strict=True):
        free = 1 - layer.positions.size / layer.size
        spared = free < sparsity and momentum > expected
        share = min(free, zeta) if spared else zeta
        keep.append(all_but_smallest(np.abs(layer.weights), share, rounding))
    return keep


def _by_layer(layers: Sequence[LayerView], keep: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    ends = np.cumsum([layer.positions.size for layer in layers])
    return np.split(keep, ends[:-1])
