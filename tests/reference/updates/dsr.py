"""DSR: a global threshold that adapts; what went returns at random, in proportion to what stayed.

Remainders of the division are given to the layers with the largest ones, where the authors' code
draws a layer.
"""

from __future__ import annotations

import math

from tests.reference.updates.plain import after, drawn, inactive, sizes

TARGET = 600


def threshold(moment) -> float:
    """Return the threshold after all updates so far: it was 0.001 at first."""
    value = 0.001
    for change in moment.changes:
        if sum(change.pruned) > 1.1 * TARGET:
            value /= 2
        if sum(change.pruned) < 0.9 * TARGET:
            value *= 2
    return min(value, 1.0)


def update(layers, moment, stream):
    """Return the layers afterwards."""
    kept = []
    for layer in layers:
        stay = {at for at, size in sizes(layer).items() if size >= threshold(moment)}
        if not stay:  # one a layer is left
            stay = {max(sorted(layer.weights), key=lambda at, of=layer: abs(of.weights[at]))}
        kept.append(stay)
    counts = shared(
        sum(len(layer.weights) - len(stay) for layer, stay in zip(layers, kept, strict=True)),
        [len(stay) for stay in kept],
        [len(layer.everywhere) - len(stay) for layer, stay in zip(layers, kept, strict=True)],
    )
    done = []
    for index, (layer, stay, count) in enumerate(zip(layers, kept, counts, strict=True)):
        rng = stream("evolution", index)
        never_left = inactive(layer, set(layer.weights))
        gone = sorted(set(layer.weights) - stay)
        first = min(count, len(never_left))
        back = set()
        if count > first:  # only a full layer takes back what has just gone
            back = {gone[n] for n in rng.choice(len(gone), count - first, replace=False)}
        new = drawn(never_left, first, rng) | back if count else set()
        done.append(after(layer, stay, new, stream("regrown", index), returning_kept=False))
    return done


def shared(total: int, left: list[int], room: list[int]) -> list[int]:
    """Divide a total in proportion to what is left; what a full layer cannot take, evenly."""
    parts = [min(total * n / sum(left), most) for n, most in zip(left, room, strict=True)]
    while total - sum(parts) > 1e-9:
        open_ = [at for at, part in enumerate(parts) if part < room[at]]
        more = (total - sum(parts)) / len(open_)
        for at in open_:
            parts[at] = min(parts[at] + more, room[at])
    counts = [math.floor(part + 1e-9) for part in parts]
    while sum(counts) < total:
        rests = [p - n if n < r else -1 for p, n, r in zip(parts, counts, room, strict=True)]
        at = rests.index(max(rests))
        counts[at], parts[at] = counts[at] + 1, -1.0
    return counts
