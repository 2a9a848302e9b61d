"""Parts: the answers that a method is made of, by kind and name, and the decorator for them.

A part is one function. Its kind fixes the positional parameters; its keyword-only parameters are
its options: the annotation says type and range, the docstring's `Args` says what each is.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from suite.errors import UserError
from suite.methods.options import Option, check_writable, model_of, options_of

if typing.TYPE_CHECKING:
    from pydantic import BaseModel

Kind = Literal["initial", "schedule", "gate", "rate", "prune", "budget", "share", "regrow", "fill"]
KINDS: tuple[Kind, ...] = typing.get_args(Kind)

NEEDS = ("gradient", "activations", "samples", "probe", "layers", "earlier", "rng", "last_weights")
OF_A_CHAIN = ("round", "mask", "weights", "rewind", "epochs", "learning_rate")
"""Options that say where a run of a chain starts: initial topologies with needs=("earlier",)."""

ARGUMENTS: dict[Kind, tuple[str, ...]] = {
    "initial": ("shapes", "rngs", "probe"),
    "schedule": ("moment",),
    "gate": ("moment",),
    "rate": ("moment",),
    "prune": ("layer", "zeta"),
    "budget": ("moment", "initial", "kept"),
    "share": ("layers", "counts"),
    "regrow": ("layer", "count", "rng"),
    "fill": ("layer", "positions", "rng"),
}
"""What a part of each kind is called with."""

QUESTIONS: dict[Kind, str] = {
    "initial": "Which connections exist at the start?",
    "schedule": "When is an update due?",
    "gate": "Does an update that is due take place?",
    "rate": "Which share of the connections is pruned?",
    "prune": "Which connections are pruned?",
    "budget": "How many return to each layer?",
    "share": "How are those that return divided among the layers?",
    "regrow": "Which positions become active?",
    "fill": "Which weights do new connections start with?",
}
"""The question that a part of each kind answers."""

TITLES: dict[Kind, str] = {
    "initial": "Initial topology",
    "schedule": "Schedule",
    "gate": "Gate",
    "rate": "Prune rate",
    "prune": "Prune rule",
    "budget": "Budget",
    "share": "Share rule",
    "regrow": "Regrowth strategy",
    "fill": "Fill",
}
"""What a part of each kind is called in a sentence."""

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Origin:
    """Where parts come from.

    Attributes:
        kind: Shipped with the suite, found in an installed package, or named by a study file.
        place: A module, an installed package and its version, or a file.
        fingerprint: SHA-256 of the file that has the function, in hex: a plug-in decides results,
            so this is part of a run's key (what the file imports is not). None if built in.
    """

    kind: Literal["built-in", "entry point", "plug-in"]
    place: str
    fingerprint: str | None = None


@dataclass(frozen=True, eq=False)
class Part:
    """A registered part.

    Attributes:
        kind: Which question it answers.
        name: As a study file writes it.
        function: Called with `ARGUMENTS[kind]` and the options by name.
        options: By name, in the order of the function's parameters.
        needs: What must be computed for it, out of `NEEDS`.
        at: For schedules: asked after every "step", or after every "epoch" and its evaluation.
        scope: For prune rules and regrowth strategies: called for each "layer", or once for the
            "network".
        summary: First line of the function's docstring.
        source: Where it was published.
        origin: Where its code stands.
        by_setting: Whether its options are the settings of those names, as for strategies that
            were written for version 0.1.0; such options are not checked here.
    """

    kind: Kind
    name: str
    function: Callable[..., Any]
    options: Mapping[str, Option] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    at: Literal["epoch", "step"] = "epoch"
    scope: Literal["layer", "network"] = "layer"
    summary: str = ""
    source: str = ""
    origin: Origin = Origin("built-in", "")
    by_setting: bool = False

    @property
    def defaults(self) -> dict[str, Any]:
        """The options that have a default, with it."""
        return {o.name: o.default for o in self.options.values() if not o.required}

    @functools.cached_property
    def model(self) -> type[BaseModel]:
        """A pydantic model whose fields are the options: strict, and no others allowed."""
        return model_of(self.name, self.options.values())

    def check(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options, checked, with the defaults of those not given.

        Raises:
            pydantic.ValidationError: With the option as location.
        """
        return dict(self.model.model_validate(dict(options)))

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the options: an object."""
        return self.model.model_json_schema()


_parts: dict[tuple[Kind, str], Part] = {}
_loading: ContextVar[Origin | None] = ContextVar("loading", default=None)


def part(
    kind: Kind,
    name: str | None = None,
    *,
    source: str = "",
    needs: tuple[str, ...] = (),
    at: Literal["epoch", "step"] = "epoch",
    scope: Literal["layer", "network"] = "layer",
) -> Callable[[_Function], _Function]:
    """Register the decorated function as a part.

    What each kind is called with and answers:

        initial   (shapes, rngs, probe)      list, per layer: positions ascending; None = dense
        schedule  (moment)                   whether an update is due after this step or epoch
        gate      (moment)                   whether it takes place
        rate      (moment)                   zeta, from 0 to 1
        prune     (layer, zeta)              bool mask of what stays; scope="network": of layers
        budget    (moment, initial, kept)    `Budgeted`: how many return to each layer
        share     (layers, counts)           counts with the same sum
        regrow    (layer, count, rng)        distinct inactive positions
        fill      (layer, positions, rng)    float32 weights of the connections that return

    Args:
        kind: Which question the part answers.
        name: The part's name, the function's own if None.
        source: Where it was published.
        needs: "gradient", "activations", "samples", "probe" as far as the part asks for them;
            nothing else computes them. A budget with "layers" is asked before pruning, with
            `LayerView`s in place of kept. An initial topology with "earlier" gets, in place of
            probe, the `LayerView`s of the network that an earlier run has trained; it has the
            options of `ticket` that `OF_A_CHAIN` names. A prune rule with "rng" draws from
            `layer.rng`. A fill with "last_weights" may ask for them.
        at: For schedules: asked after every "step", or after every "epoch" and its evaluation.
        scope: For prune rules and regrowth strategies: called for each "layer", or once with all
            layers of the "network". Such a strategy takes (layers, counts, rng) and returns a list
            of positions; their number in all is the sum of the counts.

    Raises:
        UserError: If the kind or a need is unknown, the name is taken or malformed, or the
            signature is different.
    """
    if kind not in KINDS:
        raise UserError(f"The decorator is written @part(KIND): {', '.join(KINDS)}; not {kind!r}.")
    if name is not None and not isinstance(name, str):
        raise UserError(f'The decorator is written with parentheses: @part("{kind}").')
    return functools.partial(
        _register,
        Part(kind, name or "", _nothing, needs=needs, at=at, scope=scope, source=source),
    )


def regrowth(
    name: str | None = None, *, source: str = "", needs: tuple[str, ...] = ()
) -> Callable[[_Function], _Function]:
    """Register the decorated function as a regrowth strategy, as in version 0.1.0.

    Its keyword-only parameters are filled with the settings of those names. A new strategy is
    better written with `part("regrow")`, which gives it options of its own.
    """
    if name is not None and not isinstance(name, str):
        raise UserError("The decorator is written with parentheses: @regrowth().")
    outline = Part("regrow", name or "", _nothing, needs=needs, source=source, by_setting=True)
    return functools.partial(_register, outline)


def registered(kind: Kind) -> dict[str, Part]:
    """Return the parts of a kind that are registered so far, by name, in order of registration."""
    return {name: part for (of, name), part in _parts.items() if of == kind}


def find(kind: Kind, name: str) -> Part | None:
    """Return a part that is registered so far, or None."""
    return _parts.get((kind, name))


def all_registered() -> list[Part]:
    """Return all parts that are registered so far."""
    return list(_parts.values())


@contextmanager
def loading(origin: Origin | None) -> Iterator[None]:
    """Register what is decorated inside as coming from `origin`; if it fails, register nothing.

    Args:
        origin: None to ask each function for its own.
    """
    before = dict(_parts)
    token = _loading.set(origin)
    try:
        yield
    except BaseException:
        _parts.clear()
        _parts.update(before)
        raise
    finally:
        _loading.reset(token)


def forget(place: str) -> None:
    """Remove the parts that come from a place."""
    for key, known in list(_parts.items()):
        if known.origin.place == place:
            del _parts[key]


def _nothing() -> None:
    """Stand in for the function of a part that is not registered yet."""


def _register(outline: Part, function: _Function) -> _Function:
    title = outline.name or function.__name__
    origin = _loading.get() or _own_origin(function)
    where = f"{TITLES[outline.kind]} '{title}' of {origin.place}"
    if origin.kind != "built-in" and origin.fingerprint is None:
        origin = replace(origin, fingerprint=_fingerprint(function, where))
    if not re.fullmatch(r"[a-z][a-z0-9_]*", title):
        raise UserError(f"{where} needs a name of small letters, digits and underscores.")
    for attribute, allowed in (("at", ("epoch", "step")), ("scope", ("layer", "network"))):
        if getattr(outline, attribute) not in allowed:
            raise UserError(
                f"{where} has {attribute}={getattr(outline, attribute)!r}; it is one of {allowed}."
            )
    if not isinstance(outline.source, str):
        raise UserError(f"{where} has source={outline.source!r}; it is text.")
    needs = outline.needs
    if not isinstance(needs, tuple) or any(need not in NEEDS for need in needs):
        raise UserError(f"{where} has needs={needs!r}; allowed is a tuple out of {NEEDS}.")
    options = options_of(function, ARGUMENTS[outline.kind], where, typed=not outline.by_setting)
    if "earlier" in needs and (lacking := [name for name in OF_A_CHAIN if name not in options]):
        raise UserError(f"{where} has needs=('earlier',) and lacks the options {lacking}.")
    holder = _parts.get((outline.kind, title))
    if holder is not None and not _same_function(holder, function, origin):
        taken_by = f"the {holder.origin.kind} {TITLES[outline.kind].lower()}"
        raise UserError(f"{where} has the name of {taken_by} of {holder.origin.place}.")
    # Before a plug-in's file runs again, its parts are forgotten: this one ran twice in one go.
    if holder is not None and origin.kind == "plug-in" and holder.origin == _loading.get():
        raise UserError(f"{where} is defined twice; give each a name of its own.")
    summary = (inspect.getdoc(function) or "").partition("\n")[0]
    made = replace(
        outline, name=title, function=function, options=options, summary=summary, origin=origin
    )
    if origin.kind != "built-in":
        check_writable(options.values(), where)
    _parts[outline.kind, title] = made
    return function


def _own_origin(function: Callable[..., Any]) -> Origin:
    """Return the origin of what is decorated outside `loading`: built in, or imported by hand."""
    module = function.__module__
    return Origin("built-in" if module.startswith("suite.methods.") else "plug-in", module)


def _fingerprint(function: Callable[..., Any], where: str) -> str:
    try:
        content = Path(inspect.getsourcefile(inspect.unwrap(function)) or "").read_bytes()
    except (OSError, TypeError) as error:
        raise UserError(f"{where} must be a function that stands in a file.") from error
    return hashlib.sha256(content).hexdigest()


def _same_function(holder: Part, function: Callable[..., Any], origin: Origin) -> bool:
    """Whether a function is the holder's again: its module ran twice, or is loaded two ways."""
    same_file = holder.origin.fingerprint == origin.fingerprint is not None
    same_module = holder.function.__module__ == function.__module__
    same_name = holder.function.__qualname__ == function.__qualname__
    return same_name and (same_module or same_file)
