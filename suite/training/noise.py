"""Learnt noise in a run: how its network is made of noisy layers, and how its penalty grows."""

from __future__ import annotations

import itertools
import math

import numpy as np

from suite.methods.noise import HardConcrete, Variational
from suite.randomness import stream
from suite.sparse import mlp
from suite.sparse.noisy import GatedLayer, Gates, VariationalLayer


def make_noisy(
    network: mlp.MLP, noise: HardConcrete | Variational, seed: int, device: str = "cpu"
) -> None:
    """Put noisy layers in the place of a dense network's hidden layers, with the same weights.

    Args:
        network: At its start; none of its layers has a topology.
        noise: Which noise.
        seed: The run's seed.
        device: Of the network.
    """
    if isinstance(noise, Variational):
        for index, layer in enumerate(network.layers):
            network.layers[index] = VariationalLayer(  # type: ignore[index]
                layer.shape,
                _weights(layer),
                layer.activation,
                noise.first_log_variance,
                noise.threshold,
                noise.clips,
                device,
            )
        return
    gated: list[GatedLayer] = []
    for index, layer in enumerate(network.layers):
        entering = _gates(noise, layer.shape[1], seed, index)
        gated.append(
            GatedLayer(
                layer.shape, _weights(layer), layer.activation, entering, noise.strength, device
            )
        )
        network.layers[index] = gated[-1]  # type: ignore[index]
    for below, above in itertools.pairwise(gated):
        below.above = [above]
    last = gated[-1]
    last.leaving = _gates(noise, last.shape[0], seed, len(gated)).to(device)
    assert network.output is not None  # noise fits a dense start
    last.classes = network.output.out_features


def penalty_weight(noise: HardConcrete | Variational, epoch: int, images: int) -> float:
    """Return what a network's penalty is multiplied with before it is added to the loss.

    Args:
        noise: Which noise.
        epoch: From 1.
        images: How many there are to train on.
    """
    share = 1.0
    if isinstance(noise, Variational):
        share = min(1.0, max(0.0, (epoch - 1 - noise.starts) / noise.rises))
    return share / images


def _weights(layer: mlp.Layer) -> np.ndarray:
    return layer.gather(layer.weight)


def _gates(noise: HardConcrete, units: int, seed: int, index: int) -> Gates:
    shut = noise.dropped if index else noise.dropped_inputs
    drawn = stream(seed, "noise", layer=index).standard_normal(units, dtype=np.float32)
    centre = np.float32(math.log((1 - shut) / shut))
    return Gates(centre + np.float32(0.01) * drawn, noise.temperature)
