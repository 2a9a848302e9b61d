"""Which connections return: find a regrowth strategy by name, call it, and check its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.errors import UserError
from suite.methods.layer import LayerView
from suite.methods.plugins import discover, load_plugin
from suite.methods.positions import find_sorted
from suite.methods.registry import Strategy, registered, regrowth

__all__ = [
    "fingerprint",
    "get",
    "load_plugin",
    "names",
    "options",
    "regrow",
    "regrowth",
    "strategies",
]


def strategies() -> list[Strategy]:
    """Return the strategies that can be used now: built in, installed, and loaded plug-ins."""
    discover()
    return list(registered().values())


def names() -> list[str]:
    """Return the names of the strategies that can be used now, the built-in ones first."""
    return [strategy.name for strategy in strategies()]


def get(name: str) -> Strategy:
    """Return the strategy of a name.

    Raises:
        UserError: If there is none.
    """
    if name not in registered():
        broken = discover()
    if name not in registered():
        failures = "".join(f" The entry point '{e}' failed: {why}." for e, why in broken.items())
        raise UserError(
            f"There is no regrowth strategy '{name}'; there are {', '.join(names())}.{failures}"
        )
    return registered()[name]


def options(name: str) -> dict[str, bool]:
    """Return the settings that a strategy takes, each with True if it cannot do without."""
    return get(name).options


def fingerprint(name: str) -> str | None:
    """Return the SHA-256 of the file that defines a strategy, None for a built-in one."""
    return get(name).origin.fingerprint


def regrow(
    name: str, layer: LayerView, count: int, rng: np.random.Generator, **settings: object
) -> NDArray[np.int64]:
    """Ask a strategy which positions of a layer become active.

    Args:
        name: The strategy.
        layer: The layer after pruning.
        count: How many positions, from 0 to as many as are inactive.
        rng: The strategy's only source of randomness.
        settings: Settings by name; the strategy gets those that it takes.

    Returns:
        int64 (count,), ascending, distinct, none active.

    Raises:
        UserError: If there is no such strategy, a setting that it needs is missing, or it raises
            an error or gives a wrong answer, as it would again; the sentence names the strategy,
            the layer and the reason.
        MemoryError: As the strategy raises it: another time there may be room.
    """
    strategy = get(name)
    where = f"Regrowth strategy '{name}' in layer {layer.index + 1}"
    if count == 0:
        return np.empty(0, dtype=np.int64)
    missing = [
        key for key, required in strategy.options.items() if required and key not in settings
    ]
    if missing:
        raise UserError(f"{where} takes a setting that does not exist: {', '.join(missing)}.")
    view = replace(
        layer,
        gradient_from=layer.gradient_from if "gradient" in strategy.needs else None,
        activations_from=layer.activations_from if "activations" in strategy.needs else None,
    )
    options = {key: settings[key] for key in strategy.options if key in settings}
    try:
        answer = strategy.function(view, count, rng, **options)
    except MemoryError:
        raise
    except Exception as error:
        words = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise UserError(f"{where} raised {words.rstrip('.: ')}.") from error
    try:
        return _checked(answer, layer, count)
    except ValueError as wrong:
        raise UserError(f"{where} returned {wrong}.") from None


def _checked(answer: Any, layer: LayerView, count: int) -> NDArray[np.int64]:
    """Return a strategy's answer as sorted positions; ValueError says what it is instead."""
    try:
        given = np.asarray(answer)
    except Exception as error:
        raise ValueError(f"no array of positions: {error}") from error
    if given.ndim != 1:
        shape = f"an array of shape {given.shape}" if given.ndim else type(answer).__name__
        raise ValueError(f"{shape} instead of a one-dimensional array of positions")
    if given.size != count:
        raise ValueError(f"{given.size} positions where {count} were asked for")
    if given.dtype.kind not in "iu":
        raise ValueError(f"{given.dtype} instead of integers")
    outside = given[(given < 0) | (given >= layer.size)]
    if outside.size:
        raise ValueError(f"position {outside[0]}, outside 0 to {layer.size - 1}")
    positions = np.sort(given.astype(np.int64))
    twice = positions[1:][positions[1:] == positions[:-1]]
    if twice.size:
        raise ValueError(f"position {twice[0]} more than once")
    active = find_sorted(layer.positions, positions)
    if active.size:
        raise ValueError(f"position {layer.positions[active[0]]}, which is active")
    return positions
