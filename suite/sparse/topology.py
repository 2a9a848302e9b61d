"""Initial weights, and how many connections units have.

A layer's weight matrix has shape (n_out, n_in); a position is the flat index `row * n_in + column`.
"""

from __future__ import annotations

import math

import numpy as np


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
