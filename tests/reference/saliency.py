"""Initial topologies by saliency and correlation, slowly: loops over small matrices."""

from __future__ import annotations

import math

Matrix = list[list[float]]
Position = tuple[int, int, int]


def most_salient(layers: list[Matrix], count: int) -> set[Position]:
    """Return (layer, row, column) of the largest values; of equal ones the first."""
    found = [
        (n, i, j)
        for n, layer in enumerate(layers)
        for i, row in enumerate(layer)
        for j in range(len(row))
    ]
    found.sort(key=lambda at: -layers[at[0]][at[1]][at[2]])
    return set(found[:count])


def softmax_saliency(weights: Matrix, x: list[float], label: int) -> Matrix:
    """Return |weight * gradient| of a single layer with softmax and cross-entropy."""
    logits = [sum(w * value for w, value in zip(row, x, strict=True)) for row in weights]
    total = sum(math.exp(logit) for logit in logits)
    errors = [math.exp(logit) / total - (k == label) for k, logit in enumerate(logits)]
    return [
        [abs(w * error * value) for w, value in zip(row, x, strict=True)]
        for row, error in zip(weights, errors, strict=True)
    ]


def correlation(first: list[float], second: list[float]) -> float:
    """Return |Pearson's r|, 0 where one of the two is constant."""
    mean, other = sum(first) / len(first), sum(second) / len(second)
    a, b = [value - mean for value in first], [value - other for value in second]
    scale = math.sqrt(sum(v * v for v in a) * sum(v * v for v in b))
    return abs(sum(p * q for p, q in zip(a, b, strict=True))) / scale if scale else 0.0


def correlated(inputs: Matrix, shape: tuple[int, int]) -> dict[tuple[int, int], float]:
    """Return the score of every position of a layer whose units repeat the inputs."""
    features = len(inputs)
    return {
        (i, j): 0.0
        if i % features == j % features
        else correlation(inputs[i % features], inputs[j % features])
        for i in range(shape[0])
        for j in range(shape[1])
    }
