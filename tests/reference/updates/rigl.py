"""RigL: the smallest weights go, the largest gradients come, ever fewer until 3/4 of training."""

from __future__ import annotations

import math

from tests.reference.updates.itop import by_gradient
from tests.reference.updates.plain import after, cosine, sizes, smallest


def update(layers, moment, stream):
    """int(f * n) of each layer."""
    done = []
    for index, layer in enumerate(layers):
        count = math.floor(cosine(moment.progress / 0.75, 0.3, 0.0) * len(layer.weights))
        kept = set(layer.weights) - smallest(sizes(layer), count)
        new = by_gradient(layer, kept, count, stream("evolution", index))
        done.append(after(layer, kept, new, stream("regrown", index), returning_kept=True))
    return done
