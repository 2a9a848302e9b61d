"""The gradient of a training step.

Autograd differentiates any network. A network of sparse layers whose activations are fused needs no
graph: the same kernels and the same operations of the output layer, called in the same order, give
the same bits, and the gradient goes from layer to layer without passing through memory twice.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from suite.kernels import products
from suite.sparse import output as output_layer
from suite.sparse.functions import NO_DROPOUT, arrays, product
from suite.sparse.layers import SparseLinear
from suite.sparse.mlp import MLP

aten: Any = torch.ops.aten


def differentiate(network: MLP, x: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross-entropy of a batch; leave its gradient in every parameter's `grad`.

    What learnt noise adds to the loss is in the gradient, and not in what is returned.

    Args:
        network: In training mode.
        x: Inputs (n_in, batch).
        labels: int64 (batch,).

    Returns:
        A number, without a graph.
    """
    layers = [layer for layer in network.layers if _is_plain(layer)]
    if len(layers) == len(network.layers) and network.output is not None:
        with torch.no_grad():
            return _by_kernels(network, network.output, layers, x.contiguous(), labels)
    network.zero_grad()
    loss = functional.cross_entropy(network(x), labels)
    penalty = network.penalty()
    (loss if penalty is None else loss + penalty).backward()
    return loss.detach()


def _is_plain(layer: object) -> bool:
    """Return whether a layer can be computed by kernels only: it has no hooks."""
    return (
        isinstance(layer, SparseLinear)
        and layer.activation.fused_slope is not None
        and not layer.watch
    )


def _by_kernels(
    network: MLP, output: nn.Linear, layers: list[Any], x: Tensor, labels: Tensor
) -> Tensor:
    """Differentiate as `differentiate` does, for layers that are all plain."""
    rests = []
    entered = [x]
    for layer, dropout in zip(layers, network.draw_dropout(), strict=True):
        dropout = dropout or NO_DROPOUT
        slope = layer.activation.fused_slope
        h = product(entered[-1], layer.weight, layer.bias, layer.indices, slope, dropout)
        rest = (slope, dropout.scale, dropout.threshold)
        rests.append(rest)
        entered.append(h)
    h = entered.pop()
    loss, error = _loss(output_layer.logits(output, h).T, labels)
    torch.sum(error, 1, out=_gradient(output.bias))
    dz = torch.empty_like(h)
    received = _gradient(output.weight), dz, _gradient(layers[-1].bias)
    output_layer.gradients(output, h, error, *received, rests[-1])
    for layer, below, rest in zip(layers[:0:-1], layers[-2::-1], rests[-2::-1], strict=True):
        x = entered.pop()
        dx = torch.empty_like(x)
        products.gradients(
            *layer.indices.by_column,
            *arrays(layer.weight, x, dz, _gradient(layer.weight), dx, _gradient(below.bias)),
            *rest,
        )
        dz = dx
    first = layers[0]
    products.weight_gradient(
        *first.indices.by_row, *arrays(entered.pop(), dz, _gradient(first.weight))
    )
    return loss


def _loss(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the loss of logits (batch, classes), and its gradient by them, (classes, batch)."""
    logs = torch.log_softmax(logits, 1)
    mean, nothing_ignored = 1, -100
    loss, weight = aten.nll_loss_forward(logs, labels, None, mean, nothing_ignored)
    error = aten.nll_loss_backward(
        torch.ones_like(loss), logs, labels, None, mean, nothing_ignored, weight
    )
    return loss, aten._log_softmax_backward_data(error, logs, 1, logs.dtype).T


def _gradient(parameter: Tensor) -> Tensor:
    """Return the tensor that receives a parameter's gradient."""
    if parameter.grad is None:
        parameter.grad = torch.empty_like(parameter)
    return parameter.grad
