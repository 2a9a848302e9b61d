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


def paths(
    active: set[Position], shape: tuple[int, int], rule: str, form: str
) -> dict[Position, float]:
    """Return the Cannistraci-Hebb score of every inactive position, path by path.

    For the inactive position (u, v): inputs x of u and outputs y of v that are connected make a
    path. Of x, links to outputs of the neighbourhood are internal, those to others but u external.
    """
    outputs, inputs = range(shape[0]), range(shape[1])
    scores = {}
    for u in outputs:
        for v in inputs:
            if (u, v) in active:
                continue
            found = [
                (x, y)
                for x in inputs
                for y in outputs
                if {(u, x), (y, x), (y, v)} <= active and x != v and y != u
            ]

            def of_input(x: int, v: int = v, u: int = u) -> tuple[int, int]:
                internal = sum(1 for y in outputs if y != u and {(y, x), (y, v)} <= active)
                every = sum(1 for y in outputs if (y, x) in active)
                return internal, every - internal - 1

            def of_output(y: int, v: int = v, u: int = u) -> tuple[int, int]:
                internal = sum(1 for x in inputs if x != v and {(u, x), (y, x)} <= active)
                every = sum(1 for x in inputs if (y, x) in active)
                return internal, every - internal - 1

            def weight(links: tuple[int, int]) -> float:
                return ((links[0] + 1) if rule == "ch2" else 1) / (links[1] + 1)

            if form == "paths":
                scores[u, v] = sum(
                    math.sqrt(weight(of_input(x)) * weight(of_output(y))) for x, y in found
                )
            else:
                near_u = {x for x, _ in found}
                near_v = {y for _, y in found}
                scores[u, v] = sum(weight(of_input(x)) for x in near_u)
                scores[u, v] += sum(weight(of_output(y)) for y in near_v)
    return scores
