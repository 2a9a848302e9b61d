"""One layer's evolution: prune, count, regrow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suite.methods.budgets import lacking as count_to_regrow
from suite.methods.layer import LayerView
from suite.methods.prune import keep_mask
from suite.methods.regrow import regrow as ask

REGROWN_WEIGHTS = ("zeros", "normal")
REGROWN_SD = 0.1


@dataclass(frozen=True, eq=False)
class Evolved:
    """A layer after evolution.

    Attributes:
        positions: int64 (nnz,), ascending.
        weights: float32 (nnz,), the weight at each position.
        momentum: float32 (nnz,), likewise; zero where a connection is new.
        pruned: How many connections went.
        regrown: How many returned.
    """

    positions: NDArray[np.int64]
    weights: NDArray[np.float32]
    momentum: NDArray[np.float32]
    pruned: int
    regrown: int


def evolve_layer(
    index: int,
    shape: tuple[int, int],
    positions: NDArray[np.int64],
    weights: NDArray[np.float32],
    momentum: NDArray[np.float32] | None,
    *,
    initial_count: int,
    theta: float,
    prune: str,
    zeta: float,
    regrow: str,
    regrown_weights: str,
    rng: np.random.Generator,
    weights_rng: np.random.Generator,
    gradient: Callable[[], NDArray[np.float32]] | None = None,
    activations: Callable[[], tuple[NDArray[np.float32], NDArray[np.float32]]] | None = None,
    settings: Mapping[str, object] | None = None,
) -> Evolved:
    """Prune a layer, and regrow round(theta * what it then lacks) connections.

    Args:
        index: Which sparse layer, from 0.
        shape: (n_out, n_in).
        positions: int64 (nnz,), active positions, ascending.
        weights: float32 (nnz,), aligned with the positions.
        momentum: float32 (nnz,), aligned likewise; None if the optimiser holds none, then zeros.
        initial_count: The layer's count at initialisation.
        theta: What the connectivity rule says, 0 or more.
        prune: Name of the prune rule.
        zeta: Share to prune, in (0, 1).
        regrow: Name of the regrowth strategy.
        regrown_weights: "zeros", or "normal": new weights from N(0, 0.1^2), drawn in order of
            position.
        rng: Draws which connections return.
        weights_rng: Draws new weights.
        gradient: Computes the dense gradient, for strategies that need it.
        activations: Computes the activations, likewise.
        settings: Settings by name, for strategies that take some.

    Returns:
        The new layer, in arrays of its own. Where fewer positions are inactive than are to return
        (only overshoot gets there), all return.

    Raises:
        UserError: From the regrowth strategy; see `regrow.regrow`.
    """
    if momentum is None:
        momentum = np.zeros_like(weights)
    keep = keep_mask(prune, weights, zeta)
    rows = None if gradient is None else _rows(gradient)
    kept = LayerView(
        index, shape, positions[keep], weights[keep], momentum[keep], rows, activations
    )
    lacking = int(
        count_to_regrow(theta, np.array([initial_count]), np.array([kept.positions.size]))[0]
    )
    count = min(lacking, kept.size - kept.positions.size)
    new = ask(regrow, kept, count, rng, **(settings or {}))
    if regrown_weights == "normal":
        new_weights = np.float32(REGROWN_SD) * weights_rng.standard_normal(count, dtype=np.float32)
    else:
        new_weights = np.zeros(count, dtype=np.float32)
    merged = np.concatenate([kept.positions, new])
    order = np.argsort(merged, kind="stable")  # a merge sort: both parts are ascending
    return Evolved(
        positions=merged[order],
        weights=np.concatenate([kept.weights, new_weights])[order],
        momentum=np.concatenate([kept.momentum, np.zeros(count, dtype=np.float32)])[order],
        pruned=positions.size - kept.positions.size,
        regrown=count,
    )


def _rows(
    gradient: Callable[[], NDArray[np.float32]],
) -> Callable[[int, int], NDArray[np.float32]]:
    return lambda start, stop: gradient()[start:stop]
