"""Regrowth strategies: which positions become active.

Candidates are the positions that are inactive after pruning, those just pruned among them.
"""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from suite.errors import UserError
from suite.methods.layer import LayerView
from suite.methods.parts import Part, part, regrowth  # noqa: F401  once imported from here
from suite.methods.positions import draw_outside, find_sorted

Neighbourhood = Literal["block", "diagonal"]

NEIGHBOURHOODS: dict[Neighbourhood, tuple[tuple[int, int], ...]] = {
    "block": ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)),
    "diagonal": ((-1, -1), (-1, 1), (1, -1), (1, 1)),
}


@part("regrow", source="Mocanu et al. 2018, Nature Communications 9:2383")
def random(layer: LayerView, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Uniform among the candidates."""
    return draw_outside(layer.positions, layer.size, count, rng)


@part("regrow", source="Scholte 2022, section 4.1.1")
def one_neighbour(
    layer: LayerView,
    count: int,
    rng: np.random.Generator,
    *,
    neighbourhood: Neighbourhood = "block",
) -> NDArray[np.int64]:
    """Uniform among candidates with an active neighbour; where too few, the rest random.

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


@part("regrow", needs=("gradient",), source="Evci et al. 2020, ICML, section 3")
def gradient(layer: LayerView, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Candidates where the gradient is largest in absolute value."""
    return layer.top_gradient(count)


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


# The names that regrowth strategies had before.


def strategies() -> list[Part]:
    """Return the regrowth strategies that can be used now."""
    return _library().available("regrow")


def names() -> list[str]:
    """Return the names of the regrowth strategies that can be used now."""
    return _library().names("regrow")


def get(name: str) -> Part:
    """Return the regrowth strategy of a name."""
    return _library().get("regrow", name)


def options(name: str) -> dict[str, bool]:
    """Return the options of a strategy, each with True if it cannot do without."""
    return {option.name: option.required for option in get(name).options.values()}


def fingerprint(name: str) -> str | None:
    """Return the SHA-256 of the file that defines a strategy, None for a built-in one."""
    return get(name).origin.fingerprint


def regrow(
    name: str, layer: LayerView, count: int, rng: np.random.Generator, **settings: object
) -> NDArray[np.int64]:
    """Ask a strategy which positions of a layer become active."""
    from suite.methods import checks

    strategy = get(name)
    if count == 0:
        return np.empty(0, dtype=np.int64)
    missing = [o for o, needed in options(name).items() if needed and o not in settings]
    if missing:
        raise UserError(
            f"Regrowth strategy '{name}' in layer {layer.index + 1} takes a setting that does not "
            f"exist: {', '.join(missing)}."
        )
    view = replace(
        layer,
        gradient_from=layer.gradient_from if "gradient" in strategy.needs else None,
        activations_from=layer.activations_from if "activations" in strategy.needs else None,
    )
    given = {key: settings[key] for key in strategy.options if key in settings}
    return checks.ask(
        strategy,
        given,
        view,
        count,
        rng,
        check=lambda answer: checks.inactive(answer, layer, count),
        layer=layer.index,
    )


def _library() -> ModuleType:
    from suite.methods import library

    return library
