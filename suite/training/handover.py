"""The sparse engine takes over layers that started dense and have become sparse."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

from suite.sparse import mlp
from suite.sparse.layers import MaskedLayer, SparseLayer

DENSITY = 0.4
"""From this density on the masked engine is as fast as the sparse one, or faster."""


def hand_over(
    network: mlp.MLP, optimizer: torch.optim.Optimizer, before: Collection[int] = ()
) -> None:
    """Put sparse layers in the place of masked ones that have become sparse enough.

    Weights, and what the optimiser keeps of them, stay what they are. A layer that was handed over
    stays sparse however dense it becomes, also where a run is resumed.

    Args:
        network: On the CPU.
        optimizer: Its optimiser.
        before: The numbers of the layers that were sparse when the run was interrupted.
    """
    for index, layer in enumerate(network.layers):
        if type(layer) is not MaskedLayer or layer.mask is None:  # no subclass: those stay dense
            continue
        if index not in before and layer.connections >= DENSITY * layer.weight.numel():
            continue
        sparse = SparseLayer(
            layer.shape, layer.positions, layer.gather(layer.weight), layer.activation
        )
        sparse.bias = layer.bias
        _replace(optimizer, layer, sparse)
        network.layers[index] = sparse  # type: ignore[index]


def _replace(optimizer: torch.optim.Optimizer, masked: MaskedLayer, sparse: SparseLayer) -> None:
    """Let an optimiser go on with a sparse layer's weight where it had the masked layer's."""
    for group in optimizer.param_groups:
        group["params"] = [
            sparse.weight if parameter is masked.weight else parameter
            for parameter in group["params"]
        ]
    for name, kept in optimizer.state.pop(masked.weight, {}).items():
        shaped = isinstance(kept, Tensor) and kept.shape == masked.weight.shape
        value = sparse.scatter(masked.gather(kept)) if shaped else kept
        optimizer.state[sparse.weight][name] = value
