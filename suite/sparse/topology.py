"""Initial topologies and weights, drawn position by position.

A layer's weight matrix has shape (n_out, n_in); a position is the flat index `row * n_in + column`.
"""

from __future__ import annotations

import math

import numpy as np


def density(shape: tuple[int, int], epsilon: float) -> float:
    """Return the probability that a position of a layer is active, in [0, 1].

    Args:
        shape: (n_out, n_in).
        epsilon: Sparsity parameter: `epsilon * (n_in + n_out)` connections are expected.

    Source: Mocanu et al. 2018, Equation 3 (Erdős–Rényi).
    """
    n_out, n_in = shape
    return min(1.0, epsilon * (n_in + n_out) / (n_in * n_out))


def erdos_renyi(shape: tuple[int, int], epsilon: float, rng: np.random.Generator) -> np.ndarray:
    """Draw the active positions of a layer: each active with equal probability, independently.

    The gaps between active positions are drawn instead of one number a position: they are
    geometric, and there are as many as connections.

    Args:
        shape: (n_out, n_in).
        epsilon: Sparsity parameter, see `density`.
        rng: Generator of the layer's topology.

    Returns:
        Active positions, int64 (connections,), ascending.
    """
    total = shape[0] * shape[1]
    p = density(shape, epsilon)
    if p == 0.0:
        return np.empty(0, dtype=np.int64)
    block = math.ceil(total * p + 4 * math.sqrt(total * p)) + 1
    blocks, last = [], -1
    while last < total:
        blocks.append(last + np.cumsum(rng.geometric(p, size=block)))
        last = int(blocks[-1][-1])
    positions = np.concatenate(blocks)
    return positions[: np.searchsorted(positions, total)]


def glorot_uniform(
    shape: tuple[int, int], count: int | tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    """Draw initial weights, uniform within ±sqrt(6 / (n_in + n_out)), the dense fan-in and fan-out.

    Args:
        shape: (n_out, n_in) of the layer.
        count: How many weights to draw, or the shape of the array of them.
        rng: Generator of the layer's weights.

    Returns:
        float32 array of `count` weights.

    Source: Glorot and Bengio 2010, Equation 16.
    """
    limit = np.float32(math.sqrt(6.0 / (shape[0] + shape[1])))
    return (2 * rng.random(count, dtype=np.float32) - 1) * limit


def degrees(positions: np.ndarray, shape: tuple[int, int]) -> dict[str, list[int]]:
    """Return the degree distribution of a layer's two sides.

    Args:
        positions: Active positions, int64 (connections,).
        shape: (n_out, n_in) of the layer.

    Returns:
        "inputs" and "outputs": how many of these units have 0, 1, 2, ... connections.
    """
    rows, columns = np.divmod(positions, shape[1])
    return {
        "inputs": np.bincount(np.bincount(columns, minlength=shape[1])).tolist(),
        "outputs": np.bincount(np.bincount(rows, minlength=shape[0])).tolist(),
    }
