"""What parts see of a layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from suite.methods.moment import Moment
from suite.methods.positions import find_sorted

_Number = TypeVar("_Number", bound=np.generic)


def _nowhere(multiply_adds: int) -> None:
    """Count nothing."""


BLOCK = 2**20
"""How many elements of a dense gradient are computed at once."""


@dataclass(frozen=True, eq=False)
class LayerView:
    """One sparse layer, read-only.

    A position is the flat index row * n_in + column into the layer's weight matrix, whose rows
    are the layer's outputs and whose columns are its inputs.

    Attributes:
        index: Which sparse layer of the network, from 0.
        shape: (n_out, n_in).
        positions: int64 (nnz,), the active positions, ascending.
        weights: float32 (nnz,), the weight at each position.
        momentum: float32 (nnz,), the optimiser's momentum at each position.
        gradient_from: (start, stop) -> these rows of the dense gradient, float32
            (stop - start, n_in); None if the part did not ask for the gradient.
        activations_from: Computes what `activations` returns; None if the part did not ask.
        samples_from: count -> what `samples` returns; None if the part did not ask for samples.
        before: The layer before pruning; None while nothing is pruned.
        moment: When the update takes place; None outside an update.
        rng: Of prune rules with needs=("rng",); None for other parts.
        batch_from: Computes what `batch` returns; None if the part did not ask for the gradient.
        last_from: The weights of connections that went in earlier updates, 0 where none did; None
            if the part did not ask for the last weights.
        images: How many images the gradient is of.
        charge: Called with multiply-adds that an update computes; a part that computes products by
            itself calls it too.
    """

    index: int
    shape: tuple[int, int]
    positions: NDArray[np.int64]
    weights: NDArray[np.float32]
    momentum: NDArray[np.float32]
    gradient_from: Callable[[int, int], NDArray[np.float32]] | None = None
    activations_from: Callable[[], tuple[NDArray[np.float32], NDArray[np.float32]]] | None = None
    samples_from: Callable[[int], tuple[NDArray[np.float32], NDArray[np.float32]]] | None = None
    before: LayerView | None = None
    moment: Moment | None = None
    rng: np.random.Generator | None = None
    batch_from: Callable[[], tuple[NDArray[np.float32], NDArray[np.float32]]] | None = None
    last_from: Callable[[NDArray[np.int64]], NDArray[np.float32]] | None = None
    images: int = 0
    charge: Callable[[int], None] = _nowhere

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
            RuntimeError: If the part did not declare needs=("gradient",).
        """
        return self.gradient_rows(0, self.shape[0])

    def gradient_rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return rows of the dense gradient, float32 (stop - start, n_in).

        Raises:
            RuntimeError: If the part did not declare needs=("gradient",).
        """
        first, last = np.searchsorted(self._trained, np.array([start, stop]) * self.shape[1])
        self.charge(self.images * int((stop - start) * self.shape[1] - (last - first)))
        return self._rows(start, stop)

    @property
    def _trained(self) -> NDArray[np.int64]:
        """The positions whose gradient the step has computed: those active before pruning."""
        return (self.before or self).positions

    def _rows(self, start: int, stop: int) -> NDArray[np.float32]:
        if self.gradient_from is None:
            raise RuntimeError('the gradient is there for parts with needs=("gradient",)')
        return _read_only(self.gradient_from(start, stop))

    def active_gradient(self) -> NDArray[np.float32]:
        """Return the gradient by the active weights, float32 (nnz,).

        Raises:
            RuntimeError: If the part did not declare needs=("gradient",).
        """
        return self._gradient_at(self.positions)

    def gradient_at(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the gradient at some positions, and compute it nowhere else.

        Args:
            positions: int64 (m,), active or not.

        Returns:
            float32 (m,).

        Raises:
            RuntimeError: If the part did not declare needs=("gradient",).
        """
        known = np.count_nonzero(np.isin(positions, self._trained))
        self.charge(self.images * int(positions.size - known))
        return self._gradient_at(positions)

    def _gradient_at(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        if self.batch_from is None:
            return self._gradient_of_rows(positions)
        inputs, errors = self.batch()
        rows, columns = np.divmod(positions, self.shape[1])
        found = np.empty(positions.size, dtype=np.float32)
        height = max(1, BLOCK // inputs.shape[1])
        for start in range(0, positions.size, height):
            some = slice(start, start + height)
            np.einsum("pb,pb->p", errors[rows[some]], inputs[columns[some]], out=found[some])
        return found

    def _gradient_of_rows(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return `gradient_at` where only whole rows are known."""
        order = np.argsort(positions, kind="stable")
        found = np.empty(positions.size, dtype=np.float32)
        done = 0
        for start, stop, some in self.blocks(positions[order]):
            values = self._rows(start, stop).ravel()[some - start * self.shape[1]]
            found[order[done : done + some.size]] = values
            done += some.size
        return found

    def batch(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what the gradient is made of: errors @ inputs.T is the dense gradient.

        Returns:
            The inputs, float32 (n_in, b), and the gradient of the loss by the outputs before the
            activation, float32 (n_out, b), of b images.

        Raises:
            RuntimeError: If the part did not declare needs=("gradient",).
        """
        if self.batch_from is None:
            raise RuntimeError('the gradient is there for parts with needs=("gradient",)')
        inputs, errors = self.batch_from()
        return _read_only(inputs), _read_only(errors)

    def top_gradient(self, count: int, taken: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """Return the inactive positions where the gradient is largest in absolute value.

        The gradient is computed in blocks of rows, of which only the largest elements are kept, so
        that it never stands in memory as a whole. Of equal elements the one at the lower position
        is chosen.

        Args:
            count: How many positions, at most as many as there are candidates.
            taken: The positions that are not candidates, int64, ascending; the active ones by
                default.

        Returns:
            int64 (count,), ascending.

        Raises:
            RuntimeError: If the part did not declare needs=("gradient",).
            ValueError: If the gradient is a number at too few candidates.
        """
        best = np.empty(0, dtype=np.int64)
        sizes = np.empty(0, dtype=np.float32)
        least = np.float32(-0.5)
        for start, stop, active in self.blocks(taken):
            first = start * self.shape[1]
            block = np.abs(self.gradient_rows(start, stop)).ravel()
            block[active - first] = -1  # below every candidate
            if best.size < count:
                least = _surely_below(block, count)
            found = np.flatnonzero(block > least)
            best = np.concatenate([best, found + first])
            sizes = np.concatenate([sizes, block[found]])
            if best.size > count and (stop == self.shape[0] or best.size > 2 * count):
                chosen = largest(sizes, count)
                best, sizes = best[chosen], sizes[chosen]
                least = sizes.min() if count else np.float32(np.inf)
        if best.size < count:
            raise ValueError("the gradient is not a number")
        return best

    def activations(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the activations of the last batch on both sides of the layer.

        Returns:
            The inputs, float32 (n_in, b), and the outputs, float32 (n_out, b), of b images.

        Raises:
            RuntimeError: If the part did not declare needs=("activations",).
        """
        if self.activations_from is None:
            raise RuntimeError('activations are there for parts with needs=("activations",)')
        inputs, outputs = self.activations_from()
        return _read_only(inputs), _read_only(outputs)

    def samples(self, count: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the activations of some training images on both sides of the layer.

        The images are neither warped nor passed through dropout. They are the first ones in the
        order of the epoch, the same for every layer.

        Args:
            count: How many images; where there are fewer, all of them.

        Returns:
            The inputs, float32 (n_in, count), and the outputs, float32 (n_out, count).

        Raises:
            RuntimeError: If the part did not declare needs=("samples",).
        """
        if self.samples_from is None:
            raise RuntimeError('samples are there for parts with needs=("samples",)')
        inputs, outputs = self.samples_from(count)
        return _read_only(inputs), _read_only(outputs)

    def last_weights(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the weights that connections had when they were last active, 0 where never.

        Args:
            positions: int64 (m,), inactive, ascending and distinct.

        Returns:
            float32 (m,).

        Raises:
            RuntimeError: If the part did not declare needs=("last_weights",).
        """
        if self.last_from is None:
            raise RuntimeError('last weights are there for parts with needs=("last_weights",)')
        found = self.last_from(positions)
        if self.before is not None:  # what has gone in this very update
            before = self.before
            found[find_sorted(positions, before.positions)] = before.weights[
                find_sorted(before.positions, positions)
            ]
        return found

    def dropped(self) -> NDArray[np.int64]:
        """Return the positions that pruning made inactive, int64, ascending."""
        if self.before is None:
            return np.empty(0, dtype=np.int64)
        gone = np.ones(self.before.positions.size, dtype=bool)
        gone[find_sorted(self.before.positions, self.positions)] = False
        return self.before.positions[gone]

    def blocks(
        self, taken: NDArray[np.int64] | None = None
    ) -> Iterator[tuple[int, int, NDArray[np.int64]]]:
        """Yield the first row of a block, the row after its last, and the taken positions in it.

        Args:
            taken: int64, ascending; the active positions by default.
        """
        taken = self.positions if taken is None else taken
        rows, columns = self.shape
        height = max(1, BLOCK // columns)
        for start in range(0, rows, height):
            stop = min(rows, start + height)
            first, last = np.searchsorted(taken, (start * columns, stop * columns))
            yield start, stop, taken[first:last]


def smallest(values: NDArray, count: int) -> NDArray[np.intp]:
    """Return the indices of the `count` smallest values, ascending; of equal ones the first."""
    if count == 0:
        return np.empty(0, dtype=np.intp)
    if count >= values.size:
        return np.arange(values.size)
    last = np.partition(values, count - 1)[count - 1]
    chosen = values < last
    chosen[np.flatnonzero(values == last)[: count - np.count_nonzero(chosen)]] = True
    return np.flatnonzero(chosen)


def largest(values: NDArray, count: int) -> NDArray[np.intp]:
    """Return the indices of the `count` largest values, ascending; of equal ones the first."""
    return smallest(-values, count)


def _surely_below(block: NDArray[np.float32], count: int) -> np.float32:
    """Return a number that at least `count` elements of a block exceed, or -0.5 if none is found.

    It is guessed from every 64th element, and then checked.
    """
    some = block[::64]
    rank = some.size - 1 - int(1.2 * count * some.size / block.size)
    if rank < 0:
        return np.float32(-0.5)
    guess = np.partition(some, rank)[rank]
    return guess if np.count_nonzero(block > guess) >= count else np.float32(-0.5)


def _read_only(array: NDArray[_Number]) -> NDArray[_Number]:
    view = array.view()
    view.flags.writeable = False
    return view
