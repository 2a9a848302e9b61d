"""Networks that runs keep for later ones, and how a later one starts from them."""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from suite.methods.layer import LayerView
from suite.randomness import stream
from suite.settings import Settings
from suite.sparse import mlp
from suite.training.checkpoint import pack


@dataclass(frozen=True)
class Kept:
    """A network that a run has kept.

    Attributes:
        positions: The active positions of each layer that is not dense, by the name of its weight.
        values: Every parameter by name; of a sparse layer's weight the values at its positions.
    """

    positions: Mapping[str, Tensor]
    values: Mapping[str, Tensor]

    def layer(self, index: int, shape: tuple[int, int]) -> LayerView:
        """Return a hidden layer."""
        name = f"layers.{index}.weight"
        weights = self.values[name].numpy().ravel()
        positions = self.positions.get(name)
        at = np.arange(weights.size) if positions is None else positions.numpy()
        return LayerView(index, shape, at, weights, np.zeros_like(weights))

    def weights_at(self, layer: mlp.Layer, index: int) -> np.ndarray:
        """Return the weights that a hidden layer had at the positions that it has now.

        Positions that were not active then get zero.
        """
        kept = self.layer(index, layer.shape)
        found = np.searchsorted(kept.positions, layer.positions)
        found = np.minimum(found, kept.positions.size - 1)
        active = kept.positions[found] == layer.positions
        return np.where(active, kept.weights[found], np.float32(0))


@dataclass(frozen=True)
class Earlier:
    """What a chained run starts from.

    Attributes:
        last: The network at the end of the earlier round.
        rewound: The network to whose weights this run goes back; None for the initial ones.
    """

    last: Kept
    rewound: Kept | None = None


def keep(network: mlp.MLP, optimizer: torch.optim.Optimizer) -> bytes:
    """Return a network as bytes, without what the optimiser keeps."""
    return pack(network, optimizer, [], momentum=False)


def read(kept: bytes) -> Kept:
    """Return the network in what `keep` returned; no code in it is executed."""
    state: dict[str, Any] = torch.load(io.BytesIO(kept), weights_only=True)
    return Kept(state["positions"], state["values"])


def views(earlier: Earlier, sizes: tuple[int, ...]) -> list[LayerView]:
    """Return the hidden layers of the earlier round's network, as an initial topology sees them.

    Args:
        earlier: What the run starts from.
        sizes: Units of the input and of each hidden layer.
    """
    shapes = [(n_out, n_in) for n_in, n_out in itertools.pairwise(sizes)]
    return [earlier.last.layer(index, shape) for index, shape in enumerate(shapes)]


def set_weights(settings: Settings, network: mlp.MLP, earlier: Earlier, seed: int) -> None:
    """Give a chained run's network, which has its topology, the weights that it starts with.

    Fresh weights are those that it was built with.
    """
    chosen = settings.recipe.initial.options["weights"]
    source = earlier.last if chosen == "trained" else earlier.rewound
    if chosen == "fresh":
        return
    if source is None:
        set_dense_weights(settings, network, seed)
        return
    for index, layer in enumerate(network.layers):
        layer.rewire(layer.positions, source.weights_at(layer, index))
    hidden = {f"layers.{index}.weight" for index in range(len(network.layers))}
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name not in hidden:
                parameter.copy_(source.values[name])


def set_dense_weights(settings: Settings, network: mlp.MLP, seed: int) -> None:
    """Give a network the weights that a dense one starts with, at the positions that it has."""
    for index, layer in enumerate(network.layers):
        positions = layer.shape[0] * layer.shape[1]
        rng = stream(seed, "weights", layer=index)
        drawn = settings.initial_weights.draw(layer.shape, positions, rng)
        layer.rewire(layer.positions, drawn[layer.positions])
