"""Everything that a study file can name to compose a method, for people and programs to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from suite.errors import UserError, suggestion
from suite.methods import library, presets
from suite.methods.parts import KINDS, QUESTIONS, Option, Part
from suite.methods.presets import METHODS
from suite.methods.recipe import resolve


@dataclass(frozen=True)
class Entry:
    """One thing that a study file can name.

    Attributes:
        setting: The setting that names it: method, or a kind of part.
        name: What the setting says.
        kind: "built-in", "entry point" or "plug-in".
        summary: What it does, in a sentence.
        source: Where it was published, if it was.
        defined: The module, installed package or file that has its code.
    """

    setting: str
    name: str
    kind: str
    summary: str
    source: str
    defined: str


def entries() -> list[Entry]:
    """Return all methods, then all parts by the question that they answer."""
    listed = [
        Entry("method", m.name, "built-in", m.summary, m.source, presets.__name__)
        for m in METHODS.values()
    ]
    return listed + [
        Entry(kind, p.name, p.origin.kind, p.summary, p.source, p.origin.place)
        for kind in KINDS
        for p in library.available(kind)
    ]


def as_yaml(method: str) -> str:
    """Return a method's recipe as a cell of a study file: every option, and where its value stands.

    Raises:
        UserError: If there is no method of that name.
    """
    recipe, preset = resolve(known(method)), METHODS[method]
    lines = [f"# {preset.title}: {preset.summary} {preset.source}", f"method: {method}"]
    lines += [f"{k}: {_written(v)}  # where a cell gives none" for k, v in preset.settings.items()]
    for answer in recipe.answers:
        part = answer.part
        lines += ["", f"# {QUESTIONS[part.kind]} {part.summary}", f"# {part.source}"]
        if not part.options:
            lines.append(f"{part.kind}: {part.name}")
            continue
        lines += [f"{part.kind}:", f"  {part.name}:"]
        for option in part.options.values():
            value = _written(answer.options[option.name])
            origin = preset.origin(part.kind, option.name)
            lines.append(f"    {option.name}: {value}  # {_remark(part, option, origin)}")
    return "\n".join(lines) + "\n"


def as_defaults(method: str) -> str:
    """Return the settings with which a method's authors train as the defaults of a study file.

    Raises:
        UserError: If there is no method of that name.
    """
    preset = METHODS[known(method)]
    if not preset.training:
        return f"# {preset.title}: the suite's own defaults are those of Scholte 2022, Table 1.\n"
    lines = [f"# {preset.title} as its authors train it, as far as the suite has their settings."]
    lines += ["# What a cell gives itself counts instead.", "defaults:"]
    lines += [f"  {k}: {_written(v.value)}  # {v.where}" for k, v in preset.training.items()]
    return "\n".join(lines) + "\n"


def defaults_as_records(method: str) -> list[dict[str, Any]]:
    """Return the settings with which a method's authors train, as JSON can hold them.

    Raises:
        UserError: If there is no method of that name.
    """
    return [
        {"setting": name, "value": stated.value, "source": stated.where}
        for name, stated in METHODS[known(method)].training.items()
    ]


def as_records(method: str | None = None) -> list[dict[str, Any]]:
    """Return the methods and parts, or the parts of one method, as JSON can hold them.

    Raises:
        UserError: If there is no method of that name.
    """
    if method is None:
        return [vars(entry) for entry in entries()]
    return [
        {
            "kind": answer.kind,
            "question": QUESTIONS[answer.kind],
            "name": answer.name,
            "summary": answer.part.summary,
            "source": answer.part.source,
            "options": [
                {
                    "name": option.name,
                    "value": answer.options[option.name],
                    "default": None if option.required else option.default,
                    "range": range_of(answer.part, option),
                    "source": METHODS[method].origin(answer.kind, option.name),
                    "description": option.description,
                }
                for option in answer.part.options.values()
            ],
        }
        for answer in resolve(known(method)).answers
    ]


def range_of(part: Part, option: Option) -> str:
    """Return what values an option takes, in words, "" where any value is taken."""
    return _range(part.schema()["properties"][option.name])


def _range(schema: Mapping[str, Any]) -> str:
    """Return what values a JSON schema allows, in words."""
    if "anyOf" in schema:
        return " or ".join(filter(None, map(_range, schema["anyOf"])))
    if schema.get("type") in ("null", "object"):
        return {"null": "null", "object": "a mapping"}[schema["type"]]
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    if schema.get("type") == "boolean":
        return "true or false"
    if "prefixItems" in schema:
        return "(" + "; ".join(map(_range, schema["prefixItems"])) + ")"
    if schema.get("type") == "array":
        return f"a list, each {_range(schema['items'])}"
    bounds = [
        f"{words} {schema[keyword]:g}"
        for keyword, words in (
            ("exclusiveMinimum", "above"),
            ("minimum", "at least"),
            ("exclusiveMaximum", "below"),
            ("maximum", "at most"),
        )
        if keyword in schema
    ]
    number = {"integer": "a whole number", "number": "a number"}.get(schema.get("type", ""), "")
    return " ".join(filter(None, [number, " and ".join(bounds)]))


def known(method: str) -> str:
    """Return the name of a method.

    Raises:
        UserError: If there is none.
    """
    if method not in METHODS:
        raise UserError(f'there is no method "{method}"{suggestion(method, METHODS)}')
    return method


def _remark(part: Part, option: Option, origin: str) -> str:
    default = "" if option.required else f"default {_written(option.default)}"
    described = option.description.rstrip(".")
    source = f"source: {origin}" if origin else ""
    return "; ".join(filter(None, [range_of(part, option), default, described, source]))


def _written(value: Any) -> str:
    """Return a value as YAML writes it in a line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_written(held)}" for name, held in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    return json.dumps(value) if isinstance(value, bool | None) else str(value)
