"""Share rules: how the connections that return are divided among the layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from suite.methods.apportion import apportion
from suite.methods.layer import LayerView
from suite.methods.parts import part


@part("share", source="Mocanu et al. 2018, Nature Communications 9:2383")
def own(layers: Sequence[LayerView], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each layer keeps its own count."""
    return counts


@part("share", source="Dettmers and Zettlemoyer 2019, section 3")
def momentum(layers: Sequence[LayerView], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """More to layers whose weights had more momentum before pruning, on average, in absolute value.

    What a full layer cannot take is spread evenly over the others. Where no weight has any
    momentum, each layer keeps its own count.
    """
    scores = [_mean_size((layer.before or layer).momentum) for layer in layers]
    room = [layer.size - layer.positions.size for layer in layers]
    return apportion(int(counts.sum()), scores, room) if any(scores) else counts


@part("share", source="Mostafa and Wang 2019, ICML, Algorithm 1")
def remaining(layers: Sequence[LayerView], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """More to layers of which more connections are left after pruning."""
    left = [layer.positions.size for layer in layers]
    room = [layer.size - layer.positions.size for layer in layers]
    return apportion(int(counts.sum()), left, room) if any(left) else counts


def _mean_size(values: NDArray[np.float32]) -> float:
    return float(np.abs(values).mean(dtype=np.float64)) if values.size else 0.0
