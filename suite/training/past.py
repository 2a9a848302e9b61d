"""What a training remembers of the topologies that it has had, and what it measures of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from suite.methods.cut_off import CutOff, connected, cut_off, ends_of
from suite.methods.explored import Explored
from suite.methods.last_weights import LastWeights
from suite.methods.moment import Change
from suite.methods.recipe import Recipe
from suite.methods.update import Updated
from suite.sparse import mlp
from suite.sparse.layers import MaskedLayer


class Past:
    """The updates of a training so far, and which positions were ever active.

    Args:
        network: At its start.
        recipe: The method; if its topology never changes, there is nothing to remember.

    Attributes:
        changes: What every update so far did.
        last: Each layer's last weights of what has gone, where the recipe needs them.
        warnings: What a reader must know of the topologies so far: of each layer that its last path
            was lost there, and that most of its units were cut off.
    """

    def __init__(self, network: mlp.MLP, recipe: Recipe) -> None:
        evolves = recipe.evolves
        self.changes: list[Change] = []
        self.last: list[LastWeights] | None = None
        if "last_weights" in recipe.needs:
            self.last = [LastWeights() for _ in network.layers]
        self.warnings: list[CutOff] = []
        self._units: int | None = None
        self._shapes = [layer.shape for layer in network.layers]
        self._sizes = [rows * columns for rows, columns in self._shapes]
        self._explored: list[Explored | None] | None = [
            Explored(size) if evolves and not layer.dense else None
            for size, layer in zip(self._sizes, network.layers, strict=True)
        ]
        self._start = sum(layer.connections for layer in network.layers)
        self._evolves = evolves
        self._mark([layer.positions for layer in network.layers])
        self.look(network, epoch=0)

    def note(self, updated: Updated, epoch: int) -> None:
        """Remember an update of an epoch."""
        self.changes.append(updated.change)
        self._units = None
        self._mark([layer.positions[layer.source < 0] for layer in updated.layers])
        self._warn([layer.positions for layer in updated.layers], epoch)

    def look(self, network: mlp.MLP, epoch: int) -> None:
        """Look at a network for units that are cut off."""
        self._units = None
        self._warn([_topology(layer) for layer in network.layers], epoch)

    def _warn(self, topologies: Sequence[np.ndarray | None], epoch: int) -> None:
        known = {(warning.layer, warning.left == 0) for warning in self.warnings}
        self.warnings += [
            found
            for found in cut_off(topologies, self._shapes, epoch)
            if (found.layer, found.left == 0) not in known
        ]

    def measure(self, network: mlp.MLP) -> dict[str, Any]:
        """Return the measures `explored` and `active_units` of an epoch's record."""
        if self._units is None:
            self._units = active_units(network)
        return {"explored": self.share, "active_units": self._units}

    @property
    def share(self) -> float | None:
        """The share of all positions that were ever active; None where it is not known."""
        if self._explored is None:
            return None
        counts = [
            size if explored is None else explored.count
            for size, explored in zip(self._sizes, self._explored, strict=True)
        ]
        found = sum(counts) if self._evolves else self._start
        return found / sum(self._sizes)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: numbers and tensors."""
        state: dict[str, Any] = {
            "changes": [tuple(change) for change in self.changes],
            "warnings": [tuple(warning) for warning in self.warnings],
            "explored": self._explored
            and [e and torch.from_numpy(e.marked.copy()) for e in self._explored],
        }
        if self.last is not None:
            state["last"] = kept(self.last)
        return state

    def restore(self, state: dict[str, Any] | None) -> None:
        """Go on from what a checkpoint has kept; one of an earlier version kept nothing."""
        self._units = None
        if state is None:
            self._explored = None if self._evolves else self._explored
            return
        self.changes = [Change(*map(tuple, change)) for change in state["changes"]]
        self.warnings = [CutOff(*warning) for warning in state.get("warnings", ())]
        self._explored = state["explored"] and [
            None if marked is None else Explored(size, marked.numpy().copy())
            for size, marked in zip(self._sizes, state["explored"], strict=True)
        ]
        if self.last is not None:
            self.last = restored(state["last"])

    def _mark(self, positions: Sequence[np.ndarray]) -> None:
        for explored, active in zip(self._explored or [], positions, strict=False):
            if explored is not None:
                explored.add(active)


def kept(last: Sequence[LastWeights]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return what a checkpoint keeps of each layer's last weights."""
    return [(torch.tensor(of.positions), torch.tensor(of.values)) for of in last]


def restored(last: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> list[LastWeights]:
    """Return each layer's last weights from what a checkpoint has kept."""
    return [LastWeights(*(tensor.numpy().copy() for tensor in pair)) for pair in last]


class Column(Sequence[float]):
    """One measure of every epoch so far, read where it stands: moments are made every step."""

    def __init__(self, history: list[dict[str, Any]], name: str) -> None:
        self._history, self._name = history, name

    def __len__(self) -> int:
        return len(self._history)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [record[self._name] for record in self._history[index]]
        return self._history[index][self._name]


def active_units(network: mlp.MLP) -> int:
    """Return how many hidden units have both a connection from below and one upwards.

    A dense output layer has every connection, so that a unit of the last hidden layer needs one
    from below.
    """
    alive = 0
    above: list[np.ndarray | None] = [_connected(layer, 1) for layer in network.layers[1:]]
    if network.output is not None:
        above.append(None)
    for layer, upwards in zip(network.hidden, above, strict=True):
        below = _connected(layer, 0)
        alive += int(np.count_nonzero(below if upwards is None else below & upwards))
    return alive


def _connected(layer: mlp.Layer, side: int) -> np.ndarray:
    """Return which units of a layer's outputs (side 0) or inputs (side 1) have a connection."""
    others = np.ones(layer.shape[1 - side], dtype=bool)
    return connected(ends_of(_topology(layer), layer.shape[1]), layer.shape, others, side)


def _topology(layer: mlp.Layer) -> np.ndarray | None:
    """Return the active positions of a layer; None where all are, and no noise shuts any."""
    return None if layer.dense and type(layer) is MaskedLayer else layer.positions
