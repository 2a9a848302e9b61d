"""Regrowth strategies by name, and the decorator that puts one there.

Imports nothing heavy, so a plug-in's `from suite.methods import regrowth` costs nothing.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from suite.errors import UserError

Kind = Literal["built-in", "entry point", "plug-in"]
NEEDS = ("gradient", "activations")

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Origin:
    """Where strategies come from.

    Attributes:
        kind: Shipped with the suite, found in an installed package, or named by a study file.
        place: A module, an installed package and its version, or a file.
        fingerprint: SHA-256 of the file that has the function, in hex: a plug-in decides results,
            so this is part of a run's key (what the file imports is not). None if built in.
    """

    kind: Kind
    place: str
    fingerprint: str | None = None


@dataclass(frozen=True)
class Strategy:
    """A registered regrowth strategy.

    Attributes:
        name: As a study file writes it.
        function: (layer, count, rng, *, settings...) -> positions.
        needs: What the layer view must offer beside its arrays, out of `NEEDS`.
        options: The settings that the function takes, each with True if it must be given.
        summary: First line of the function's docstring.
        source: Where the strategy was published.
        origin: Where its code stands.
    """

    name: str
    function: Callable[..., Any]
    needs: tuple[str, ...]
    options: dict[str, bool]
    summary: str
    source: str
    origin: Origin


_strategies: dict[str, Strategy] = {}
_loading: ContextVar[Origin | None] = ContextVar("loading", default=None)


def regrowth(
    name: str | None = None, *, source: str = "", needs: tuple[str, ...] = ()
) -> Callable[[_Function], _Function]:
    """Register the decorated function as a regrowth strategy.

    The function takes (layer, count, rng): a `LayerView` of the layer after pruning, how many
    positions to return (at least 1, at most as many as are inactive) and a numpy Generator, the
    only source of randomness it should use. Keyword-only parameters are filled with the settings
    of those names. It returns `count` distinct inactive positions in any order; `regrow` checks.
    `positions.draw_outside` makes up a number at random.

    Args:
        name: The strategy's name, the function's own if None.
        source: Where the strategy was published.
        needs: "gradient" and "activations" as far as it calls them; nothing else computes them.

    Raises:
        UserError: If the name is taken or malformed, a need unknown, or the signature different.
    """
    if callable(name):
        raise UserError("The decorator is written with parentheses: @regrowth().")

    def register(function: _Function) -> _Function:
        title = name or function.__name__
        origin = _loading.get() or _own_origin(function)
        where = f"Regrowth strategy '{title}' of {origin.place}"
        if origin.kind != "built-in" and origin.fingerprint is None:
            origin = replace(origin, fingerprint=_fingerprint(function, where))
        if not re.fullmatch(r"[a-z][a-z0-9_]*", title):
            raise UserError(f"{where} needs a name of small letters, digits and underscores.")
        unknown = [need for need in needs if need not in NEEDS]
        if isinstance(needs, str) or unknown:
            raise UserError(f"{where} has needs={needs!r}; allowed is a tuple out of {NEEDS}.")
        holder = _strategies.get(title)
        if holder is not None and not _same_function(holder, function, origin):
            taken_by = f"the {holder.origin.kind} strategy of {holder.origin.place}"
            raise UserError(f"{where} has the name of {taken_by}.")
        _strategies[title] = Strategy(
            name=title,
            function=function,
            needs=tuple(needs),
            options=_options(function, where),
            summary=first_line(function),
            source=source,
            origin=origin,
        )
        return function

    return register


def registered() -> dict[str, Strategy]:
    """Return the strategies that are registered so far, by name, in order of registration."""
    return dict(_strategies)


def first_line(function: Callable[..., Any]) -> str:
    """Return the first line of a function's docstring, "" without one."""
    return (inspect.getdoc(function) or "").partition("\n")[0]


@contextmanager
def loading(origin: Origin | None) -> Iterator[None]:
    """Register what is decorated inside as coming from `origin`; if it fails, register nothing.

    Args:
        origin: None to ask each function for its own.
    """
    before = dict(_strategies)
    token = _loading.set(origin)
    try:
        yield
    except BaseException:
        _strategies.clear()
        _strategies.update(before)
        raise
    finally:
        _loading.reset(token)


def forget(place: str) -> None:
    """Remove the strategies that come from a place."""
    for strategy in list(_strategies.values()):
        if strategy.origin.place == place:
            del _strategies[strategy.name]


def _options(function: Callable[..., Any], where: str) -> dict[str, bool]:
    parameters = list(inspect.signature(function).parameters.values())
    by_position = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    settings = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    if len(by_position) != 3 or len(by_position) + len(settings) != len(parameters):
        raise UserError(
            f"{where} must take (layer, count, rng) and, after a *, settings by name; "
            f"it takes {inspect.signature(function)}."
        )
    return {p.name: p.default is p.empty for p in settings}


def _own_origin(function: Callable[..., Any]) -> Origin:
    """Tell the origin of what is decorated outside `loading`: built in, or imported by hand."""
    module = function.__module__
    return Origin("built-in" if module == "suite.methods.strategies" else "plug-in", module)


def _fingerprint(function: Callable[..., Any], where: str) -> str:
    try:
        content = Path(inspect.getsourcefile(function) or "").read_bytes()
    except (OSError, TypeError) as error:
        raise UserError(f"{where} must be a function that stands in a file.") from error
    return hashlib.sha256(content).hexdigest()


def _same_function(holder: Strategy, function: Callable[..., Any], origin: Origin) -> bool:
    """Whether a function is the holder's again: its module ran twice, or is loaded two ways."""
    same_file = holder.origin.fingerprint == origin.fingerprint is not None
    same_module = holder.function.__module__ == function.__module__
    same_name = holder.function.__qualname__ == function.__qualname__
    return same_name and (same_module or same_file)
