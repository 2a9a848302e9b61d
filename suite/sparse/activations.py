"""Activations of the hidden units, in ordinary PyTorch, by name.

Each acts on pre-activations of shape (units, batch). One with a `fused_slope` is a leaky rectifier
that the sparse engine computes within the product; every other one runs after the product, as the
module that it is, on both engines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Hidden:
    """What an activation may need to know about its hidden layer.

    Attributes:
        index: Which hidden layer, from 0.
        units: Number of units.
        negative_slope: The setting of that name, any finite number.
        rng: Generator of initial values.
    """

    index: int
    units: int
    negative_slope: float
    rng: np.random.Generator


class Activation(nn.Module):
    """An activation of one hidden layer.

    Attributes:
        fused_slope: The slope below zero where the activation is z for positive z and
            `fused_slope * z` elsewhere, 0 or more; None where it is anything else. A negative slope
            cannot be fused: the fused backward pass reads the sign of z off the activation.
    """

    fused_slope: float | None = None


class LeakyReLU(Activation):
    """z where z is positive, `negative_slope * z` elsewhere; slope 0 is ReLU.

    Args:
        negative_slope: Any finite number.
    """

    def __init__(self, negative_slope: float) -> None:
        super().__init__()
        self.negative_slope = float(negative_slope)
        self.fused_slope = self.negative_slope if self.negative_slope >= 0 else None

    def forward(self, z: Tensor) -> Tensor:
        """Map pre-activations (units, batch) to activations of the same shape."""
        return nn.functional.leaky_relu(z, self.negative_slope)


class Identity(Activation):
    """z itself: what an output layer returns."""

    fused_slope = 1.0

    def forward(self, z: Tensor) -> Tensor:
        """Return the pre-activations."""
        return z


class SReLU(Activation):
    """The S-shaped rectified linear unit: the identity between two thresholds, lines outside.

    Four values a unit are learned, each of shape (units,): the threshold `t_left` with the slope
    `a_left` below it, and the threshold `t_left + abs(t_right)` with the slope `a_right` above it.

    Args:
        units: Number of units.
        rng: Generator of the initial `a_left`, uniform in [0, 1), and `t_right`, uniform in [0, 5).

    Source: Jin et al. 2016; the parametrisation and the initial values are keras-contrib's, as used
    by the authors of SET.
    """

    def __init__(self, units: int, rng: np.random.Generator) -> None:
        super().__init__()
        self.t_left = nn.Parameter(torch.zeros(units))
        self.a_left = nn.Parameter(torch.from_numpy(rng.random(units, dtype=np.float32)))
        self.t_right = nn.Parameter(torch.from_numpy(5 * rng.random(units, dtype=np.float32)))
        self.a_right = nn.Parameter(torch.ones(units))

    def right(self) -> Tensor:
        """Return the right thresholds, (units,)."""
        return self.t_left + self.t_right.abs()

    def forward(self, z: Tensor) -> Tensor:
        """Map pre-activations (units, batch) to activations of the same shape."""
        left, right = self.t_left[:, None], self.right()[:, None]
        below = left + self.a_left[:, None] * (z - left)
        above = right + self.a_right[:, None] * (z - right)
        return torch.where(z > right, above, torch.where(z < left, below, z))


ACTIVATIONS: dict[str, Callable[[Hidden], Activation]] = {
    "leaky_relu": lambda hidden: LeakyReLU(hidden.negative_slope),
    "relu": lambda _: LeakyReLU(0.0),
    "srelu": lambda hidden: SReLU(hidden.units, hidden.rng),
    # All-ReLU: the slope is negative in the first, third, ... layer (Curci et al. 2021).
    "all_relu": lambda hidden: LeakyReLU(hidden.negative_slope * (1 if hidden.index % 2 else -1)),
}
"""What makes the activation of a hidden layer, by the activation's name."""


def make_activation(name: str, hidden: Hidden) -> Activation:
    """Return the activation of one hidden layer.

    Args:
        name: A name in `ACTIVATIONS`.
        hidden: The layer.

    Raises:
        ValueError: The activation does not exist.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"There is no activation {name!r}; choose {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[name](hidden)
