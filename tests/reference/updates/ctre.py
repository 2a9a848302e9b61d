"""CTRE: a fifth goes by magnitude, and connections return between units that are most alike."""

from __future__ import annotations

import math

from tests.reference.regrowth import likeness, stalled
from tests.reference.updates.plain import (
    after,
    drawn,
    inactive,
    largest,
    sizes,
    smallest,
    uniform,
)


def similarity(layers, moment, stream):
    """CTRE_sim: of the most alike, those that have just gone are replaced by random others."""
    return _update(layers, stream, _replacing)


def sequential(layers, moment, stream):
    """CTRE_seq: the most alike, until the accuracy has not improved for 40 epochs; then random."""
    random = stalled(list(moment.history("val_accuracy")), 40)
    return _update(layers, stream, _at_random if random else _alike)


def _update(layers, stream, grow):
    done = []
    for index, layer in enumerate(layers):
        count = math.floor(0.2 * len(layer.weights))
        kept = set(layer.weights) - smallest(sizes(layer), count)
        new = grow(layer, kept, count, stream("evolution", index)) if count else set()
        rng = stream("regrown", index)
        done.append(after(layer, kept, new, rng, uniform, returning_kept=True))
    return done


def _alike(layer, kept, count, rng):
    scores = likeness(layer.inputs.tolist(), layer.errors.tolist())
    return largest({at: scores[at] for at in inactive(layer, kept)}, count)


def _at_random(layer, kept, count, rng):
    return drawn(inactive(layer, kept), count, rng)


def _replacing(layer, kept, count, rng):
    chosen = _alike(layer, kept, count, rng)
    gone = set(layer.weights) - kept
    back = sorted(chosen & gone)
    others = inactive(layer, set(layer.weights) | chosen)
    number = min(len(back), len(others))
    return (chosen - gone) | drawn(others, number, rng) | set(back[number:])
