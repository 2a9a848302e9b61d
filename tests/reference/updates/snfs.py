"""SNFS: layers whose weights have more momentum get more of what returns.

The authors' code rounds every layer's part by itself, and later updates mend what the sum misses.
"""

from __future__ import annotations

import math

from tests.reference.updates.itop import by_gradient
from tests.reference.updates.plain import after, cosine, sizes, smallest


def update(layers, moment, stream, spares=False):
    """Growth is by the gradient of what the suite shows, one batch's or a window's.

    As in the code, a layer that is less than 20 % sparse, and whose share of what returns is above
    average, may lose at most as large a share of its weights as it is sparse: if `spares`.
    """
    kept = []
    scores = [sum(map(abs, layer.momentum.values())) / len(layer.momentum) for layer in layers]
    for layer, score in zip(layers, scores, strict=True):
        rate = cosine(moment.progress, 0.5, 0.005)
        sparsity = 1 - len(layer.weights) / len(layer.everywhere)
        if spares and sparsity < 0.2 and score / sum(scores) > 1 / len(layers):
            rate = min(sparsity, rate)
        count = math.ceil(rate * len(layer.weights))
        kept.append(set(layer.weights) - smallest(sizes(layer), count))
    removed = [len(layer.weights) - len(stay) for layer, stay in zip(layers, kept, strict=True)]
    room = [len(layer.everywhere) - len(stay) for layer, stay in zip(layers, kept, strict=True)]
    counts = parts(sum(removed) + adjustment(moment.changes), scores, room)
    done = []
    for index, (layer, stay, count) in enumerate(zip(layers, kept, counts, strict=True)):
        new = by_gradient(layer, stay, count, None)
        done.append(after(layer, stay, new, stream("regrown", index), returning_kept=True))
    return done


def parts(total: float, scores: list[float], room: list[int]) -> list[int]:
    """Return how many connections each layer gets."""
    wanted = [math.ceil(score / sum(scores) * total) for score in scores]
    for _ in range(1000):
        excess = 0.0
        for at, most in enumerate(room):
            excess += max(0.0, wanted[at] - 0.99 * most)
            wanted[at] = min(wanted[at], 0.99 * most)
        if not excess:
            break
        wanted = [part + excess / len(wanted) for part in wanted]
    return [
        math.floor(max(0.0, min(part, 0.99 * most)))
        for part, most in zip(wanted, room, strict=True)
    ]


def adjustment(changes) -> float:
    """Return by how much the next update exceeds what it removes, because earlier ones missed."""
    amount, lacks = 0.0, []
    for change in changes:
        before = lacks[-1] if lacks else 0
        lacks.append(before + sum(change.pruned) - sum(change.regrown))
        amount = 0.25 * amount + 0.75 * lacks[-1] + sum(lacks) / len(lacks)
    return amount
