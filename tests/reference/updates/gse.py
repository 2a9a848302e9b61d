"""GSE: the largest gradients among candidates that are drawn by unit, over the whole network.

The network's smallest weights go; what was active is no candidate.
"""

from __future__ import annotations

import math

import numpy as np

from tests.reference.updates.dsr import shared
from tests.reference.updates.plain import after, cosine, drawn, inactive


def update(layers, moment, stream):
    """Return the layers afterwards."""
    rate = cosine(moment.progress / 0.6, 0.2, 0.0)
    every = {(n, at): abs(w) for n, layer in enumerate(layers) for at, w in layer.weights.items()}
    count = math.floor(rate * len(every))
    gone = set(sorted(sorted(every), key=lambda of: every[of])[:count])
    rng = stream("evolution", 0)
    scores = {}
    for n, layer in enumerate(layers):
        for at in candidates(layer, rng):
            scores[n, at] = abs(layer.gradient(at))
    best = set(sorted(sorted(scores), key=lambda of: -scores[of])[:count])
    kept = [{at for at in layer.weights if (n, at) not in gone} for n, layer in enumerate(layers)]
    new = [{at for number, at in best if number == n} for n in range(len(layers))]
    free = [inactive(*three) for three in zip(layers, map(set.union, kept, new), strict=True)]
    room = [len(positions) for positions in free]
    missing = count - len(best)  # too few candidates: the rest is random
    rest = shared(missing, room, room) if missing else [0] * len(layers)
    new = [
        some | drawn(positions, more, rng)
        for some, positions, more in zip(new, free, rest, strict=True)
    ]
    return [
        after(layer, stay, some, stream("regrown", n), returning_kept=False)
        for n, (layer, stay, some) in enumerate(zip(layers, kept, new, strict=True))
    ]


def candidates(layer, rng):
    """Draw an output by its summed errors and an input by its summed activations, n times."""
    outputs, inputs = (
        np.array([sum(abs(float(value)) for value in unit) for unit in side], dtype=float)
        for side in (layer.errors, layer.inputs)
    )
    count = len(layer.weights)
    rows = rng.choice(len(outputs), count, p=outputs / outputs.sum())
    columns = rng.choice(len(inputs), count, p=inputs / inputs.sum())
    return {(int(i), int(j)) for i, j in zip(rows, columns, strict=True)} - set(layer.weights)
