"""Initial topologies that are drawn at random, or dense.

With the option `output` at sparse, training gives a part the output layer too, as the last of its
layers; the part itself need not know.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from suite.methods.apportion import apportion
from suite.methods.parts import part
from suite.methods.positions import draw_outside

Shapes = Sequence[tuple[int, int]]
Generators = Sequence[np.random.Generator]
Positions = list[NDArray[np.int64]] | list[None]

Zeros = Literal["nearest", "floor"]
Output = Literal["dense", "sparse"]

_NONE = np.empty(0, dtype=np.int64)


@part("initial", source="Mocanu et al. 2018, Nature Communications 9:2383, Equation 3")
def erdos_renyi(
    shapes: Shapes,
    rngs: Generators,
    probe: Any,
    *,
    epsilon: Annotated[float, Field(gt=0)] = 20.0,
    output: Output = "dense",
) -> Positions:
    """Each position at random, with a smaller probability in larger layers.

    Args:
        epsilon: A layer has about epsilon (n_in + n_out) connections.
        output: Whether the output layer is dense, or sparse as the others are.
    """
    return [
        bernoulli(shape, expected_density(shape, epsilon), rng)
        for shape, rng in zip(shapes, rngs, strict=True)
    ]


@part("initial", source="Evci et al. 2020, ICML, section 3")
def uniform(
    shapes: Shapes,
    rngs: Generators,
    probe: Any,
    *,
    density: Annotated[float, Field(gt=0, le=1)] = 0.1,
    zeros: Zeros = "nearest",
    last: Annotated[float, Field(gt=0, le=1)] = 1.0,
    output: Output = "dense",
) -> Positions:
    """The same share of every layer's positions, drawn at random, in exact numbers.

    Args:
        density: Share of the positions that are active.
        zeros: Whether the number of inactive positions is the nearest one, or rounded down (floor)
            as in the authors' code.
        last: What the sparsity of the last of these layers is multiplied with; 0.9 in RigL's MNIST
            script.
        output: Whether the output layer is dense, or sparse as the others are.
    """
    counts = uniform_counts(shapes, density, zeros, last)
    return [
        draw_outside(_NONE, math.prod(shape), count, rng)
        for shape, count, rng in zip(shapes, counts, rngs, strict=True)
    ]


@part("initial", source="Evci et al. 2020, ICML, section 3")
def erk(
    shapes: Shapes,
    rngs: Generators,
    probe: Any,
    *,
    density: Annotated[float, Field(gt=0, le=1)] = 0.1,
    zeros: Zeros = "nearest",
    output: Output = "dense",
) -> Positions:
    """As erdos_renyi, with an exact share of all positions; a layer without room is dense.

    Args:
        density: Share of the network's positions that are active.
        zeros: Whether the counts add up to the nearest whole number, or every layer's inactive
            positions are rounded down (floor) as in the authors' code.
        output: Whether the output layer is dense, or sparse as the others are.
    """
    counts = erk_counts(shapes, density, zeros)
    return [
        draw_outside(_NONE, math.prod(shape), int(count), rng)
        for shape, count, rng in zip(shapes, counts, rngs, strict=True)
    ]


@part("initial", source="the dense baseline")
def dense(shapes: Shapes, rngs: Generators, probe: Any) -> Positions:
    """Every position of every layer."""
    return [None for _ in shapes]


def expected_density(shape: tuple[int, int], epsilon: float) -> float:
    """Return the probability that a position of a layer is active, in [0, 1]; see `erdos_renyi`.

    Args:
        shape: (n_out, n_in).
        epsilon: `epsilon * (n_in + n_out)` connections are expected.
    """
    return min(1.0, epsilon * sum(shape) / math.prod(shape))


def uniform_counts(
    shapes: Shapes, density: float, zeros: Zeros = "nearest", last: float = 1.0
) -> list[int]:
    """Return each layer's count; see `uniform`."""
    counts = []
    for number, shape in enumerate(shapes, 1):
        size = math.prod(shape)
        sparsity = (1 - density) * (last if number == len(shapes) else 1.0)
        nearest = (
            round(density * size) if sparsity == 1 - density else size - round(sparsity * size)
        )
        counts.append(size - rounded_down(sparsity * size) if zeros == "floor" else nearest)
    return counts


def rounded_down(number: float) -> int:
    """Return a number without its fraction, or the next one where it falls short by rounding."""
    return math.floor(number + 1e-9 * max(1.0, number))


def erk_counts(shapes: Shapes, density: float, zeros: Zeros = "nearest") -> NDArray[np.int64]:
    """Return each layer's count: in proportion to n_in + n_out, or all of a layer that is full.

    Args:
        shapes: (n_out, n_in) of each layer.
        density: Share of all positions, in (0, 1].
        zeros: Whether the counts add up, or each layer's inactive positions are rounded down, as
            those of a uniform density are, whose total this one is then.
    """
    sizes = np.array([math.prod(shape) for shape in shapes])
    sides = np.array([sum(shape) for shape in shapes], dtype=np.float64)
    floor = zeros == "floor"
    total = sum(uniform_counts(shapes, density, zeros)) if floor else round(density * sizes.sum())
    full = np.zeros(sizes.size, dtype=bool)
    while not full.all():
        epsilon = (total - sizes[full].sum()) / sides[~full].sum()
        over = ~full & (epsilon * sides > sizes)
        if not over.any():
            break
        full |= over
    open_ = np.flatnonzero(~full)
    counts = sizes.copy()
    if floor:
        for layer in open_:
            counts[layer] -= rounded_down(sizes[layer] - epsilon * sides[layer])
    elif open_.size:
        counts[open_] = apportion(total - int(sizes[full].sum()), sides[open_], sizes[open_])
    return counts


def bernoulli(
    shape: tuple[int, int], probability: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw the active positions of a layer: each with equal probability, independently.

    The gaps between active positions are drawn instead of one number a position: they are
    geometric, and there are as many as connections.

    Args:
        shape: (n_out, n_in).
        probability: Above 0, at most 1.
        rng: Generator of the layer's topology.

    Returns:
        Active positions, int64 (connections,), ascending.
    """
    total = math.prod(shape)
    block = math.ceil(total * probability + 4 * math.sqrt(total * probability)) + 1
    blocks: list[NDArray[np.int64]] = []
    last = -1
    while last < total:
        blocks.append(last + np.cumsum(rng.geometric(probability, size=block)))
        last = int(blocks[-1][-1])
    positions = np.concatenate(blocks)
    return positions[: np.searchsorted(positions, total)]
