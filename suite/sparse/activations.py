"""Activations of the hidden units, in ordinary PyTorch.

Each acts on pre-activations of shape (units, batch).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn


class LeakyReLU(nn.Module):
    """z where z is positive, `negative_slope * z` elsewhere; slope 0 is ReLU.

    Args:
        negative_slope: 0 or more.
    """

    def __init__(self, negative_slope: float) -> None:
        super().__init__()
        if negative_slope < 0:
            raise ValueError("The negative slope must be 0 or more.")
        self.negative_slope = float(negative_slope)

    def forward(self, z: Tensor) -> Tensor:
        """Map pre-activations (units, batch) to activations of the same shape."""
        return nn.functional.leaky_relu(z, self.negative_slope)


class SReLU(nn.Module):
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


def make_activation(
    name: str, units: int, negative_slope: float, rng: np.random.Generator
) -> LeakyReLU | SReLU:
    """Return the activation of one hidden layer.

    Args:
        name: "leaky_relu", "relu" or "srelu".
        units: Number of units of the layer.
        negative_slope: Slope of "leaky_relu" below zero; unused by the others.
        rng: Generator of "srelu"'s initial values; unused by the others.

    Raises:
        ValueError: The name is none of these.
    """
    match name:
        case "leaky_relu":
            return LeakyReLU(negative_slope)
        case "relu":
            return LeakyReLU(0.0)
        case "srelu":
            return SReLU(units, rng)
    raise ValueError(f"There is no activation {name!r}; choose leaky_relu, relu or srelu.")
