"""Share rules: how the connections that return are divided among the layers.

A rule that has the option `total` at "drifts" may answer another sum; an update reads it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from suite.methods.apportion import apportion
from suite.methods.layer import LayerView
from suite.methods.moment import Change
from suite.methods.parts import part


@part("share", source="Mocanu et al. 2018, Nature Communications 9:2383")
def own(layers: Sequence[LayerView], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each layer keeps its own count."""
    return counts


@part("share", source="Dettmers and Zettlemoyer 2019, section 3")
def momentum(
    layers: Sequence[LayerView],
    counts: NDArray[np.int64],
    *,
    total: Literal["kept", "drifts"] = "kept",
) -> NDArray[np.int64]:
    """More to layers with a larger mean absolute momentum before pruning.

    What a full layer cannot take is spread evenly over the others. Where no weight has any
    momentum, each layer keeps its own count.

    Args:
        total: Whether the parts add up to what is to return (kept), or each is rounded by itself
            and later updates mend the drift of the sum (drifts), as in the authors' code.
    """
    scores = [mean_momentum(layer.before or layer) for layer in layers]
    if not any(scores):
        return counts
    room = [layer.size - layer.positions.size for layer in layers]
    if total == "kept":
        return apportion(int(counts.sum()), scores, room)
    pruned = sum((layer.before or layer).positions.size - layer.positions.size for layer in layers)
    moment = layers[0].moment
    changes = () if moment is None else moment.changes
    return rounded_apart(pruned + mended(changes), scores, room)


@part("share", source="Mostafa and Wang 2019, ICML, Algorithm 1")
def remaining(layers: Sequence[LayerView], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """More to layers that have more connections left after pruning."""
    left = [layer.positions.size for layer in layers]
    room = [layer.size - layer.positions.size for layer in layers]
    return apportion(int(counts.sum()), left, room) if any(left) else counts


def rounded_apart(total: float, scores: Sequence[float], room: Sequence[int]) -> NDArray[np.int64]:
    """Return each layer's part of a total, rounded as in the code of Dettmers and Zettlemoyer.

    Each part is rounded up. No layer takes more than 0.99 of its room: what is above is spread
    evenly over all layers, again and again, and what each has then is rounded down.

    Args:
        total: What is to be divided.
        scores: (layers,), 0 or more, of which one is above 0.
        room: (layers,), how many positions of each layer are inactive.
    """
    shares = np.asarray(scores, dtype=np.float64) / sum(scores)
    parts = np.ceil(shares * total)
    limits = 0.99 * np.asarray(room, dtype=np.float64)
    for _ in range(1000):
        excess = np.maximum(parts - limits, 0.0).sum()
        parts = np.minimum(parts, limits)
        if excess == 0:
            break
        parts = parts + excess / parts.size
    return np.floor(np.clip(parts, 0, limits)).astype(np.int64)


def mended(changes: Sequence[Change]) -> float:
    """Return how many connections more an update regrows because earlier ones missed the total.

    A quarter of the last update's amount, three quarters of what the network lacks of its first
    total after it, and the mean of what it lacked after every update so far.

    Args:
        changes: What every update so far did, the latest last.
    """
    amount, lacking = 0.0, 0
    lacked: list[int] = []
    for change in changes:
        lacking += sum(change.pruned) - sum(change.regrown)
        lacked.append(lacking)
        amount = 0.25 * amount + 0.75 * lacking + math.fsum(lacked) / len(lacked)
    return amount


def mean_momentum(layer: LayerView) -> float:
    """Return the mean absolute momentum of a layer's connections, 0 where it has none."""
    sizes = np.abs(layer.momentum)
    return float(sizes.mean(dtype=np.float64)) if sizes.size else 0.0
