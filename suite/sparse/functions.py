"""The sparse engine's layers as differentiable functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from suite.kernels import products
from suite.kernels.dropout import Dropout

NO_DROPOUT = Dropout(0, 0, 0)


class Connections:
    """The active positions of a layer, indexed by row and by column.

    Attributes:
        shape: (n_out, n_in).
        positions: int64 (connections,), ascending.
        by_row: `starts` uint64 (n_out * tiles + 1,) and `columns` uint32 (connections + AHEAD,).
        by_column: `starts` uint64 (n_in * tiles + 1,), `rows` uint32 (connections + AHEAD,) and
            `order` uint32 (connections,), the index of each of them in `positions`.
    """

    def __init__(self, shape: tuple[int, int], positions: np.ndarray) -> None:
        n_out, n_in = shape
        self.shape = shape
        self.positions = positions
        rows, columns = np.divmod(positions, n_in)
        order = _order(columns, n_in)
        self.by_row = (_starts(rows, n_out, columns, n_in), _padded(columns))
        self.by_column = (
            _starts(columns, n_in, rows, n_out),
            _padded(rows[order]),
            order.astype(np.uint32),
        )


class SparseProduct(torch.autograd.Function):
    """leaky_relu(weight @ x + bias) with dropout, for the weights of some connections."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        connections: Connections,
        slope: float,
        dropout: Dropout,
        observe: Callable[[Tensor], None] | None,
    ) -> Tensor:
        """Map inputs (n_in, batch) to activations (n_out, batch).

        Args:
            ctx: Given by PyTorch.
            x: (n_in, batch).
            weight: (connections,).
            bias: (n_out,).
            connections: Where the weights are.
            slope: Negative slope, 0 or more; 1 makes the activation the identity.
            dropout: Of this step.
            observe: Called in the backward pass with the gradient by the pre-activations.
        """
        x = x.contiguous()
        h = product(x, weight, bias, connections, slope, dropout)
        # Others may change the outputs of a linear layer in place: its gradient does not read them.
        read = slope != 1 or dropout.threshold
        ctx.save_for_backward(x, weight, h if read else None)
        ctx.rest = connections, slope, dropout, observe
        return h

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dh: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients by x, weight and bias."""
        x, weight, h = ctx.saved_tensors
        connections, slope, dropout, observe = ctx.rest
        dh = dh.contiguous()
        h = dh if h is None else h
        dz, dbias, dweight = torch.empty_like(h), h.new_empty(len(h)), torch.empty_like(weight)
        given = arrays(h, dh, dz, dbias)
        products.backward(*given, slope, dropout.scale, dropout.threshold)
        if observe is not None:
            observe(dz)
        dx = None
        if ctx.needs_input_grad[0]:
            dx = torch.empty_like(x)
            given = arrays(weight, x, dz, dweight, dx, x.new_empty(len(x)))
            products.gradients(*connections.by_column, *given, 1.0, 1.0, 0)
        else:
            products.weight_gradient(*connections.by_row, *arrays(x, dz, dweight))
        return dx, dweight, dbias, None, None, None, None


def product(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    connections: Connections,
    slope: float,
    given: Dropout,
    out: Tensor | None = None,
) -> Tensor:
    """Return `SparseProduct` without what differentiates it, in `out` if that is given.

    x and `out` are contiguous.
    """
    h = x.new_empty(connections.shape[0], x.shape[1]) if out is None else out
    products.forward(*connections.by_row, *arrays(weight, bias, x, h), slope, given.scale, *given)
    return h


class SparseSReLU(torch.autograd.Function):
    """The S-shaped rectified linear unit, see `activations.SReLU`."""

    @staticmethod
    def forward(
        ctx: Any, z: Tensor, left: Tensor, a_left: Tensor, right: Tensor, a_right: Tensor
    ) -> Tensor:
        """Map pre-activations (units, batch) to activations; the others are (units,)."""
        ctx.save_for_backward(z, left, a_left, right, a_right)
        h = torch.empty_like(z)
        products.srelu(*arrays(z, left, a_left, right, a_right, h))
        return h

    @staticmethod
    def backward(ctx: Any, dh: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients by all of them."""
        gradients = tuple(torch.empty_like(tensor) for tensor in ctx.saved_tensors)
        products.srelu_backward(*arrays(*ctx.saved_tensors, dh.contiguous(), *gradients))
        return gradients


class Dropped(torch.autograd.Function):
    """Activations (units, batch) after dropout."""

    @staticmethod
    def forward(ctx: Any, h: Tensor, dropout: Dropout) -> Tensor:
        """Return what dropout leaves, as a new array."""
        ctx.dropout = dropout
        return _dropped(h, dropout)

    @staticmethod
    def backward(ctx: Any, dh: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient by the activations."""
        return _dropped(dh, ctx.dropout), None


def _dropped(h: Tensor, dropout: Dropout) -> Tensor:
    h = h.clone(memory_format=torch.contiguous_format)
    products.dropped(h.numpy(), dropout.scale, *dropout)
    return h


def arrays(*tensors: Tensor) -> Iterator[np.ndarray]:
    """Return what kernels take: the tensors' memory as arrays."""
    return (tensor.detach().numpy() for tensor in tensors)


def _order(indices: np.ndarray, count: int) -> np.ndarray:
    """Return the stable order of indices below `count`."""
    # numpy sorts by radix, many times faster than otherwise, where a number has 16 bits.
    order = np.argsort(indices.astype(np.uint16), kind="stable")
    if count > 1 << 16:
        order = order[np.argsort((indices[order] >> 16).astype(np.uint16), kind="stable")]
    return order


def _starts(units: np.ndarray, count: int, others: np.ndarray, of: int) -> np.ndarray:
    """Return where the connections of each unit to each tile start, and the end of the last.

    Args:
        units: The unit of each connection, below `count`.
        count: How many units there are.
        others: Where each connection leads, below `of`.
        of: How many units there are to lead to.
    """
    tiles = max(1, min(-(-of // products.TILE), len(units) // (count * products.SEGMENT)))
    if of > products.UNTILED:  # panels serve there, and tiles would only cut them
        tiles = 1
    segments = units if tiles == 1 else units * tiles + others // -(-of // tiles)
    starts = np.zeros(count * tiles + 1, dtype=np.uint64)
    starts[1:] = np.cumsum(np.bincount(segments, minlength=count * tiles))
    return starts


def _padded(indices: np.ndarray) -> np.ndarray:
    """Return indices as uint32, padded with zeros for prefetching."""
    return np.concatenate([indices, np.zeros(int(products.AHEAD))]).astype(np.uint32)
