"""A run's state between two epochs as bytes, in terms that both engines share.

A sparse layer is kept as its active positions and the values there, so a checkpoint costs what the
connections cost, and either engine resumes from the other's. Random streams need no state: the
epoch names them.
"""

from __future__ import annotations

import io
import logging
import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from suite.sparse import mlp
from suite.sparse.layers import SparseLayer
from suite.training.lifetimes import Lifetimes

FORMAT = 1
"""Raised when what is kept changes; a checkpoint of another format is not gone on from."""

SGD_MOMENTUM = "momentum_buffer"
"""The state of SGD, a separate entry in a checkpoint. That of other optimisers was added later,
as an optional field."""

_log = logging.getLogger(__name__)

History = list[dict[str, Any]]


def pack(
    network: mlp.MLP,
    optimizer: torch.optim.Optimizer,
    history: History,
    *,
    momentum: bool,
    lifetimes: Lifetimes | None = None,
    past: dict[str, Any] | None = None,
) -> bytes:
    """Return everything that the next epoch depends on.

    Args:
        network: The network after an epoch and its update.
        optimizer: Its optimiser.
        history: The record of every epoch so far.
        momentum: Whether the next epoch goes on with what the optimiser keeps in this one.
        lifetimes: How long connections have lived so far.
        past: What the training remembers of its updates, numbers and tensors.
    """
    parameters = {name: parameter.data for name, parameter in network.named_parameters()}
    state = {
        "format": FORMAT,
        "history": history,
        "positions": {
            name: torch.from_numpy(layer.positions) for name, layer in _sparse(network).items()
        },
        "values": _values(network, parameters),
        "momentum": {},
        "sparse": [n for n, layer in enumerate(network.layers) if isinstance(layer, SparseLayer)],
    }
    if momentum:
        kept = {name: _values(network, tensors) for name, tensors in _kept(network, optimizer)}
        state["momentum"] = kept.pop(SGD_MOMENTUM, {})
        if kept:
            state["optimizer"] = kept
    if lifetimes is not None:
        state["lifetimes"] = lifetimes.state()
    if past is not None:
        state["past"] = past
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def unpack(
    checkpoint: bytes,
    network: mlp.MLP,
    optimizer: torch.optim.Optimizer,
    lifetimes: Lifetimes | None = None,
    restore: Callable[[dict[str, Any] | None], None] = lambda _: None,
    hand_over: Callable[[Sequence[int]], None] = lambda _: None,
) -> History:
    """Put a checkpoint's state into a network and its optimiser; no code in it is executed.

    Args:
        checkpoint: What `pack` returned.
        network: As it was built.
        optimizer: Its optimiser.
        lifetimes: What is to go on counting, if anything is.
        restore: Called with `past`; with None if the checkpoint is of a version that kept none.
        hand_over: Called last, with the numbers of the layers that the sparse engine computed;
            with none if the checkpoint is of a version that did not say.

    Returns:
        The record of every epoch that it has behind it; none, and nothing changed, where the
        checkpoint is of another format, or of a torch that writes otherwise.
    """
    state = _state(checkpoint)
    if state is None:
        _log.warning("a checkpoint of another version cannot be used; its epochs are done again.")
        return []
    parameters, layers = dict(network.named_parameters()), _layers(network)
    for name, positions in state["positions"].items():  # of layers that were dense at the start too
        layers[name].rewire(positions.numpy(), state["values"][name].numpy())
    sparse = _sparse(network)
    with torch.no_grad():
        for name in state["values"].keys() - sparse.keys():
            parameters[name].copy_(state["values"][name])
    for kept, tensors in {SGD_MOMENTUM: state["momentum"], **state.get("optimizer", {})}.items():
        for name, values in tensors.items():
            shaped = name in sparse and values.ndim > 0
            tensor = sparse[name].scatter(values.numpy()) if shaped else values
            optimizer.state[parameters[name]][kept] = tensor.to(parameters[name].device)
    if lifetimes is not None:
        lifetimes.restore(state.get("lifetimes"))
    restore(state.get("past"))
    hand_over(state.get("sparse", ()))
    history: History = state["history"]
    return history


def epochs_behind(checkpoint: bytes) -> int:
    """Return how many epochs a checkpoint has behind it; 0 where it cannot be gone on from."""
    return len(history_of(checkpoint))


def history_of(checkpoint: bytes) -> History:
    """Return the record of every epoch that a checkpoint has behind it; none as above."""
    state = _state(checkpoint)
    history: History = state["history"] if state else []
    return history


def _state(checkpoint: bytes) -> dict[str, Any] | None:
    """Return what a checkpoint holds; None where it is of another format or another torch's."""
    try:
        state = torch.load(io.BytesIO(checkpoint), weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError):
        return None
    return state if isinstance(state, dict) and state.get("format") == FORMAT else None


def _layers(network: mlp.MLP) -> dict[str, Any]:
    """Return the hidden layers, by the name of their weight."""
    return {f"layers.{index}.weight": layer for index, layer in enumerate(network.layers)}


def _sparse(network: mlp.MLP) -> dict[str, Any]:
    """Return the layers that have a topology, by the name of their weight."""
    return {name: layer for name, layer in _layers(network).items() if not layer.dense}


def _kept(
    network: mlp.MLP, optimizer: torch.optim.Optimizer
) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Yield what the optimiser keeps: its name, and a tensor for each parameter that has one."""
    states = {name: optimizer.state.get(p, {}) for name, p in network.named_parameters()}
    for kept in dict.fromkeys(key for state in states.values() for key in state):
        tensors = {name: state[kept] for name, state in states.items() if kept in state}
        yield kept, {name: t for name, t in tensors.items() if isinstance(t, Tensor)}


def _values(network: mlp.MLP, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Reduce what is shaped like a sparse layer's weight to the values at its positions."""
    sparse = _sparse(network)
    return {
        name: torch.from_numpy(sparse[name].gather(tensor))
        if name in sparse and tensor.ndim > 0
        else tensor.cpu()
        for name, tensor in tensors.items()
    }
