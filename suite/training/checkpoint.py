"""A run's state between two epochs as bytes, in terms that both engines share.

A sparse layer is kept as its active positions and the values there, so a checkpoint costs what the
connections cost, and either engine goes on from the other's. Random streams need no state: the
epoch names them.
"""

from __future__ import annotations

import io
import logging
import pickle
from typing import Any

import torch
from torch import Tensor

from suite.sparse import mlp

FORMAT = 1
"""Raised when what is kept changes; a checkpoint of another format is not gone on from."""

_log = logging.getLogger(__name__)

History = list[dict[str, Any]]


def pack(
    network: mlp.MLP, optimizer: torch.optim.Optimizer, history: History, *, momentum: bool
) -> bytes:
    """Return everything that the next epoch depends on.

    Args:
        network: The network after an epoch and its evolution.
        optimizer: Its SGD.
        history: The record of every epoch so far.
        momentum: Whether the next epoch goes on with the momentum of this one.
    """
    parameters = {name: parameter.data for name, parameter in network.named_parameters()}
    state = {
        "format": FORMAT,
        "history": history,
        "positions": {
            name: torch.from_numpy(layer.positions) for name, layer in _sparse(network).items()
        },
        "values": _values(network, parameters),
        "momentum": _values(network, _momentum(network, optimizer)) if momentum else {},
    }
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def unpack(checkpoint: bytes, network: mlp.MLP, optimizer: torch.optim.Optimizer) -> History:
    """Put a checkpoint's state into a network and its optimizer; no code in it is executed.

    Returns:
        The record of every epoch that it has behind it; none, and nothing changed, where the
        checkpoint is of another format, or of a torch that writes otherwise.
    """
    try:
        state = torch.load(io.BytesIO(checkpoint), weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError):
        state = None
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        _log.warning("a checkpoint of another version cannot be used; its epochs are done again.")
        return []
    parameters, sparse = dict(network.named_parameters()), _sparse(network)
    for name, positions in state["positions"].items():
        sparse[name].rewire(positions.numpy(), state["values"][name].numpy())
    with torch.no_grad():
        for name in state["values"].keys() - sparse.keys():
            parameters[name].copy_(state["values"][name])
    for name, values in state["momentum"].items():
        on_layer = sparse[name].scatter(values.numpy()) if name in sparse else values
        optimizer.state[parameters[name]]["momentum_buffer"] = on_layer.to(parameters[name].device)
    history: History = state["history"]
    return history


def _sparse(network: mlp.MLP) -> dict[str, Any]:
    """Return the layers that have a topology, by the name of their weight."""
    return {
        f"layers.{index}.weight": layer
        for index, layer in enumerate(network.layers)
        if not layer.dense
    }


def _momentum(network: mlp.MLP, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    buffers = {
        name: optimizer.state[parameter].get("momentum_buffer")
        for name, parameter in network.named_parameters()
    }
    return {name: buffer for name, buffer in buffers.items() if buffer is not None}


def _values(network: mlp.MLP, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Reduce what is shaped like a sparse layer's weight to the values at its positions."""
    sparse = _sparse(network)
    return {
        name: torch.from_numpy(sparse[name].gather(tensor)) if name in sparse else tensor.cpu()
        for name, tensor in tensors.items()
    }
