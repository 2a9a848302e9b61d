"""ITOP: SET and RigL with counts rounded up and a death rate of .5 on a cosine to .005."""

from __future__ import annotations

import math

from tests.reference.updates.plain import after, cosine, drawn, inactive, largest, sizes, smallest


def set_itop(layers, moment, stream):
    """Random growth."""
    return _update(layers, moment, stream, _at_random)


def rigl_itop(layers, moment, stream):
    """Growth where the gradient is largest."""
    return _update(layers, moment, stream, by_gradient)


def _update(layers, moment, stream, grow):
    done = []
    for index, layer in enumerate(layers):
        rate = cosine(moment.progress, 0.5, 0.005)
        count = math.ceil(rate * len(layer.weights))
        kept = set(layer.weights) - smallest(sizes(layer), count)
        new = grow(layer, kept, count, stream("evolution", index))
        rng = stream("regrown", index)
        done.append(after(layer, kept, new, rng, returning_kept=True))
    return done


def _at_random(layer, kept, count, rng):
    return drawn(inactive(layer, kept), count, rng)


def by_gradient(layer, kept, count, rng):
    """Return the inactive positions with the largest gradients; what has just gone may return."""
    return largest({at: abs(layer.gradient(at)) for at in inactive(layer, kept)}, count)
