"""GraNet and gradual pruning: a network shrinks on a cubic, and GraNet exchanges what is left."""

from __future__ import annotations

import math

from tests.reference.shrinking import largest_of_network
from tests.reference.updates.itop import by_gradient
from tests.reference.updates.plain import after, cosine, smallest


def left_of(layers, progress, density, start, end):
    """Return the share of the initial connections that is left (Zhu and Gupta, Equation 1)."""
    initial = sum(len(layer.weights) for layer in layers)  # the first update of a training
    last = min(1.0, density * sum(len(layer.everywhere) for layer in layers) / initial)
    passed = min(1.0, max(0.0, progress - start) / (end - start))
    return last + (1 - last) * (1 - passed) ** 3


def gmp(layers, moment, stream):
    """Each layer keeps its largest weights; nothing returns."""
    share = left_of(layers, moment.progress, 0.1, 1 / 60, 0.25)
    done = []
    for index, layer in enumerate(layers):
        gone = len(layer.weights) - round(share * len(layer.weights))
        scores = {at: abs(weight) for at, weight in layer.weights.items()}
        kept = set(scores) - smallest(scores, gone)
        done.append(after(layer, kept, set(), stream("regrown", index), returning_kept=False))
    return done


def granet(layers, moment, stream):
    """The largest weights of the network stay; of these half and less is exchanged as by RigL.

    What does not stay is set to zero at once, with what the optimiser knows of it, so that it comes
    back as new; what is exchanged keeps both.
    """
    initial = sum(len(layer.weights) for layer in layers)
    count = round(left_of(layers, moment.progress, 0.05, 0.0, 0.6875) * initial)
    done = []
    stays = largest_of_network([layer.weights for layer in layers], count)
    for index, (layer, stay) in enumerate(zip(layers, stays, strict=True)):
        number = math.ceil(cosine(moment.progress, 0.5, 0.005) * len(stay))
        kept = stay - smallest({at: abs(layer.weights[at]) for at in stay}, number)
        new = by_gradient(layer, kept, number, None)
        rng = stream("regrown", index)
        done.append(after(layer, kept, new, rng, returning_kept=True, exchanged=stay))
    return done
