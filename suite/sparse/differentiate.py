"""The gradient of a training step.

Autograd differentiates any network. A network of sparse layers whose activations are fused needs no
graph: the same kernels and the same operations of the output layer, called in the same order, give
the same bits, and the gradient goes from layer to layer without passing through memory twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from suite.kernels import products
from suite.sparse import output as output_layer
from suite.sparse.functions import NO_DROPOUT, arrays, product
from suite.sparse.layers import SparseLayer
from suite.sparse.mlp import MLP

aten: Any = torch.ops.aten


Take = Callable[[Tensor, Tensor], None]
"""What is done with a parameter and its gradient, which is not used again."""


def leave(parameter: Tensor, gradient: Tensor) -> None:
    """Leave a gradient in the parameter's `grad`."""
    parameter.grad = gradient


def differentiate(network: MLP, x: Tensor, labels: Tensor, take: Take = leave) -> Tensor:
    """Return the mean cross-entropy of a batch, and give away its gradient.

    What learnt noise adds to the loss is in the gradient, and not in what is returned.

    Args:
        network: In training mode.
        x: Inputs (n_in, batch).
        labels: int64 (batch,).
        take: Called with every parameter and its gradient once, when nothing more is computed from
            the parameter; so it may change it.

    Returns:
        A number, without a graph.
    """
    layers = [layer for layer in network.layers if _is_plain(layer)]
    if len(layers) == len(network.layers):
        with torch.no_grad():
            return _by_kernels(network, layers, x.contiguous(), labels, take)
    network.zero_grad()
    loss = functional.cross_entropy(network(x), labels)
    penalty = network.penalty()
    (loss if penalty is None else loss + penalty).backward()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.grad is not None:
                take(parameter, parameter.grad)
    return loss.detach()


def _is_plain(layer: object) -> bool:
    """Return whether a layer can be computed by kernels only: it has no hooks."""
    return (
        isinstance(layer, SparseLayer)
        and layer.activation.fused_slope is not None
        and not layer.watch
    )


def _by_kernels(network: MLP, layers: list[Any], x: Tensor, labels: Tensor, take: Take) -> Tensor:
    """Differentiate as `differentiate` does, for layers that are all plain."""
    empty, batch = network.workspace.empty, x.shape[1]
    rests = []
    entered = [x]
    for index, (layer, dropout) in enumerate(zip(layers, network.draw_dropout(), strict=True)):
        dropout = dropout or NO_DROPOUT
        slope = layer.activation.fused_slope
        h = empty(f"activations {index}", layer.shape[0], batch)
        product(entered[-1], layer.weight, layer.bias, layer.indices, slope, dropout, h)
        rest = (slope, dropout.scale, dropout.threshold)
        rests.append(rest)
        entered.append(h)
    h = entered.pop()
    dz = empty(f"error {len(layers) % 2}", *h.shape)
    loss = _from_loss(network.output, layers[-1], h, labels, dz, rests[-1], take)
    for index in range(len(layers) - 1, 0, -1):
        layer, below, rest = layers[index], layers[index - 1], rests[index - 1]
        x = entered.pop()
        dx = empty(f"error {index % 2}", *x.shape)
        dweight, dbias = torch.empty_like(layer.weight), torch.empty_like(below.bias)
        given = arrays(layer.weight, x, dz, dweight, dx, dbias)
        products.gradients(*layer.indices.by_column, *given, *rest)
        take(layer.weight, dweight)
        take(below.bias, dbias)
        dz = dx
    first = layers[0]
    dweight = torch.empty_like(first.weight)
    products.weight_gradient(*first.indices.by_row, *arrays(entered.pop(), dz, dweight))
    take(first.weight, dweight)
    return loss


def _from_loss(
    output: nn.Linear | None,
    last: Any,
    h: Tensor,
    labels: Tensor,
    dz: Tensor,
    rest: output_layer.Rest,
    take: Take,
) -> Tensor:
    """Return the loss, and write the gradient by the last layer's pre-activations to `dz`.

    Args:
        output: The dense output layer above `last`; None if that is the output layer, a sparse one.
        last: A plain layer, whose bias and everything above it is done with.
        h: Its activations, (units, batch).
        labels: int64 (batch,).
        dz: Receives the gradient, (units, batch).
        rest: Of `last`.
        take: As in `differentiate`.
    """
    dbias = torch.empty_like(last.bias)
    if output is None:
        loss, error = _loss(h.T, labels)
        products.backward(*arrays(h, error.contiguous(), dz, dbias), *rest)
    else:
        loss, error = _loss(output_layer.logits(output, h).T, labels)
        dweight = torch.empty_like(output.weight)
        output_layer.gradients(output, h, error, dweight, dz, dbias, rest)
        take(output.bias, error.sum(1))
        take(output.weight, dweight)
    take(last.bias, dbias)
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
