"""Regrowth where the gradient is."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from suite.methods.layer import LayerView
from suite.methods.parts import part
from suite.methods.regrow.pruned import JustPruned, chosen
from suite.methods.window import Batches, Of


@part("regrow", needs=("gradient",), source="Evci et al. 2020, ICML, section 3")
def gradient(
    layer: LayerView,
    count: int,
    rng: np.random.Generator,
    *,
    batches: Batches = 1,
    of: Of = "steps",
    just_pruned: JustPruned = "return",
) -> NDArray[np.int64]:
    """Candidates where the gradient is largest in absolute value.

    Args:
        batches: Over how many batches the gradient is averaged.
        of: The batches of the last steps, each with the weights before its step, or fresh ones
            with the weights of now.
        just_pruned: Whether connections that this update pruned may return, or wait: they return
            only where there is no other candidate.
    """

    def top(taken: NDArray[np.int64], number: int) -> NDArray[np.int64]:
        return layer.top_gradient(number, taken)

    return chosen(layer, count, rng, just_pruned, top)


@part("regrow", needs=("gradient",), source="Dettmers and Zettlemoyer 2019, section 3")
def windowed_momentum(
    layer: LayerView,
    count: int,
    rng: np.random.Generator,
    *,
    batches: Batches = 10,
    decay: Annotated[float, Field(gt=0, le=1)] = 0.9,
) -> NDArray[np.int64]:
    """Candidates with the largest momentum, computed from the last batches only.

    Momentum sums the gradients of all steps, each with `decay` to the power of its age. A sparse
    network keeps none of absent weights, so the sum is made for the update, over a window. What it
    leaves out weighs decay to the power of batches: 35 % of all at 10, 1 % at 44.

    Args:
        batches: How many steps the window has.
        decay: What a gradient's weight is multiplied with at each later step.
    """
    return layer.top_gradient(count)
