"""Optimisers, PyTorch's own, and their learning rate at every step."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from suite.settings import Settings
from suite.sparse import mlp
from suite.sparse.differentiate import Take

aten: Any = torch.ops.aten

NOISES_OWN = {"log_alpha", "log_variance"}
"""Parameters of learnt noise that are not weights."""

FUSED_SGD = [
    *("self", "grads", "momentum_buffer_list", "weight_decay", "momentum", "lr", "dampening"),
    *("nesterov", "maximize", "is_first_step", "grad_scale", "found_inf"),
]
"""What PyTorch's private `_fused_sgd_` is called with; alike from 2.6 to 2.14."""


def make_optimizer(settings: Settings, network: mlp.MLP) -> torch.optim.Optimizer:
    """Return a new optimiser of a network's parameters."""
    given: dict[str, Any] = {
        "lr": learning_rate(settings, 0.0),
        "weight_decay": settings.weight_decay,
        "fused": True,
    }
    parameters = _groups(settings, network)
    match settings.optimizer:
        case "adam":
            return _lean(torch.optim.Adam)(parameters, **given)
        case "adamw":
            return _lean(torch.optim.AdamW)(parameters, **given)
    given |= {"momentum": settings.momentum, "nesterov": settings.nesterov}
    return _lean(torch.optim.SGD)(parameters, **given)


@functools.cache
def _lean(kind: type[torch.optim.Optimizer]) -> Callable[..., torch.optim.Optimizer]:
    """Return a kind of optimiser that does the same without the wrappers for `torch.compile`.

    They import all of `torch._dynamo`, which nothing here uses: 1.5 s of a worker's start, and 160
    of its 1,030 MB.
    """
    wrapped = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")  # of 2.6 to 2.14
    bare = {name: inspect.unwrap(getattr(kind, name)) for name in wrapped}
    bare["step"] = torch.no_grad()(inspect.unwrap(kind.step))
    return type(kind.__name__, (kind,), bare)


def _groups(settings: Settings, network: mlp.MLP) -> list[dict[str, Any]]:
    """Return a network's parameters; what learnt noise learns of itself does not decay."""
    named = list(network.named_parameters())
    of_noise = {name: p for name, p in named if name.rpartition(".")[2] in NOISES_OWN}
    if not (of_noise and settings.weight_decay):
        return [{"params": [parameter for _, parameter in named]}]
    rest = [parameter for name, parameter in named if name not in of_noise]
    return [{"params": rest}, {"params": list(of_noise.values()), "weight_decay": 0.0}]


def learning_rate(settings: Settings, progress: float) -> float:
    """Return the learning rate of a step.

    Args:
        settings: What to compute.
        progress: The share of the training's steps that are done, from 0 to below 1.
    """
    rate = settings.learning_rate
    return rate if isinstance(rate, int | float) else rate.value(progress)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Let the next step have this learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def at_once(optimizer: torch.optim.Optimizer) -> Take | None:
    """Return what does to one parameter what the optimiser's `step` does to all.

    A gradient that is used as soon as it is known is still in the caches.

    Returns:
        None if the optimiser is not SGD of one group, if momentum is still to come into being (in a
        first step), or if this PyTorch has no such function: then the optimiser's own `step` is to
        be called.
    """
    fused_sgd = _fused_sgd(aten)
    if fused_sgd is None or not isinstance(optimizer, torch.optim.SGD):
        return None
    group, *others = optimizer.param_groups
    if others:
        return None
    if group["momentum"] and not all(parameter in optimizer.state for parameter in group["params"]):
        return None

    def take(parameter: Tensor, gradient: Tensor) -> None:
        momentum = [optimizer.state[parameter]["momentum_buffer"]] if group["momentum"] else []
        fused_sgd(
            [parameter],
            [gradient],
            momentum,
            lr=group["lr"],
            momentum=group["momentum"],
            weight_decay=group["weight_decay"],
            dampening=group["dampening"],
            nesterov=group["nesterov"],
            maximize=False,
            is_first_step=False,
        )

    return take


@functools.cache
def _fused_sgd(operators: Any) -> Callable[..., None] | None:
    """Return PyTorch's own function; None where it is not the one that is called here."""
    try:
        named = [argument.name for argument in operators._fused_sgd_.default._schema.arguments]
    except AttributeError:
        return None
    return torch._fused_sgd_ if named == FUSED_SGD else None
