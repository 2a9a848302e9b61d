"""Tickets: initial topologies that come from the trained network of an earlier run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, TypeAdapter

from suite.methods.budgets import largest_weights
from suite.methods.curves import LearningRate
from suite.methods.layer import LayerView, smallest
from suite.methods.parts import part
from suite.methods.positions import draw_outside

Positions = NDArray[np.int64]


def _a_curve(given: dict[str, Any]) -> dict[str, Any]:
    """Return a learning rate's curve as given, checked."""
    TypeAdapter(LearningRate).validate_python(given)
    return given


Rate = Annotated[float, Field(gt=0)] | Annotated[dict[str, Any], AfterValidator(_a_curve)]


@part("initial", needs=("earlier",), source="Frankle and Carbin 2019, ICLR")
def ticket(
    shapes: Sequence[tuple[int, int]],
    rngs: Sequence[np.random.Generator],
    earlier: Sequence[LayerView],
    *,
    round: Annotated[int, Field(ge=1, le=100)] = 1,
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2,
    across: Literal["layers", "network"] = "layers",
    one_more: bool = False,
    mask: Literal["pruned", "random"] = "pruned",
    weights: Literal["rewound", "fresh", "trained"] = "rewound",
    rewind: Annotated[int, Field(ge=0)] = 0,
    epochs: Annotated[int, Field(ge=1)] | None = None,
    learning_rate: Rate | None = None,
) -> list[Positions]:
    """The connections with the largest weights after an earlier round of training.

    Args:
        round: How often the network has been pruned; round 1 starts from a dense training, round 2
            from that of round 1, and so on.
        share: Share of the connections that goes each round.
        across: Whether each layer loses this share, or the network as a whole its smallest weights.
        one_more: Whether one more goes, and all that tie with it, as in the authors' code.
        mask: The connections that pruning left, or as many of each layer drawn at random.
        weights: Whether weights go back to those of an epoch (rewound), are drawn anew (fresh), or
            stay as the earlier round has trained them (trained).
        rewind: The epoch of the dense training to which rewound weights go back; 0 is its start.
        epochs: Epochs of each earlier round; those of this run by default.
        learning_rate: Of each earlier round, a number or a curve; that of this run by default.
    """
    left = survivors(earlier, share, across, one_more=one_more)
    if mask == "pruned":
        return left
    nothing = np.empty(0, dtype=np.int64)
    return [
        draw_outside(nothing, layer.size, positions.size, rng)
        for layer, positions, rng in zip(earlier, left, rngs, strict=True)
    ]


def survivors(
    layers: Sequence[LayerView],
    share: float,
    across: Literal["layers", "network"] = "layers",
    *,
    one_more: bool = False,
) -> list[Positions]:
    """Return what is left of a network without a share of its connections, the smallest weights.

    Of each layer, or of the network, round(share * n) of n connections go; a half rounds to the
    even neighbour. Of equal weights in a layer the one at the lower position goes first.

    Args:
        layers: The layers of a trained network.
        share: In (0, 1).
        across: Whether each layer loses the share, or the network as a whole.
        one_more: Whether the next weight goes as well, and all that tie with it.
    """
    sizes = [np.abs(layer.weights) for layer in layers]
    if across == "layers":
        gone = [_number(share, size.size) for size in sizes]
        limits = [_limit(size, count) for size, count in zip(sizes, gone, strict=True)]
    else:
        total = sum(size.size for size in sizes)
        count = _number(share, total)
        kept = largest_weights(layers, total - count)
        gone = [size.size - int(stay) for size, stay in zip(sizes, kept, strict=True)]
        limits = [_limit(np.concatenate(sizes), count)] * len(sizes)
    left = []
    for layer, size, count, limit in zip(layers, sizes, gone, limits, strict=True):
        stays = np.ones(size.size, dtype=bool)
        stays[smallest(size, count)] = False
        left.append(layer.positions[size > limit if one_more else stays])
    return left


def _number(share: float, of: int) -> int:
    return int(np.rint(share * of))


def _limit(sizes: NDArray[np.float32], count: int) -> float:
    """Return the size of the smallest weight that stays when `count` go."""
    return float(np.partition(sizes, count)[count]) if count < sizes.size else np.inf
