"""Regrowth next to connections that exist."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from suite.methods.layer import LayerView
from suite.methods.parts import part
from suite.methods.positions import draw_outside, find_sorted

Neighbourhood = Literal["block", "diagonal"]

NEIGHBOURHOODS: dict[Neighbourhood, tuple[tuple[int, int], ...]] = {
    "block": ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)),
    "diagonal": ((-1, -1), (-1, 1), (1, -1), (1, 1)),
}


@part("regrow", source="Scholte 2022, section 4.1.1")
def one_neighbour(
    layer: LayerView,
    count: int,
    rng: np.random.Generator,
    *,
    neighbourhood: Neighbourhood = "block",
) -> NDArray[np.int64]:
    """Uniformly among candidates with an active neighbour, then among all others.

    Args:
        neighbourhood: Whom it counts as neighbours: the 3x3 block around a position of the weight
            matrix, or only the corners of the block (diagonal).
    """
    bordering, _ = active_neighbours(layer, neighbourhood)
    if count > bordering.size:
        return _all_and_random(layer, bordering, count, rng)
    return rng.choice(bordering, count, replace=False, shuffle=False)


@part("regrow", source="Scholte 2022, section 4.1.2")
def most_neighbours(
    layer: LayerView,
    count: int,
    rng: np.random.Generator,
    *,
    neighbourhood: Neighbourhood = "block",
) -> NDArray[np.int64]:
    """Candidates with the most active neighbours first, ties broken at random.

    Args:
        neighbourhood: Whom it counts as neighbours: the 3x3 block around a position of the weight
            matrix, or only the corners of the block (diagonal).
    """
    bordering, neighbours = active_neighbours(layer, neighbourhood)
    if count > bordering.size:
        return _all_and_random(layer, bordering, count, rng)
    at_least = np.cumsum(np.bincount(neighbours)[::-1])[::-1]  # by number of neighbours
    fewest = np.flatnonzero(at_least >= count)[-1]
    chosen = bordering[neighbours > fewest]
    tied = bordering[neighbours == fewest]
    drawn = rng.choice(tied, count - chosen.size, replace=False, shuffle=False)
    return np.concatenate([chosen, drawn])


def active_neighbours(
    layer: LayerView, neighbourhood: Neighbourhood
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the inactive positions next to an active one, and count their active neighbours.

    Args:
        layer: The layer after pruning.
        neighbourhood: "block" for the 8 positions around one in the weight matrix, as Scholte
            2022 draws it (Figure 1), "diagonal" for the 4 that its formula names.

    Returns:
        The positions, int64 (m,), ascending, and for each its count, int64 (m,), at least 1.
    """
    rows, columns = layer.shape
    row, column = np.divmod(layer.positions, columns)
    reached = []
    for down, right in NEIGHBOURHOODS[neighbourhood]:
        inside = (row != (0 if down < 0 else rows - 1)) | (down == 0)
        inside &= (column != (0 if right < 0 else columns - 1)) | (right == 0)
        reached.append(layer.positions[inside] + (down * columns + right))
    # Each part is ascending, and a merge sort is quickest on what already lies in runs.
    positions = np.sort(np.concatenate(reached), kind="stable")
    starts = np.flatnonzero(np.diff(positions, prepend=-1))
    positions, counts = positions[starts], np.diff(starts, append=positions.size)
    active = find_sorted(positions, layer.positions)
    inactive = np.ones(positions.size, dtype=bool)
    inactive[active] = False
    return positions[inactive], counts[inactive]


def _all_and_random(
    layer: LayerView, bordering: NDArray[np.int64], count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Take every bordering candidate, and draw the rest from those without a neighbour."""
    taken = np.sort(np.concatenate([layer.positions, bordering]), kind="stable")
    rest = draw_outside(taken, layer.size, count - bordering.size, rng)
    return np.concatenate([bordering, rest])
