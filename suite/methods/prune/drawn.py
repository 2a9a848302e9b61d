"""Prune rules that draw."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from suite.methods.layer import LayerView
from suite.methods.parts import part
from suite.methods.prune.scores import Rounding, all_but_smallest, drawn_to_stay, number

Score = Literal["magnitude", "relative_importance"]


@part("prune", needs=("rng",), source="Nowak et al. 2023, NeurIPS 36")
def random(layer: LayerView, zeta: float, *, rounding: Rounding = "floor") -> NDArray[np.bool_]:
    """A share of the connections, drawn uniformly.

    Args:
        rounding: Whether the number that goes is rounded down (floor) or up (ceil).
    """
    assert layer.rng is not None
    return all_but_smallest(layer.rng.random(layer.positions.size), zeta, rounding)


@part("prune", source="Zhang et al. 2024, ICLR; 2025, NeurIPS 38 (CHT)")
def relative_importance(
    layer: LayerView, zeta: float, *, rounding: Rounding = "floor"
) -> NDArray[np.bool_]:
    """A share of the weights, those that are smallest compared with their row and column.

    Args:
        rounding: Whether the number that goes is rounded down (floor) or up (ceil).
    """
    return all_but_smallest(importance(layer), zeta, rounding)


@part("prune", needs=("rng",), source="Zhang et al. 2025, NeurIPS 38 (CHTs)")
def soft(
    layer: LayerView,
    zeta: float,
    *,
    score: Score = "magnitude",
    temperature: Annotated[float, Field(ge=0)] = 2.0,
    rounding: Rounding = "floor",
) -> NDArray[np.bool_]:
    """A share of the connections; those that stay are drawn in proportion to a power of a score.

    The power is 1 at the start and grows to 1 + temperature at the end of the training.

    Args:
        score: The absolute weight, or the weight compared with its row and column.
        temperature: By how much the power grows.
        rounding: Whether the number that goes is rounded down (floor) or up (ceil).
    """
    scores = importance(layer) if score == "relative_importance" else np.abs(layer.weights)
    return drawn_to_stay(layer, scores, number(zeta, scores.size, rounding), temperature)


def importance(layer: LayerView) -> NDArray[np.float64]:
    """Return |weight| / its row's sum + |weight| / its column's sum, float64 (nnz,).

    As in the authors' code every position of a row or column adds 1e-5 to its sum, active or not.
    """
    n_out, n_in = layer.shape
    sizes = np.abs(layer.weights).astype(np.float64)
    rows, columns = np.divmod(layer.positions, n_in)
    of_rows = np.bincount(rows, sizes, minlength=n_out) + 1e-5 * n_in
    of_columns = np.bincount(columns, sizes, minlength=n_in) + 1e-5 * n_out
    return sizes / of_rows[rows] + sizes / of_columns[columns]
