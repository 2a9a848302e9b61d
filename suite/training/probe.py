"""A look at the data, and at a dense network, before a training starts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from suite.datasets.batches import Batches
from suite.methods.probe import Probe
from suite.randomness import stream
from suite.settings import Settings
from suite.sparse import mlp


def probe(
    settings: Settings,
    seed: int,
    sizes: Sequence[int],
    classes: int,
    batches: Batches,
    train: np.ndarray,
) -> Probe:
    """Return what initial topologies with needs=("probe",) may ask.

    Args:
        settings: What to compute.
        seed: The run's seed.
        sizes: Units of the input and of each hidden layer.
        classes: Number of classes.
        batches: The data.
        train: The images to train on, indices into the training images.
    """
    order = stream(seed, "order").permutation(train)  # epoch 0, which no training has

    def saliency(count: int, draw: int) -> list[np.ndarray]:
        network = mlp.build(
            sizes,
            classes,
            seed=seed,
            topology=[None] * (len(sizes) - 1),
            activation=settings.activation,
            negative_slope=settings.negative_slope,
            device=batches.device,
            draw=draw,
            draw_weights=settings.initial_weights.draw,
        )
        if settings.recipe.sparse_output and network.output is not None:
            _redraw_output(network.output, settings, stream(seed, "weights", draw, len(sizes) - 1))
        network.eval()
        size = settings.batch_size
        for start in range(0, min(count * size, len(order)), size):
            chosen = order[start : start + size]
            logits = network(batches.training(chosen))
            functional.cross_entropy(logits, batches.labels(chosen)).backward()
        weights: list[Tensor] = [layer.weight for layer in network.layers]
        if settings.recipe.sparse_output:
            assert network.output is not None
            weights.append(network.output.weight)
        found = []
        for weight in weights:
            assert weight.grad is not None
            found.append((weight.data * weight.grad).abs().cpu().numpy())
        return found

    return Probe(saliency, lambda count: batches.training(order[:count]).cpu().numpy())


def _redraw_output(output: nn.Linear, settings: Settings, rng: np.random.Generator) -> None:
    """Draw the weights that the output has where it is sparse; a dense one's are Glorot's."""
    n_out, n_in = output.weight.shape
    values = settings.initial_weights.draw((n_out, n_in), n_out * n_in, rng)
    with torch.no_grad():
        output.weight.copy_(torch.from_numpy(values.reshape(n_out, n_in)))
