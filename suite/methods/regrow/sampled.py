"""Regrowth among sampled candidates: the gradient is computed at these and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from suite.methods.apportion import apportion
from suite.methods.layer import LayerView, largest
from suite.methods.parts import part
from suite.methods.positions import draw_outside
from suite.methods.window import Batches, Of

By = Literal["uniform", "bound", "estimate"]
Positions = NDArray[np.int64]


@part(
    "regrow",
    needs=("gradient",),
    scope="network",
    source="Heddes et al. 2024, guided stochastic exploration (GSE)",
)
def sampled(
    layers: Sequence[LayerView],
    counts: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    by: By = "bound",
    factor: Annotated[float, Field(gt=0)] = 1.0,
    batches: Batches = 1,
    of: Of = "fresh",
) -> list[Positions]:
    """The largest gradients of the whole network, among candidates sampled by unit.

    A candidate is an output drawn with one probability and an input drawn with another, so that
    time and memory grow with connections and units. What was active before pruning is none. Where
    there are too few candidates, the rest is random.

    Args:
        by: The probabilities of units: uniform; the sum of absolute errors and of absolute
            activations, which bounds the gradient (GraBo); or of sums with random signs, which
            estimates it (GraEst).
        factor: How many candidates are drawn for each connection of the layer.
        batches: Over how many batches the gradient is averaged.
        of: The batches of the last steps, each with the weights before its step, or fresh ones
            with the weights of now.
    """
    if not counts.any():  # then nothing is computed, and costs nothing
        return [np.empty(0, dtype=np.int64) for _ in layers]
    found = [_candidates(layer, by, factor, rng) for layer in layers]
    sizes = [
        np.abs(layer.gradient_at(positions)) for layer, positions in zip(layers, found, strict=True)
    ]
    best = largest(np.concatenate(sizes), min(int(counts.sum()), sum(p.size for p in found)))
    starts = np.cumsum([0, *(positions.size for positions in found)])
    chosen = [
        positions[best[(best >= first) & (best < last)] - first]
        for positions, first, last in zip(found, starts[:-1], starts[1:], strict=True)
    ]
    taken = [
        np.sort(np.concatenate([layer.positions, new]))
        for layer, new in zip(layers, chosen, strict=True)
    ]
    room = np.array([layer.size - t.size for layer, t in zip(layers, taken, strict=True)])
    missing = int(counts.sum()) - best.size
    rest = apportion(missing, room, room) if missing else np.zeros_like(room)
    return [
        np.concatenate([new, draw_outside(t, layer.size, int(more), rng)])
        for layer, new, t, more in zip(layers, chosen, taken, rest, strict=True)
    ]


def probabilities(
    inputs: NDArray[np.float32], errors: NDArray[np.float32], by: By, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how probable each output and each input of a layer is, float64 (n_out,), (n_in,).

    Args:
        inputs: Activations that entered, (n_in, b).
        errors: Gradient of the loss by the outputs before the activation, (n_out, b).
        by: See `sampled`.
        rng: Draws the signs of an estimate.
    """
    if by == "estimate":
        signs = rng.choice(np.array([-1, 1], dtype=np.float32), inputs.shape[1])
        return _normalised(np.abs(errors @ signs)), _normalised(np.abs(inputs @ signs))
    if by == "uniform":
        return _normalised(np.ones(len(errors))), _normalised(np.ones(len(inputs)))
    return _normalised(np.abs(errors).sum(axis=1)), _normalised(np.abs(inputs).sum(axis=1))


def _candidates(layer: LayerView, by: By, factor: float, rng: np.random.Generator) -> Positions:
    before = layer.before or layer
    of_outputs, of_inputs = probabilities(*layer.batch(), by, rng)
    count = int(factor * before.positions.size)
    rows = rng.choice(of_outputs.size, count, p=of_outputs)
    columns = rng.choice(of_inputs.size, count, p=of_inputs)
    drawn = rows.astype(np.int64) * layer.shape[1] + columns
    return np.setdiff1d(drawn, before.positions)


def _normalised(values: NDArray) -> NDArray[np.float64]:
    """Return values as probabilities; all alike where none is above zero."""
    values = values.astype(np.float64)
    total = values.sum()
    return values / total if total > 0 else np.full(values.size, 1 / values.size)
