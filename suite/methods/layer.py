"""What a regrowth strategy sees of a layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_Number = TypeVar("_Number", bound=np.generic)


@dataclass(frozen=True, eq=False)
class LayerView:
    """One sparse layer after pruning, read-only.

    A position is the flat index row * n_in + column into the layer's weight matrix, whose rows
    are the layer's outputs and whose columns are its inputs.

    Attributes:
        index: Which sparse layer of the network, from 0.
        shape: (n_out, n_in).
        positions: int64 (nnz,), the active positions, ascending.
        weights: float32 (nnz,), the weight at each position.
        momentum: float32 (nnz,), the optimiser's momentum at each position.
        gradient_from: Computes what `gradient` returns; None if the strategy did not ask.
        activations_from: Computes what `activations` returns; None if the strategy did not ask.
    """

    index: int
    shape: tuple[int, int]
    positions: NDArray[np.int64]
    weights: NDArray[np.float32]
    momentum: NDArray[np.float32]
    gradient_from: Callable[[], NDArray[np.float32]] | None = None
    activations_from: Callable[[], tuple[NDArray[np.float32], NDArray[np.float32]]] | None = None

    def __post_init__(self) -> None:
        for field in ("positions", "weights", "momentum"):
            object.__setattr__(self, field, _read_only(getattr(self, field)))

    @property
    def size(self) -> int:
        """How many positions the layer has, active or not."""
        return self.shape[0] * self.shape[1]

    def gradient(self) -> NDArray[np.float32]:
        """Return the gradient of the loss by every position, float32 (n_out, n_in).

        Raises:
            RuntimeError: If the strategy did not declare needs=("gradient",).
        """
        if self.gradient_from is None:
            raise RuntimeError('the gradient is there for strategies with needs=("gradient",)')
        return _read_only(self.gradient_from())

    def activations(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the activations of the epoch's last batches on both sides of the layer.

        Returns:
            The inputs, float32 (n_in, b), and the outputs, float32 (n_out, b), of b images.

        Raises:
            RuntimeError: If the strategy did not declare needs=("activations",).
        """
        if self.activations_from is None:
            raise RuntimeError('activations are there for strategies with needs=("activations",)')
        inputs, outputs = self.activations_from()
        return _read_only(inputs), _read_only(outputs)


def _read_only(array: NDArray[_Number]) -> NDArray[_Number]:
    view = array.view()
    view.flags.writeable = False
    return view
