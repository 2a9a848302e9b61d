"""Regrowth by how alike two units are: activations of training images on both sides of a layer."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from suite.methods import scored
from suite.methods.layer import LayerView
from suite.methods.moment import HIGHER_IS_BETTER, Signal
from suite.methods.parts import part
from suite.methods.positions import draw_outside, find_sorted

Samples = Annotated[int, Field(ge=1)]


@part("regrow", needs=("samples",), source="Atashgahi et al. 2022, Machine Learning 111 (CTRE)")
def cosine(
    layer: LayerView,
    count: int,
    rng: np.random.Generator,
    *,
    samples: Samples = 1000,
    dropped: Literal["return", "replaced"] = "return",
) -> NDArray[np.int64]:
    """Candidates between the most similar units, by the absolute cosine of their activations.

    Args:
        samples: How many training images the activations are computed of.
        dropped: Whether connections that were dropped in this update return like others, or are
            replaced by random ones that were not.
    """
    chosen = scored.best(layer, _likeness(layer, samples), count)
    return chosen if dropped == "return" else _replaced(layer, chosen, rng)


@part("regrow", needs=("samples",), source="Atashgahi et al. 2022, Machine Learning 111 (CTRE)")
def cosine_then_random(
    layer: LayerView,
    count: int,
    rng: np.random.Generator,
    *,
    samples: Samples = 1000,
    metric: Signal = "val_accuracy",
    patience: Annotated[int, Field(ge=1)] = 40,
) -> NDArray[np.int64]:
    """As cosine; always at random once the signal has not improved for a number of epochs.

    Args:
        samples: How many training images the activations are computed of.
        metric: The signal.
        patience: How many epochs without an improvement end it.
    """
    history = layer.moment.history(metric) if layer.moment is not None else ()
    if stalled(history, metric, patience):
        return draw_outside(layer.positions, layer.size, count, rng)
    return scored.best(layer, _likeness(layer, samples), count)


@part("regrow", needs=("samples",), source="a candidate of the suite's own")
def dissimilar(
    layer: LayerView, count: int, rng: np.random.Generator, *, samples: Samples = 1000
) -> NDArray[np.int64]:
    """Candidates between the least similar units, the opposite of cosine.

    A unit whose activation resembles an input's has that input's information already, directly or
    through other inputs; an unlike input has something to add. A silent unit is least alike: where
    a pixel is the same in all images, it comes first, though it has nothing to add.

    Args:
        samples: How many training images the activations are computed of.
    """
    likeness = _likeness(layer, samples)
    return scored.best(layer, lambda start, stop: -likeness(start, stop), count)


def stalled(history: object, signal: Signal, patience: int) -> bool:
    """Whether a signal ever failed to improve on its best for a number of epochs in a row.

    Args:
        history: The signal of every epoch so far.
        signal: What the history holds.
        patience: How many epochs in a row, at least 1.
    """
    sign = 1.0 if HIGHER_IS_BETTER[signal] else -1.0
    best, since = -np.inf, 0
    for value in np.asarray(history, dtype=np.float64) * sign:
        best, since = (value, 0) if value > best else (best, since + 1)
        if since >= patience:
            return True
    return False


def _likeness(layer: LayerView, samples: int) -> scored.Scores:
    """Return what computes the absolute cosine of every input and output; 0 for a silent unit."""
    inputs, outputs = (_unit_length(side) for side in layer.samples(samples))

    def likeness(start: int, stop: int) -> NDArray[np.float32]:
        layer.charge((stop - start) * inputs.size)
        return np.abs(outputs[start:stop] @ inputs.T)

    return likeness


def _unit_length(side: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(side, axis=1, keepdims=True)
    return np.divide(side, lengths, out=np.zeros_like(side), where=lengths > 0)


def _replaced(
    layer: LayerView, chosen: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the chosen positions with those just dropped replaced by random others."""
    returning = np.zeros(chosen.size, dtype=bool)
    returning[find_sorted(chosen, layer.dropped())] = True
    taken = np.union1d(np.union1d(layer.positions, layer.dropped()), chosen)
    number = min(int(returning.sum()), layer.size - taken.size)
    others = draw_outside(taken, layer.size, number, rng)
    # A layer that is nearly full has too few others; the rest returns after all.
    return np.concatenate([chosen[~returning], others, chosen[returning][number:]])
