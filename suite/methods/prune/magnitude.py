"""Prune rules that see weights alone."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from suite.methods.layer import LayerView, smallest
from suite.methods.parts import part
from suite.methods.prune.scores import Rounding, all_but_smallest, number


@part("prune", "set", source="Mocanu et al. 2018, Nature Communications 9:2383")
def by_sign(layer: LayerView, zeta: float, *, rounding: Rounding = "floor") -> NDArray[np.bool_]:
    """The smallest positive and the smallest negative weights, a share of each, and all zeros.

    floor(zeta * positives) and floor(zeta * negatives) go. The SET code instead reads one
    threshold a sign off the sorted dense matrix and keeps what lies strictly beyond it: it removes
    at most one more in each sign, and all that ties with a threshold.

    Args:
        rounding: Whether the number of each sign that goes is rounded down (floor) or up (ceil).
    """
    weights = layer.weights
    keep = weights != 0
    for among in (np.flatnonzero(weights > 0), np.flatnonzero(weights < 0)):
        keep[among[smallest(np.abs(weights[among]), number(zeta, among.size, rounding))]] = False
    return keep


@part("prune", source="Han et al. 2015, NeurIPS 28")
def magnitude(
    layer: LayerView,
    zeta: float,
    *,
    zeros: Literal["go", "count"] = "go",
    rounding: Rounding = "floor",
) -> NDArray[np.bool_]:
    """A share of the weights, those with the smallest absolute values.

    Args:
        zeros: Whether weights that are exactly zero go even where they are more than the share, or
            count like all others.
        rounding: Whether the number that goes is rounded down (floor) or up (ceil).
    """
    sizes = np.abs(layer.weights)
    keep = all_but_smallest(sizes, zeta, rounding)
    return keep & (sizes != 0) if zeros == "go" else keep
