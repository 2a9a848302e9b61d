"""What is measured: the training of the paper's network on images like CIFAR-10's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from suite.datasets.dataset import DataSet
from suite.datasets.images import image_set
from suite.paper import HIDDEN
from suite.settings import Settings
from suite.sparse import mlp
from suite.training.state import Training
from suite.training.timing import FirstEpoch, stand_in

COLOUR = (32, 32, 3)
"""Height, width and channels of CIFAR-10's images."""

EPOCH = 50_000 // 100
"""Steps of an epoch of CIFAR-10."""

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

    def training(self, engine: mlp.Engine, **settings: Any) -> FirstEpoch:
        """Return the first epoch of a new training: the paper's SET, but for the settings given."""
        chosen = Settings(hidden=self.hidden, epsilon=self.epsilon, **settings)
        earlier = stand_in(chosen, self.images)
        return FirstEpoch(Training(chosen, 1, self.images, engine=engine, earlier=earlier))


def synthetic_images(count: int = TESTED, shape: tuple[int, ...] = COLOUR) -> DataSet:
    """Return random images, `count` to train on and to test with.

    Args:
        count: How many.
        shape: Height, width and channels; those of CIFAR-10 by default.
    """
    rng = np.random.default_rng(0)
    x = rng.integers(256, size=(count, *shape), dtype=np.uint8)
    y = np.arange(count) % 10
    return image_set("random images", (x, y), (x, y), fingerprint="0" * 64)
