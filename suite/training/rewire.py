"""An update of a network's topology: every layer rewired, with what the optimiser keeps of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from suite.methods.last_weights import LastWeights
from suite.methods.layer import LayerView
from suite.methods.moment import Moment
from suite.methods.recipe import Recipe
from suite.methods.update import Rewired, Updated, update
from suite.randomness import stream
from suite.sparse import mlp
from suite.sparse.linear import SparseLinear

Layer = mlp.Layer | SparseLinear
"""A hidden layer of a network of the suite, or a layer of a model of one's own."""

WATCHED = {"gradient", "activations"}
"""The needs of parts that only a watched pass can serve."""


def rewire(
    recipe: Recipe,
    layers: Sequence[Layer],
    optimizer: torch.optim.Optimizer,
    moment: Moment,
    initial: Sequence[int],
    seed: int,
    samples: Callable[[int], Sequence[np.ndarray]] | None = None,
    charge: Callable[[int], None] = lambda _: None,
    last: Sequence[LastWeights] | None = None,
) -> Updated | None:
    """Update the topology of every layer together.

    Weights and the optimiser's state stay with the connections that stay; of a
    new connection the optimiser knows nothing yet (zeros).

    Args:
        recipe: The method.
        layers: The layers, first to last; they have seen the last batch where the recipe needs it.
        optimizer: Its optimiser.
        moment: When.
        initial: Each layer's count at the start.
        seed: The run's seed.
        samples: count -> the activations of that many training images, (units, images), those
            that enter the first layer and those that leave each.
        charge: Called with the multiply-adds that the parts compute.
        last: The last weights of what has gone from each layer, where the recipe needs them; what
            goes now is noted.

    Returns:
        What was done; None if the gate is shut.

    Raises:
        UserError: If a part raises an error or gives a wrong answer.
    """
    views = [_view(index, layer, optimizer, samples, charge) for index, layer in enumerate(layers)]
    if last is not None:
        views = [replace(view, last_from=of.at) for view, of in zip(views, last, strict=True)]
    updated = update(
        recipe,
        views,
        moment,
        initial,
        lambda purpose, layer: stream(seed, purpose, moment.update, layer),
    )
    for layer in layers:
        layer.seen = None  # as large as a batch, and stale from here on
    if updated is not None:
        for view, rewired, of in zip(views, updated.layers, last or (), strict=False):
            gone = np.ones(view.positions.size, dtype=bool)
            gone[rewired.source[rewired.source >= 0]] = False
            of.note(view.positions[gone], view.weights[gone])
        for layer, rewired in zip(layers, updated.layers, strict=True):
            carry(layer, rewired, optimizer)
    return updated


def carry(layer: Layer, rewired: Rewired, optimizer: torch.optim.Optimizer) -> None:
    """Give a layer its new topology, and carry over its weights and its optimiser's tensors."""
    weights = layer.gather(layer.weight)
    kept = {name: layer.gather(tensor) for name, tensor in _shaped(layer, optimizer).items()}
    layer.rewire(rewired.positions, _taken(weights, rewired.source, rewired.weights))
    for name, values in kept.items():
        taken = _taken(values, rewired.source, np.zeros_like(rewired.weights))
        optimizer.state[layer.weight][name] = layer.scatter(taken)


def _view(
    index: int,
    layer: Layer,
    optimizer: torch.optim.Optimizer,
    samples: Callable[[int], Sequence[np.ndarray]] | None,
    charge: Callable[[int], None],
) -> LayerView:
    def sides(count: int) -> tuple[np.ndarray, np.ndarray]:
        assert samples is not None
        before, after = samples(count)[index : index + 2]
        return before, after

    kept = _shaped(layer, optimizer)
    momentum = kept.get("momentum_buffer", kept.get("exp_avg"))
    weights = layer.gather(layer.weight)
    seen = layer.seen
    return LayerView(
        index,
        layer.shape,
        layer.positions,
        weights,
        np.zeros_like(weights) if momentum is None else layer.gather(momentum),
        gradient_from=None if seen is None else seen.gradient_rows,
        activations_from=None if seen is None else seen.activations,
        samples_from=None if samples is None else sides,
        batch_from=None if seen is None else seen.batch,
        images=0 if seen is None else seen.inputs.shape[1],
        charge=charge,
    )


def _shaped(layer: Layer, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the optimiser's tensors that have one element for each of a layer's weights."""
    state = optimizer.state.get(layer.weight, {})
    return {
        name: tensor
        for name, tensor in state.items()
        if isinstance(tensor, Tensor) and tensor.shape == layer.weight.shape
    }


def _taken(values: np.ndarray, source: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Return `values` at `source`, or `otherwise` where `source` is -1."""
    taken = otherwise.astype(values.dtype)
    stays = source >= 0
    taken[stays] = values[source[stays]]
    return taken
