"""What the restated updates share: layers as dicts, loops, and sorting."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Position = tuple[int, int]


@dataclass
class Layer:
    """A layer before an update.

    Attributes:
        shape: (rows, columns): outputs and inputs.
        weights: Of the active positions.
        momentum: Of the active positions.
        inputs: Activations that entered, (inputs, images).
        errors: Gradients by the pre-activations, (outputs, images); where a method compares
            activations, those that left.
    """

    shape: tuple[int, int]
    weights: dict[Position, float]
    momentum: dict[Position, float]
    inputs: np.ndarray
    errors: np.ndarray

    @property
    def everywhere(self) -> list[Position]:
        """All positions, row by row."""
        return [(i, j) for i in range(self.shape[0]) for j in range(self.shape[1])]

    def gradient(self, at: Position) -> float:
        """The gradient of the loss by the weight at a position."""
        return float(np.dot(self.errors[at[0]].astype(float), self.inputs[at[1]].astype(float)))


class After(NamedTuple):
    """A layer after an update.

    Attributes:
        weights: Of the active positions.
        carried: The positions that keep what the optimiser knows of them.
        pruned: How many connections went.
        regrown: How many came.
    """

    weights: dict[Position, float]
    carried: set[Position]
    pruned: int
    regrown: int


def smallest(scores: dict[Position, float], count: int) -> set[Position]:
    """Return the positions of the smallest scores; of equal ones those that come first."""
    return set(sorted(sorted(scores), key=lambda at: scores[at])[:count])


def largest(scores: dict[Position, float], count: int) -> set[Position]:
    """Return the positions of the largest scores; of equal ones those that come first."""
    return set(sorted(sorted(scores), key=lambda at: -scores[at])[:count])


def sizes(layer: Layer) -> dict[Position, float]:
    """Return the absolute weight of every active position."""
    return {at: abs(weight) for at, weight in layer.weights.items()}


def drawn(among: list[Position], count: int, rng: np.random.Generator) -> set[Position]:
    """Draw positions uniformly, without replacement."""
    return {among[n] for n in rng.choice(len(among), count, replace=False, shuffle=False)}


def inactive(layer: Layer, active: set[Position]) -> list[Position]:
    """Return the positions that are not active, row by row."""
    return [at for at in layer.everywhere if at not in active]


def cosine(progress: float, start: float, end: float) -> float:
    """Half a cosine from start to end."""
    return end + (start - end) / 2 * (1 + math.cos(math.pi * min(progress, 1.0)))


def zeros(layer: Layer, count: int, rng: np.random.Generator) -> list[float]:
    """New connections start at zero."""
    return [0.0] * count


def uniform(layer: Layer, count: int, rng: np.random.Generator) -> list[float]:
    """New connections start uniformly within the root of 6 / inputs."""
    limit = np.float32(math.sqrt(6 / layer.shape[1]))
    return [float((2 * r - 1) * limit) for r in rng.random(count, dtype=np.float32)]


def after(
    layer: Layer,
    kept: set[Position],
    new: set[Position],
    rng: np.random.Generator,
    fill=zeros,
    *,
    returning_kept: bool,
    exchanged: set[Position] | None = None,
) -> After:
    """Put a layer together.

    Args:
        layer: Before the update.
        kept: What was not pruned.
        new: What comes.
        rng: For the weights of new connections, row by row.
        fill: (layer, count, rng) -> weights.
        returning_kept: Whether what comes and has just gone keeps its weight and momentum.
        exchanged: What may keep them; all that was active by default.
    """
    carried = set(kept)
    if returning_kept:
        carried |= new & (set(layer.weights) if exchanged is None else exchanged)
    fresh = sorted(new - carried)
    values = fill(layer, len(fresh), rng) if fresh else []
    weights = {at: layer.weights[at] for at in carried} | dict(zip(fresh, values, strict=True))
    return After(weights, carried, len(layer.weights) - len(kept), len(new))
