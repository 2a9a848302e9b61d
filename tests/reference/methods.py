"""Evolution once more, slowly: loops over small matrices, written from the method's description.

A layer is a dict from (row, column) to weight that holds the active positions; nothing here knows
flat positions, sorting tricks or numpy.
"""

from __future__ import annotations

import math

Layer = dict[tuple[int, int], float]


def pruned_by_set(layer: Layer, zeta: float) -> set[tuple[int, int]]:
    """Return what stays when zeta of each sign goes, nearest zero first, and every exact zero."""
    gone = {at for at, weight in layer.items() if weight == 0}
    for sign in (1, -1):
        of_sign = [at for at in sorted(layer) if sign * layer[at] > 0]
        of_sign.sort(key=lambda at: abs(layer[at]))
        gone |= set(of_sign[: math.floor(zeta * len(of_sign))])
    return set(layer) - gone


def pruned_by_magnitude(layer: Layer, zeta: float) -> set[tuple[int, int]]:
    """Return what stays when the zeta smallest absolute weights go, and every exact zero."""
    by_size = sorted(sorted(layer), key=lambda at: abs(layer[at]))
    gone = set(by_size[: math.floor(zeta * len(layer))])
    return {at for at in layer if at not in gone and layer[at] != 0}


def active_neighbours(
    active: set[tuple[int, int]], row: int, column: int, neighbourhood: str
) -> int:
    """Count the active positions around one, in the 3x3 block or at its corners."""
    count = 0
    for i in (row - 1, row, row + 1):
        for j in (column - 1, column, column + 1):
            if (i, j) == (row, column):
                continue
            if neighbourhood == "diagonal" and (i == row or j == column):
                continue
            if (i, j) in active:
                count += 1
    return count


def candidates(
    active: set[tuple[int, int]], shape: tuple[int, int], neighbourhood: str
) -> dict[tuple[int, int], int]:
    """Return every inactive position with its number of active neighbours."""
    return {
        (i, j): active_neighbours(active, i, j, neighbourhood)
        for i in range(shape[0])
        for j in range(shape[1])
        if (i, j) not in active
    }


def theta_of_accuracy(accuracy: float, k: float) -> float:
    """Algorithm 1 as printed."""
    return 1 - (accuracy - accuracy * k) / (k - abs(accuracy) * 2 * k + 1)


def theta_of_loss(losses: list[float], k: float) -> float:
    """Algorithm 1 with 1 - loss / initial loss, within 0 and 1, for the accuracy."""
    good = 1 - losses[-1] / losses[0]
    good = max(0.0, min(1.0, good))
    return theta_of_accuracy(good, k)


def theta_with_break_even(accuracy: float, k: float, break_even: float) -> float:
    """Algorithm 1 on a scale whose zero is the break-even and whose one stays where it is."""
    return theta_of_accuracy(max(-1.0, (accuracy - break_even) / (1 - break_even)), k)


def pauses(history: list[float], higher_is_better: bool) -> bool:
    """Algorithm 2 as printed, played from the first epoch on; returns the last epoch's answer."""
    seen: list[float] = []
    pause = False
    for current in history:
        seen.append(current)
        pause = False
        length = len(seen)
        if length > 4:
            one, two = length - 1, length - 4
            pause = seen[one] < seen[two] if higher_is_better else seen[one] > seen[two]
    return pause


def rigl(layer: Layer, gradient: dict[tuple[int, int], float], zeta: float) -> set[tuple[int, int]]:
    """Return what is active after the smallest weights went and the largest gradients came.

    The share counts exact zeros like all others, and what has just gone may come back.
    """
    by_size = sorted(sorted(layer), key=lambda at: abs(layer[at]))
    gone = by_size[: math.floor(zeta * len(layer))]
    active = set(layer) - set(gone)
    candidates = sorted(at for at in gradient if at not in active)
    candidates.sort(key=lambda at: -abs(gradient[at]))
    return active | set(candidates[: len(gone)])


def spread(total: int, weights: list[int], room: list[int]) -> list[float]:
    """Give each layer its proportion, and what exceeds its room evenly to the others."""
    parts = [total * weight / sum(weights) for weight in weights]
    while any(part > most + 1e-9 for part, most in zip(parts, room, strict=True)):
        excess = sum(max(0.0, part - most) for part, most in zip(parts, room, strict=True))
        parts = [min(part, most) for part, most in zip(parts, room, strict=True)]
        free = [at for at, part in enumerate(parts) if part < room[at] - 1e-12]
        for at in free:
            parts[at] += excess / len(free)
        if not free:
            break
    return parts


def without_chains(
    layers: list[set[tuple[int, int]]], shapes: list[tuple[int, int]]
) -> list[set[tuple[int, int]]]:
    """Return the connections of a network without those that lead nowhere.

    First, from the last layer but one back, what leads into a unit that no later connection reads;
    then, from the second layer on, what leads out of a unit that no earlier connection feeds.
    """
    left = [set(layer) for layer in layers]
    for at in reversed(range(len(left) - 1)):
        for unit in range(shapes[at][0]):
            if not any(column == unit for _, column in left[at + 1]):
                left[at] = {(row, column) for row, column in left[at] if row != unit}
    for at in range(1, len(left)):
        for unit in range(shapes[at][1]):
            if not any(row == unit for row, _ in left[at - 1]):
                left[at] = {(row, column) for row, column in left[at] if column != unit}
    return left
