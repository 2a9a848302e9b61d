"""MEST: what has a small weight and a small gradient goes, and as many return at random."""

from __future__ import annotations

import math

from tests.reference.updates.plain import after, drawn, inactive, smallest


def update(layers, moment, stream):
    """A fifth goes, and a tenth from epoch 90 of 160 on."""
    rate = 0.2 if moment.progress < 90 / 160 else 0.1
    done = []
    for index, layer in enumerate(layers):
        scores = {at: abs(w) + abs(layer.gradient(at)) for at, w in layer.weights.items()}
        count = math.floor(rate * len(scores))
        kept = set(scores) - smallest(scores, count)
        new = drawn(inactive(layer, kept), count, stream("evolution", index)) if count else set()
        done.append(after(layer, kept, new, stream("regrown", index), returning_kept=False))
    return done
