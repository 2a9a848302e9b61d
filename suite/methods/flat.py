"""The flat spelling: settings of version 0.1.0 that stand for a part or one of its options.

`zeta: 0.2` is the option zeta of the prune rate, `rule: full` the budget "all", and so on. They
stay valid in study files, and keys are made of them wherever version 0.1.0 could say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from suite.methods import library
from suite.methods.answer import Answer
from suite.methods.parts import KINDS, Kind, registered
from suite.methods.presets import Method
from suite.methods.recipe import Recipe

OPTIONS: dict[tuple[Kind, str], str] = {
    ("initial", "epsilon"): "epsilon",
    ("gate", "metric"): "metric",
    ("gate", "window"): "window",
    ("rate", "zeta"): "zeta",
    ("budget", "metric"): "metric",
    ("budget", "k"): "k",
    ("budget", "overshoot"): "overshoot",
    ("regrow", "neighbourhood"): "neighbourhood",
}
"""The setting that gives an option of whatever part answers the question, if it has that option."""

RULES = {"full": "all", "performance": "performance"}
"""The budget that a `rule` stands for."""

FILLS = ("zeros", "normal")
"""The fills that `regrown_weights` may name."""

NAMES = {*OPTIONS.values(), "rule", "regrown_weights", "prune", "regrow", "gate"}
"""The flat settings."""

PARTS = "part_options"
"""The setting that holds the options which have no flat name, by kind."""

_KNOWN: dict[tuple[str, str], tuple[str, ...]] = {
    ("initial", "erdos_renyi"): ("epsilon",),
    ("initial", "dense"): (),
    ("schedule", "every_epoch"): (),
    ("schedule", "never"): (),
    ("gate", "open"): (),
    ("gate", "pauses"): ("metric", "window"),
    ("rate", "constant"): ("zeta",),
    ("prune", "set"): (),
    ("prune", "magnitude"): (),
    ("budget", "all"): (),
    ("budget", "performance"): ("metric", "k", "overshoot"),
    ("share", "own"): (),
    ("regrow", "random"): (),
    ("regrow", "one_neighbour"): ("neighbourhood",),
    ("regrow", "most_neighbours"): ("neighbourhood",),
    ("fill", "zeros"): (),
    ("fill", "normal"): (),
}
"""The parts of version 0.1.0 with the options that they had."""


def spread(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as written with each part's name and its options apart.

    `rate: {cosine: {zeta: 0.2, end: 0.1}}` becomes rate "cosine", zeta 0.2, and the option end
    among `PARTS`. What is malformed stays as it is, for validation to find.
    """
    flat = dict(given)
    rest: dict[str, dict[str, Any]] = {k: dict(v) for k, v in given.get(PARTS, {}).items()}
    for kind in KINDS:
        written = given.get(kind)
        if not isinstance(written, Mapping) or len(written) != 1:
            continue
        ((name, options),) = written.items()
        if not isinstance(options, Mapping | None):
            continue
        flat[kind] = name
        part = registered(kind).get(str(name))
        for option, value in (options or {}).items():
            setting = OPTIONS.get((kind, option))
            has = part is None or option in part.options  # else it is refused where it stands
            if setting is not None and has and flat.get(setting, value) == value:
                flat[setting] = value
            else:
                rest.setdefault(kind, {})[option] = value
    for rule, budget in RULES.items():
        if flat.get("budget") is None and flat.get("rule") == rule:
            flat["budget"] = budget
    for fill in FILLS:
        if flat.get("fill") is None and flat.get("regrown_weights") == fill:
            flat["fill"] = fill
    return flat | ({PARTS: rest} if rest else {})


def fill_in(flat: Mapping[str, Any], method: Method) -> dict[str, Any]:
    """Return spread settings with the method's own parts, and its values of flat settings."""
    filled = {**method.settings, **flat}
    for kind in KINDS:
        own = method.parts[kind]
        if kind not in filled or (filled[kind] is None and kind not in ("prune", "regrow")):
            filled[kind] = own.name
        for (of, option), setting in OPTIONS.items():
            if of == kind and filled[kind] == own.name and setting != "metric":
                filled |= {} if setting in filled else _given(setting, own.options.get(option))
    for rule, budget in RULES.items():
        if filled["budget"] == budget and filled.get("rule") is None:
            filled["rule"] = rule
    for fill in FILLS:
        if filled["fill"] == fill:
            filled.setdefault("regrown_weights", fill)
    if filled.get("metric") is None and reads_signal(filled["budget"], filled["gate"]):
        filled["metric"] = method.default_metric
    return filled


def _given(setting: str, value: Any) -> dict[str, Any]:
    return {} if value is None else {setting: value}


def reads_signal(budget: Any, gate: Any) -> bool:
    """Whether a budget or a gate reads a signal, by their names."""
    asked = (registered("budget").get(str(budget)), registered("gate").get(str(gate)))
    return any(part is not None and "metric" in part.options for part in asked)


def replaced(value: Callable[[str], Any]) -> dict[Kind, Any]:
    """Return what `recipe.resolve` takes, from filled-in settings.

    Args:
        value: Returns the value of a setting, None where there is none of that name.
    """
    parts: dict[Kind, Any] = {}
    for kind in KINDS:
        part = library.get(kind, value(kind))
        named = {o: o if part.by_setting else OPTIONS.get((kind, o)) for o in part.options}
        given = {o: value(name) for o, name in named.items() if name is not None}
        options = {o: v for o, v in given.items() if v is not None}
        parts[kind] = {"name": part.name, "options": options | value(PARTS).get(kind, {})}
    return parts


def key_of(recipe: Recipe, value: Callable[[str], Any]) -> dict[str, Any]:
    """Return what a recipe adds to a run's key.

    A part that version 0.1.0 had, with the options that it had, is written as then. Every other
    part is written as {kind: {name: options that are not at their default}}.

    Args:
        recipe: The recipe.
        value: The value of a setting, for strategies that read settings.
    """
    key: dict[str, Any] = {"connected": "sparse" if recipe.sparse else "dense"}
    for answer in recipe.in_use:
        as_then = _as_then(answer)
        clash = any(key.get(name, held) != held for name, held in (as_then or {}).items())
        if as_then is None or clash:
            key[answer.kind] = {answer.name: answer.changed}
        else:
            key |= as_then
    if recipe.evolves and recipe.regrow.part.by_setting:
        key |= {name: value(name) for name in recipe.regrow.part.options if name in NAMES}
    return key


def _as_then(answer: Answer) -> dict[str, Any] | None:
    """Return how version 0.1.0 wrote an answer in a key, None where it could not."""
    kind, name = answer.kind, answer.name
    if kind == "regrow" and answer.part.by_setting:
        return {"regrow": name}
    had = _KNOWN.get((kind, name))
    if had is None or answer.changed.keys() - had:
        return None
    said = {OPTIONS[kind, option]: answer.options[option] for option in had}
    if kind in ("gate", "prune", "regrow"):
        said[kind] = name
    if kind == "budget":
        said["rule"] = next(rule for rule, budget in RULES.items() if budget == name)
        if said.get("metric") == "val_accuracy":
            del said["overshoot"]  # an accuracy is never negative, so nothing overshoots
    if kind == "fill":
        said["regrown_weights"] = name
    return said
