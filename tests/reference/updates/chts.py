"""CHTs: survivors are drawn by weight, dead ends go, and what returns is drawn by paths closed."""

from __future__ import annotations

import math

import numpy as np

from tests.reference.methods import without_chains
from tests.reference.regrowth import paths
from tests.reference.updates.plain import after, drawn, inactive, largest


def update(layers, moment, stream):
    """Three tenths go; the power of a weight in the draw grows from 1 to 3."""
    left = []
    for index, layer in enumerate(layers):
        gone = math.floor(0.3 * len(layer.weights))
        left.append(survivors(layer, gone, 1 + 2 * moment.progress, stream("pruned", index)))
    kept = without_chains(left, [layer.shape for layer in layers])
    done = []
    for index, (layer, stay) in enumerate(zip(layers, kept, strict=True)):
        count = len(layer.weights) - len(stay)
        new = regrown(layer, stay, count, stream("evolution", index)) if count else set()
        done.append(after(layer, stay, new, stream("regrown", index), returning_kept=True))
    return done


def survivors(layer, gone, power, rng):
    """Draw those that stay one by one, with chances in proportion to |weight| ** power.

    The largest of power * log(|weight|) + Gumbel noise are such a draw.
    """
    noise = rng.gumbel(size=len(layer.weights))
    keys = {
        at: (power * math.log(abs(layer.weights[at])) if layer.weights[at] else -math.inf) + draw
        for at, draw in zip(sorted(layer.weights), noise, strict=True)
    }
    return largest(keys, len(keys) - gone)


def regrown(layer, kept, count, rng):
    """Draw inactive positions with chances in proportion to their CH2-L3n score; zeros come last.

    Those with the shortest exponential waiting times at the rates of their scores are such a draw.
    """
    scores = paths(kept, layer.shape, "ch2", "nodes")
    waits = rng.standard_exponential(layer.shape, dtype=np.float32)
    speeds = {at: score / float(waits[at]) for at, score in scores.items() if score > 0}
    new = largest(speeds, count)
    return new | drawn(inactive(layer, kept | new), count - len(new), rng)
