"""What is measured: the training of the paper's network on images like CIFAR-10's.

A step is what training does with a batch: gather, standardise and augment it, forward with dropout,
loss, backward, and SGD with momentum.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from suite import sparse
from suite.datasets.batches import Batches
from suite.datasets.dataset import DataSet
from suite.datasets.images import image_set
from suite.datasets.splits import split
from suite.kernels import augment
from suite.methods.moment import Moment
from suite.methods.recipe import resolve
from suite.randomness import stream
from suite.sparse.differentiate import differentiate
from suite.training.rewire import rewire

HIDDEN = (4000, 1000, 4000)

BATCH = 100

EPOCH = 50_000 // BATCH
"""Steps of an epoch of CIFAR-10."""

MOMENT = Moment(update=1, step=EPOCH, steps=1000 * EPOCH, epoch=1, epochs=1000)
"""When an update is measured: after the first of the paper's epochs."""

TESTED = 10_000
"""Images of an evaluation."""


@dataclass(frozen=True)
class Bench:
    """What is measured.

    Attributes:
        images: Images like CIFAR-10's; what they show costs nothing.
        hidden: Units of the hidden layers.
        epsilon: Of the initial topology.
    """

    images: DataSet
    hidden: tuple[int, ...] = HIDDEN
    epsilon: float = 20.0

    def network(self, engine: sparse.mlp.Engine) -> sparse.MLP:
        """Return a new network in training mode."""
        sizes = (self.images.features, *self.hidden)
        network = sparse.build(sizes, 10, seed=1, epsilon=self.epsilon, engine=engine)
        network.draw_dropout_from(stream(1, "dropout", 1))
        return network

    def training(self, engine: sparse.mlp.Engine) -> Training:
        """Return the training of a new network."""
        return Training(self.network(engine), self.images)


class Training:
    """A network that trains, step by step.

    Args:
        network: The network.
        images: What it trains on and is tested on.
    """

    def __init__(self, network: sparse.MLP, images: DataSet) -> None:
        self.network = network
        self.optimizer = optimizer_of(network)
        self._initial = [layer.connections for layer in network.layers]
        parts = split(images)
        self.batches = Batches(images, parts)
        self._starts = itertools.cycle(range(0, len(parts.train) - BATCH + 1, BATCH))
        self._order = stream(1, "order", 1).permutation(parts.train)
        self._warps = augment.draw(stream(1, "augmentation", 1), len(self._order))

    def batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the next batch, augmented, and its labels."""
        start = next(self._starts)
        chosen = slice(start, start + BATCH)
        indices = self._order[chosen]
        return self.batches.training(indices, self._warps[chosen]), self.batches.labels(indices)

    def step(self) -> None:
        """Train on the next batch."""
        x, y = self.batch()
        differentiate(self.network, x, y)
        self.optimizer.step()

    def evaluate(self) -> None:
        """Pass all test images through the network once."""
        self.network.eval()
        with torch.inference_mode():
            for x, y in self.batches.evaluation("test"):
                functional.cross_entropy(self.network(x), y, reduction="sum")
        self.network.train()

    def evolve(self, strategy: str) -> None:
        """Update the topology once, as SET does, with a regrowth strategy."""
        recipe = resolve("set", {"regrow": {"name": strategy}})
        rewire(recipe, self.network, self.optimizer, MOMENT, self._initial, seed=1)


def optimizer_of(network: nn.Module) -> torch.optim.SGD:
    """Return the optimiser of the paper."""
    return torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, fused=True)


def synthetic_images(count: int = TESTED) -> DataSet:
    """Return random images in the shape of CIFAR-10's, `count` to train on and to test with."""
    rng = np.random.default_rng(0)
    x = rng.integers(256, size=(count, 32, 32, 3), dtype=np.uint8)
    y = np.arange(count) % 10
    return image_set("random images", (x, y), (x, y), fingerprint="0" * 64)
