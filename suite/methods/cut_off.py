"""Units that a topology cuts off: those on no path from an input to an output.

Such a unit computes nothing that the network uses, and where all units of a layer are cut off, the
network answers the same whatever its input. A reader is warned of that, and of a layer that has
lost more than half of its units (`MOST`): it is no longer nearly as wide as the study says. Only
connections decide, at the start and after each update; a unit whose activation is always zero is
not found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Topologies = Sequence[NDArray[np.int64] | None]
Shapes = Sequence[tuple[int, int]]
Ends = tuple[NDArray[np.int64], NDArray[np.int64]]
"""For each connection its output and its input."""

MOST = 0.5
"""Up to this share of a layer's units may be cut off without a warning."""


class CutOff(NamedTuple):
    """A warning of a layer.

    Attributes:
        epoch: In whose update it came to this; 0 is the start of the training.
        layer: Which layer, from 1; a sparse output layer, whose units are the classes, is the last.
        units: How many units it has.
        left: How many of them lie on a path from an input to an output; 0 where the last path is
            lost at this layer.
    """

    epoch: int
    layer: int
    units: int
    left: int

    @property
    def sentence(self) -> str:
        """What is wrong, since when and where."""
        since = f"since epoch {self.epoch}" if self.epoch else "from the start"
        if not self.left:
            return f"{since}, no path from an input to an output goes through layer {self.layer}."
        gone = self.units - self.left
        return (
            f"{since}, {100 * gone / self.units:.0f} % of the units of layer {self.layer} ({gone} "
            f"of {self.units}) are on no path from an input to an output."
        )


def cut_off(topologies: Topologies, shapes: Shapes, epoch: int) -> list[CutOff]:
    """Return what a reader is to be warned of.

    Args:
        topologies: The active positions of each hidden layer, first to last, and of a sparse output
            layer; None for all.
        shapes: (n_out, n_in) of each.
        epoch: See `CutOff`.

    Returns:
        The first layer that no input reaches, if there is one; else each layer of which more than
        half of the units are cut off.
    """
    columns = [n_in for _, n_in in shapes]
    ends = [ends_of(*layer) for layer in zip(topologies, columns, strict=True)]
    reached = _reached(ends, shapes)
    left = [int(np.count_nonzero(units)) for units in _on_paths(ends, shapes, reached)]
    if not all(left):
        first = next(number for number, units in enumerate(reached) if not units.any())
        return [CutOff(epoch, first + 1, shapes[first][0], 0)]
    return [
        CutOff(epoch, number, units, some)
        for number, ((units, _), some) in enumerate(zip(shapes, left, strict=True), 1)
        if units - some > MOST * units
    ]


def ends_of(positions: NDArray[np.int64] | None, n_in: int) -> Ends | None:
    """Return the ends of a layer's connections; None, which stands for all, as it is."""
    return None if positions is None else np.divmod(positions, n_in)


def _reached(ends: Sequence[Ends | None], shapes: Shapes) -> list[NDArray[np.bool_]]:
    """Return which units of each hidden layer a path from an input leads to."""
    reached = [np.ones(shapes[0][1], dtype=bool)]
    for of_layer, shape in zip(ends, shapes, strict=True):
        reached.append(connected(of_layer, shape, reached[-1], 0))
    return reached[1:]


def _on_paths(
    ends: Sequence[Ends | None], shapes: Shapes, reached: Sequence[NDArray[np.bool_]]
) -> list[NDArray[np.bool_]]:
    """Return which of the units reached also lead to an output.

    All units of the last layer count as read: by a dense output layer, or as outputs themselves.
    """
    read = np.ones(shapes[-1][0], dtype=bool)
    found = []
    for of_layer, shape, units in zip(ends[::-1], shapes[::-1], reached[::-1], strict=True):
        found.append(units & read)
        read = connected(of_layer, shape, read, 1)
    return found[::-1]


def connected(
    ends: Ends | None, shape: tuple[int, int], some: NDArray[np.bool_], side: int
) -> NDArray[np.bool_]:
    """Return which units of a side (0: outputs, 1: inputs) are connected to some of the other."""
    if ends is None:
        return np.full(shape[side], some.any())
    found = np.zeros(shape[side], dtype=bool)
    found[ends[side][some[ends[1 - side]]]] = True
    return found
