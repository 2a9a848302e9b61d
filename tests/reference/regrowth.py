"""Regrowth strategies once more, slowly: loops over small matrices, a position is (row, column)."""

from __future__ import annotations

import itertools
import math

Position = tuple[int, int]


def cosine(first: list[float], second: list[float]) -> float:
    """Return the cosine of two vectors in absolute value, 0 where one of them is 0."""
    product = sum(a * b for a, b in zip(first, second, strict=True))
    lengths = math.sqrt(sum(a * a for a in first)) * math.sqrt(sum(b * b for b in second))
    return abs(product) / lengths if lengths else 0.0


def likeness(inputs: list[list[float]], outputs: list[list[float]]) -> dict[Position, float]:
    """Return the absolute cosine of every output (row) and input (column)."""
    return {
        (i, j): cosine(one, other)
        for i, one in enumerate(outputs)
        for j, other in enumerate(inputs)
    }


def best(scores: dict[Position, float], active: set[Position], count: int) -> set[Position]:
    """Return the inactive positions with the largest scores; of equal ones the first."""
    free = sorted(at for at in scores if at not in active)
    free.sort(key=lambda at: -scores[at])
    return set(free[:count])


def chances_of_sets(weights: dict[Position, float], count: int) -> dict[frozenset, float]:
    """Return each set's chance if positions are drawn one by one in proportion to their weights."""
    chances: dict[frozenset, float] = {}
    for order in itertools.permutations(weights, count):
        chance, left = 1.0, sum(weights.values())
        for at in order:
            chance *= weights[at] / left
            left -= weights[at]
        chances[frozenset(order)] = chances.get(frozenset(order), 0.0) + chance
    return chances


def degree_weights(
    active: set[Position], shape: tuple[int, int], power: float
) -> dict[Position, float]:
    """Return ((1 + links of the input) (1 + links of the output)) ** power where inactive."""
    weights = {}
    for i in range(shape[0]):
        for j in range(shape[1]):
            of_output = sum(1 for row, _ in active if row == i)
            of_input = sum(1 for _, column in active if column == j)
            if (i, j) not in active:
                weights[i, j] = ((1 + of_output) * (1 + of_input)) ** power
    return weights


def stalled(history: list[float], patience: int) -> bool:
    """Whether an accuracy ever stayed at or below its best for `patience` epochs in a row."""
    for last in range(len(history)):
        first = last - patience
        if first >= 0 and max(history[first + 1 : last + 1]) <= max(history[: first + 1]):
            return True
    return False
