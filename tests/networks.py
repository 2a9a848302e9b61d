"""Networks of the engines, with the random topology that a study's `erdos_renyi` draws."""

from __future__ import annotations

import itertools

from suite import sparse
from suite.methods.initial import random
from suite.randomness import stream


def erdos_renyi(shape, epsilon, rng):
    """Return a layer's active positions."""
    (positions,) = random.erdos_renyi([shape], [rng], None, epsilon=epsilon)
    return positions


def build(sizes, classes, *, seed, epsilon, topology=None, **settings):
    """Return `sparse.build`'s network, with layers drawn by the seed's streams unless given."""
    if topology is None:
        topology = [
            erdos_renyi((n_out, n_in), epsilon, stream(seed, "topology", layer=index))
            for index, (n_in, n_out) in enumerate(itertools.pairwise(sizes))
        ]
    return sparse.build(sizes, classes, seed=seed, topology=topology, **settings)
