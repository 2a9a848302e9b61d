"""Networks that shrink, once more, slowly: written from the methods' descriptions.

A layer is a dict from (row, column) to weight that holds the active positions.
"""

from __future__ import annotations

import math
from fractions import Fraction

Layer = dict[tuple[int, int], float]


def sparsity(step: float, start: float, steps: float, first: Fraction, last: Fraction) -> Fraction:
    """Zhu and Gupta 2017, Equation 1, exactly: from `first` to `last` over `steps` steps."""
    passed = Fraction(min(max(step - start, 0), steps)) / Fraction(steps)
    return last + (first - last) * (1 - passed) ** 3


def largest_of_network(layers: list[Layer], count: int) -> list[set[tuple[int, int]]]:
    """Return the positions of the `count` largest weights of a network, by layer.

    Of equal weights those of the first layer stay, and in a layer the one with the lowest position
    goes first.
    """
    everywhere = [(n, at) for n, layer in enumerate(layers) for at in sorted(layer, reverse=True)]
    everywhere.sort(key=lambda found: -abs(layers[found[0]][found[1]]))
    return [{at for n, at in everywhere[:count] if n == number} for number in range(len(layers))]


def granet(
    layers: list[Layer], gradients: list[dict[tuple[int, int], float]], count: int, zeta: float
) -> list[set[tuple[int, int]]]:
    """Return what is active after pruning a network to `count` weights and regenerating it.

    Regeneration: in each layer a share zeta of what is left, the smallest, goes, and as many
    connections come where the gradient is largest, those that have just gone among them.
    """
    after = []
    kept = largest_of_network(layers, count)
    for layer, gradient, stays in zip(layers, gradients, kept, strict=True):
        by_size = sorted(sorted(stays), key=lambda at: abs(layer[at]))
        gone = by_size[: math.ceil(zeta * len(by_size))]
        active = stays - set(gone)
        candidates = sorted(at for at in gradient if at not in active)
        candidates.sort(key=lambda at: -abs(gradient[at]))
        after.append(active | set(candidates[: len(gone)]))
    return after


def tickets(
    layers: list[Layer], share: float, network: bool, one_more: bool
) -> list[set[tuple[int, int]]]:
    """Return what a round of a lottery ticket leaves: by layer, or of the network as a whole.

    With one more, everything goes that is no larger than the first weight that would stay.
    """
    if not network and len(layers) > 1:
        return [left for layer in layers for left in tickets([layer], share, network, one_more)]
    sizes = sorted(abs(weight) for layer in layers for weight in layer.values())
    gone = round(share * len(sizes))
    if not one_more:
        return largest_of_network(layers, len(sizes) - gone)
    if gone == len(sizes):
        return [set() for _ in layers]
    return [{at for at, weight in layer.items() if abs(weight) > sizes[gone]} for layer in layers]


def important_units(layer: Layer, units: int, percentile: float) -> set[int]:
    """Return the units whose incoming weights add up to more than a percentile of all units' sums.

    The percentile lies on a straight line between the two values around its place.
    """
    sums = [sum(abs(w) for (row, _), w in layer.items() if row == unit) for unit in range(units)]
    ordered = sorted(sums)
    place = Fraction(percentile) / 100 * (units - 1)
    below = math.floor(place)
    above = min(below + 1, units - 1)
    limit = ordered[below] + (place - below) * Fraction(ordered[above] - ordered[below])
    return {unit for unit, total in enumerate(sums) if total > limit}
