"""Activations of training images in a network as it stands, for parts that ask for samples."""

from __future__ import annotations

import numpy as np
import torch

from suite.datasets.batches import Batches
from suite.sparse import mlp


def activations(network: mlp.MLP, batches: Batches, images: np.ndarray) -> list[np.ndarray]:
    """Return the activations of some training images, neither warped nor with dropout.

    Args:
        network: The network.
        batches: The data.
        images: Which images, indices into the training images, int64 (n,).

    Returns:
        The inputs, then what leaves each hidden layer, and the probabilities that a sparse output
        layer gives the classes: float32 (units, n).
    """
    passed = []
    watched = [layer.watch for layer in network.layers]
    for layer in network.layers:
        layer.watch = False  # what the last step left behind stays
    with torch.inference_mode():
        for start in range(0, len(images), mlp.WIDEST):
            x = batches.training(images[start : start + mlp.WIDEST])
            sides = [x]
            for layer in network.layers:
                x = layer(x)
                sides.append(x)
            if network.output is None:
                sides[-1] = torch.softmax(x, dim=0)
            passed.append([side.cpu().numpy() for side in sides])
    for layer, watch in zip(network.layers, watched, strict=True):
        layer.watch = watch
    return [np.concatenate(parts, axis=1) for parts in zip(*passed, strict=True)]
