"""Ask one part, as an update does."""

from __future__ import annotations

import numpy as np

from suite.methods import library
from suite.methods.layer import LayerView
from suite.methods.moment import Moment
from suite.methods.recipe import resolve
from suite.methods.update import update

MOMENT = Moment(update=1, step=1, steps=10, epoch=1, epochs=10)


def names(kind):
    return library.names(kind)


def regrow(name, layer, count, rng, **options):
    """Return which positions a regrowth strategy makes active, ascending."""
    recipe = resolve(
        "set",
        {
            "rate": {"name": "none"},
            "prune": {"name": "magnitude", "options": {"zeros": "count"}},
            "regrow": {"name": name, "options": options},
        },
    )
    wanted = [layer.positions.size + count]
    after = update(recipe, [layer], MOMENT, wanted, lambda purpose, index: rng).layers[0]
    return after.positions[after.source < 0]


def keep_mask(rule, weights, zeta, **options):
    """Return which connections a prune rule keeps, by their weights alone."""
    positions = np.arange(weights.size)
    layer = LayerView(0, (1, weights.size), positions, weights, weights)
    part = library.get("prune", rule)
    return part.function(layer, zeta, **part.check(options))
