"""Truly sparse training: SET whose new weights are uniform, and units that go for good."""

from __future__ import annotations

from tests.reference.methods import pruned_by_set
from tests.reference.shrinking import important_units
from tests.reference.updates.plain import after, drawn, inactive, uniform


def update(layers, moment, stream):
    """SET's update at a rate of 0.3."""
    return [_by_set(layer, layer.weights, stream, index) for index, layer in enumerate(layers)]


def with_importance(layers, moment, stream):
    """First the least important fifth of each layer's units loses its connections for good."""
    done = []
    for index, layer in enumerate(layers):
        units = important_units(layer.weights, layer.shape[0], 20.0)
        left = {at: weight for at, weight in layer.weights.items() if at[0] in units}
        done.append(_by_set(layer, left, stream, index))
    return done


def _by_set(layer, left, stream, index):
    kept = pruned_by_set(left, 0.3)
    count = len(left) - len(kept)
    rng = stream("evolution", index)
    new = drawn(inactive(layer, kept), count, rng) if count else set()
    return after(layer, kept, new, stream("regrown", index), uniform, returning_kept=False)
