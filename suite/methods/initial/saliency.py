"""Initial topologies that follow from a dense network's gradients or from the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from suite.methods import scored
from suite.methods.initial.random import Output
from suite.methods.layer import LayerView, largest
from suite.methods.parts import part
from suite.methods.probe import Probe

Density = Annotated[float, Field(gt=0, le=1)]


@part("initial", needs=("probe",), source="Lee et al. 2019, ICLR")
def snip(
    shapes: Sequence[tuple[int, int]],
    rngs: Sequence[np.random.Generator],
    probe: Probe,
    *,
    density: Density = 0.1,
    batches: Annotated[int, Field(ge=1)] = 1,
    biases: Literal["apart", "counted"] = "apart",
    weights: Literal["kept", "redrawn"] = "redrawn",
    output: Output = "dense",
) -> list[NDArray[np.int64]]:
    """The connections of a dense network with the largest |weight * gradient|.

    Args:
        density: Share of the network's positions that is active, whichever layers they are in.
        batches: How many batches the loss is of.
        biases: Whether biases stand apart, or are counted among the positions, as in the authors'
            code; they start at zero, so that none of them is among the largest.
        weights: Whether the training starts from the dense network's weights, or from weights that
            are drawn anew, as in the authors' code.
        output: Whether the output layer is dense, or its connections are chosen with the others, as
            in the authors' code.
    """
    found = probe.saliency(batches, 1 if weights == "redrawn" else 0)
    positions = sum(math.prod(shape) for shape in shapes)
    if biases == "counted":
        positions += sum(n_out for n_out, _ in shapes)
    return most_salient(found, round(density * positions))


def most_salient(saliency: Sequence[NDArray[np.float32]], count: int) -> list[NDArray[np.int64]]:
    """Return the positions of a network's largest values, by layer; of equal ones the first.

    Args:
        saliency: (n_out, n_in) for each layer.
        count: How many; where there are fewer positions, all.
    """
    chosen = largest(np.concatenate([layer.ravel() for layer in saliency]), count)
    ends = np.cumsum([layer.size for layer in saliency])
    starts = ends - [layer.size for layer in saliency]
    return [
        chosen[np.searchsorted(chosen, start) : np.searchsorted(chosen, end)] - start
        for start, end in zip(starts, ends, strict=True)
    ]


@part("initial", needs=("probe",), source="Zhang et al. 2024, ICLR (CSTI)")
def correlated(
    shapes: Sequence[tuple[int, int]],
    rngs: Sequence[np.random.Generator],
    probe: Probe,
    *,
    density: Density = 0.01,
    samples: Annotated[int, Field(ge=2)] = 10000,
    choice: Literal["best", "drawn"] = "best",
) -> list[NDArray[np.int64]]:
    """Connections between inputs that are correlated in the training images.

    Every layer's units stand for the network's inputs, one after the other and over again where a
    layer has more. A connection is as good as the absolute correlation of the two inputs is high;
    of an input with itself it counts as 0.

    Args:
        density: Share of each layer's positions that is active.
        samples: How many training images the correlation is computed of.
        choice: Whether the best connections are taken, or drawn in proportion.
    """
    correlation = absolute_correlation(probe.inputs(samples))
    chosen = []
    for shape, rng in zip(shapes, rngs, strict=True):
        layer, scores = _empty(shape), _tiled(correlation, shape)
        count = round(density * layer.size)
        if choice == "best":
            positions = scored.best(layer, scores, count)
        else:
            positions = scored.draw(layer, scores, count, rng)
        chosen.append(np.sort(positions))
    return chosen


def absolute_correlation(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return |Pearson's r| of every two inputs, float32 (n_in, n_in).

    It is 0 where an input is constant, and on the diagonal.

    Args:
        inputs: (n_in, images).
    """
    centred = inputs - inputs.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    lengths[lengths <= 1e-6 * np.sqrt(inputs.shape[1])] = np.inf
    unit = centred / lengths
    correlation = np.abs(unit @ unit.T)
    np.fill_diagonal(correlation, 0)
    return correlation


def _tiled(correlation: NDArray[np.float32], shape: tuple[int, int]) -> scored.Scores:
    """Return what computes the scores of a layer whose units repeat the network's inputs."""
    features = len(correlation)
    columns = np.arange(shape[1]) % features
    return lambda start, stop: correlation[np.arange(start, stop) % features][:, columns]


def _empty(shape: tuple[int, int]) -> LayerView:
    nothing = np.empty(0, dtype=np.float32)
    return LayerView(0, shape, np.empty(0, dtype=np.int64), nothing, nothing)
