"""A dense output layer on the CPU, by kernels where they round as PyTorch does.

PyTorch leaves its products to a BLAS, whose order of summation depends on their shape and on the
processor. The kernels have one order, the one that is met most. So each shape is tried once, on
random numbers: where a bit differs, PyTorch goes on, and a training stays the same everywhere.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from suite.kernels import output as kernels
from suite.kernels import products
from suite.kernels.blocks import LANES
from suite.sparse.functions import arrays

Rest = tuple[float, float, int]
"""What backward kernels take of a layer: its slope, and its dropout's scale and threshold."""


def logits(output: nn.Linear, h: Tensor) -> Tensor:
    """Return the logits (classes, batch) of activations (units, batch), without a graph."""
    if _rounds_alike(_logits_alike, output, h):
        z = h.new_empty(len(output.bias), h.shape[1])
        kernels.logits(*arrays(output.weight, output.bias, h, z))
        return z
    return _logits(output.weight, output.bias, h)


def gradients(
    output: nn.Linear,
    h: Tensor,
    error: Tensor,
    dweight: Tensor,
    dz: Tensor,
    dbias: Tensor,
    rest: Rest,
) -> None:
    """Write the gradients by the output layer's weights and by the last hidden layer.

    Args:
        output: The layer, (classes, units).
        h: Activations of the last hidden layer, (units, batch).
        error: Gradient by the logits, (classes, batch).
        dweight: Receives the gradient by the weights, (classes, units).
        dz: Receives the gradient by the last hidden layer's pre-activations, (units, batch).
        dbias: Receives that by its bias, (units,).
        rest: Of the last hidden layer.
    """
    if _rounds_alike(_gradients_alike, output, h):
        given = arrays(output.weight, h, error.contiguous(), dweight, dz, dbias)
        kernels.gradients(*given, *rest)
    else:
        _gradients(output.weight, h, error, dweight, dz, dbias, rest)


def _logits(weight: Tensor, bias: Tensor, h: Tensor) -> Tensor:
    # Not output(h.T): the same sums, but several times faster for units in rows.
    return torch.addmm(bias[:, None], weight, h)


def _gradients(
    weight: Tensor, h: Tensor, error: Tensor, dweight: Tensor, dz: Tensor, dbias: Tensor, rest: Rest
) -> None:
    torch.mm(error, h.T, out=dweight)
    products.backward(*arrays(h, torch.mm(weight.T, error), dz, dbias), *rest)


Trial = Callable[[Tensor, Tensor, Tensor, Tensor], bool]


def _rounds_alike(trial: Trial, output: nn.Linear, h: Tensor) -> bool:
    """Return whether a kernel takes these, and rounds as PyTorch does."""
    wide_enough = h.shape[1] >= LANES
    known = wide_enough and h.is_contiguous() and output.weight.dtype == h.dtype == torch.float32
    return known and _tried(trial, *output.weight.shape, h.shape[1], torch.get_num_threads())


@functools.cache
def _tried(trial: Trial, classes: int, units: int, batch: int, threads: int) -> bool:  # noqa: ARG001
    """Return what a trial finds; it may depend on the threads, as PyTorch divides work by them."""
    random = torch.Generator().manual_seed(0)
    shapes = (classes, units), (classes, 1), (units, batch), (classes, batch)
    weight, bias, h, error = (torch.randn(*shape, generator=random) for shape in shapes)
    return trial(weight, bias[:, 0], h, error)


def _logits_alike(weight: Tensor, bias: Tensor, h: Tensor, error: Tensor) -> bool:
    z = torch.empty_like(error)
    kernels.logits(*arrays(weight, bias, h, z))
    return torch.equal(z, _logits(weight, bias, h))


def _gradients_alike(weight: Tensor, bias: Tensor, h: Tensor, error: Tensor) -> bool:  # noqa: ARG001
    rest = (0.5, 1.0, 0)
    found = []
    for write in (_gradients, _by_kernel):
        given = torch.empty_like(weight), torch.empty_like(h), h.new_empty(len(h))
        write(weight, h, error, *given, rest)
        found.append(given)
    return all(map(torch.equal, *found))


def _by_kernel(
    weight: Tensor, h: Tensor, error: Tensor, dweight: Tensor, dz: Tensor, dbias: Tensor, rest: Rest
) -> None:
    kernels.gradients(*arrays(weight, h, error, dweight, dz, dbias), *rest)
