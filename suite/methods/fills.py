"""Fills: the weights that connections start with when they return.

Each has the option `returning`, which an update reads: with "kept", a connection that the same
update pruned keeps its weight and its momentum, and no fill is asked about it.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from suite.methods.layer import LayerView
from suite.methods.parts import part

Returning = Literal["new", "kept"]


@part("fill", source="Scholte 2022; Evci et al. 2020, ICML, section 3")
def zeros(
    layer: LayerView,
    positions: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    returning: Returning = "new",
) -> NDArray[np.float32]:
    """Zero.

    Args:
        returning: Whether a connection that this update pruned starts anew when it returns at once,
            or has kept its weight and momentum.
    """
    return np.zeros(positions.size, dtype=np.float32)


@part("fill", source="Mocanu et al. 2018, Nature Communications 9:2383, the authors' sparse code")
def normal(
    layer: LayerView,
    positions: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    sd: Annotated[float, Field(gt=0)] = 0.1,
    returning: Returning = "new",
) -> NDArray[np.float32]:
    """Drawn from a normal distribution around zero.

    Args:
        sd: Standard deviation.
        returning: Whether a connection that this update pruned starts anew when it returns at once,
            or has kept its weight and momentum.
    """
    return np.float32(sd) * rng.standard_normal(positions.size, dtype=np.float32)


@part("fill", source="Atashgahi et al. 2022, Machine Learning 111 (CTRE); Curci et al. 2021")
def uniform(
    layer: LayerView,
    positions: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    returning: Returning = "new",
) -> NDArray[np.float32]:
    """Drawn uniformly from ±sqrt(6 / n_in), n_in being the dense fan-in.

    Args:
        returning: Whether a connection that this update pruned starts anew when it returns at once,
            or has kept its weight and momentum.
    """
    limit = np.float32(math.sqrt(6.0 / layer.shape[1]))
    return (2 * rng.random(positions.size, dtype=np.float32) - 1) * limit


@part("fill", needs=("last_weights",), source="Zhang et al. 2025, NeurIPS 38 (CHTs), an option")
def last_value(
    layer: LayerView,
    positions: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    returning: Returning = "new",
) -> NDArray[np.float32]:
    """The weight that the connection had when it was last active; zero if it never was.

    Args:
        returning: Whether a connection that this update pruned loses its momentum when it returns
            at once, or has kept it; its weight is the last one in both cases.
    """
    return layer.last_weights(positions)
