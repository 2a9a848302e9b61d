"""Which connections go: the prune rules.

A rule takes the weights of one layer's active connections, float32 (nnz,), in ascending order of
position, and zeta, the fraction to remove, in (0, 1). It returns a bool (nnz,) that is True where
the connection stays. Weights that are exactly zero always go.

The number to remove is floor(zeta * n), with zeta * n as a double, and of equal weights the one
at the lower position goes first, so that a rule draws nothing and its result is determined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PruneRule:
    """A rule's function, (weights, zeta) -> bool mask of what stays, and where it was published."""

    function: Callable[[NDArray[np.float32], float], NDArray[np.bool_]]
    source: str


def _drop_smallest(
    keep: NDArray[np.bool_], among: NDArray[np.intp], sizes: NDArray, n: int
) -> None:
    """Clear `keep` at the n of `among` with the smallest `sizes`, ties in order of `among`."""
    if n == 0:
        return
    largest_dropped = np.partition(sizes, n - 1)[n - 1]
    below = sizes < largest_dropped
    keep[among[below]] = False
    tied = among[sizes == largest_dropped]
    keep[tied[: n - np.count_nonzero(below)]] = False


def prune_set(weights: NDArray[np.float32], zeta: float) -> NDArray[np.bool_]:
    """Remove the zeta smallest positive weights and the zeta negative weights nearest zero.

    Each is counted within its sign: floor(zeta * positives) and floor(zeta * negatives) go. The
    SET code instead reads one threshold a sign off the sorted dense matrix and keeps what lies
    strictly beyond it: it removes at most one more in each sign, and all that ties with a
    threshold.
    """
    keep = weights != 0
    for among in (np.flatnonzero(weights > 0), np.flatnonzero(weights < 0)):
        _drop_smallest(keep, among, np.abs(weights[among]), int(zeta * among.size))
    return keep


def prune_magnitude(weights: NDArray[np.float32], zeta: float) -> NDArray[np.bool_]:
    """Remove the zeta weights of smallest absolute value, whatever their sign."""
    keep = weights != 0
    among = np.arange(weights.size)
    _drop_smallest(keep, among, np.abs(weights), int(zeta * weights.size))
    return keep


RULES: dict[str, PruneRule] = {
    "set": PruneRule(prune_set, "Mocanu et al. 2018, Nature Communications 9:2383"),
    "magnitude": PruneRule(prune_magnitude, "Han et al. 2015, NeurIPS 28"),
}


def names() -> list[str]:
    """Return the names of the prune rules."""
    return list(RULES)


def keep_mask(rule: str, weights: NDArray[np.float32], zeta: float) -> NDArray[np.bool_]:
    """Say which connections stay, by the prune rule of a name.

    Args:
        rule: One of `names`.
        weights: float32 (nnz,), in ascending order of position.
        zeta: Share to remove, in (0, 1).

    Returns:
        bool (nnz,), True where a connection stays.
    """
    return RULES[rule].function(weights, zeta)
