"""The JSON schema of study files: editors complete and check with it, and error messages quote it.

python -m suite.study.schema        write studies/study.schema.json again
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.methods import flat, library
from suite.methods.parts import KINDS, Kind, Part
from suite.methods.presets import METHODS
from suite.settings import Settings
from suite.study.expand import LONGEST_TITLE
from suite.study.file import StudyFile

SCHEMA_FILE = Path("studies/study.schema.json")


def study_schema() -> dict[str, Any]:
    """Return the JSON schema of study files.

    It is the same on every machine: it does not list plug-ins. Any name may be that of a regrowth
    strategy; of the other kinds of parts it knows the suite's own only.
    """
    schema = StudyFile.model_json_schema(by_alias=True)
    settings = Settings.model_json_schema()
    schema["$defs"] |= settings.pop("$defs", {})
    properties: dict[str, Any] = settings["properties"]
    properties["method"]["enum"] = list(METHODS)
    del properties[flat.PARTS]
    for kind in KINDS:
        nullable = "anyOf" in properties[kind]
        properties[kind].pop("type", None)
        properties[kind] |= _part_schema(kind, nullable)
    grid = {
        "type": "object",
        "description": "Each list is multiplied out into cells.",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {
            name: _list_of(_without_default(field)) for name, field in properties.items()
        }
        | {
            f"{kind}.{name}": _list_of(fields[0] if len(fields) == 1 else {"anyOf": fields})
            for kind in KINDS
            for name, fields in _options_of(kind).items()
        },
    }
    block = {"type": "object", "additionalProperties": False}
    schema["properties"]["defaults"] |= block | {"properties": properties}
    title = {"type": "string", "minLength": 1, "maxLength": LONGEST_TITLE}
    title |= {"description": "How reports name the cell; by default its method and what it sets."}
    own = {"title": title, "grid": grid}
    schema["properties"]["cells"]["items"] = block | {"properties": properties | own}
    _not_null(schema["properties"]["tune"])
    named: dict[str, Any] = _without_titles(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | named


def _part_schema(kind: Kind, nullable: bool) -> dict[str, Any]:
    """Return the ways to write a part: its name, or its name with options."""
    parts = _built_in(kind)
    names = [part.name for part in parts]
    by_name: dict[str, Any] = {"enum": names}
    if kind == "regrow":  # any other name may be of a plug-in
        by_name = {"type": "string", "examples": names}
    options = {
        part.name: {
            "type": ["object", "null"],
            "additionalProperties": False,
            "description": part.summary,
            "properties": _options_schema(part),
        }
        for part in parts
    }
    with_options = {"type": "object", "minProperties": 1, "maxProperties": 1, "properties": options}
    none = [{"type": "null"}] if nullable else []
    return {"anyOf": [by_name, with_options, *none]}


def _options_schema(part: Part) -> dict[str, Any]:
    options: dict[str, Any] = part.schema().get("properties", {})
    return options


def _options_of(kind: Kind) -> dict[str, list[dict[str, Any]]]:
    """Return what an option of a kind's parts may be; one name may be an option of several."""
    found: dict[str, list[dict[str, Any]]] = {}
    for part in _built_in(kind):
        for name, field in _options_schema(part).items():
            allowed = {n: of for n, of in field.items() if n not in ("default", "description")}
            if allowed not in (known := found.setdefault(name, [])):
                known.append(allowed)
    return found


def _built_in(kind: Kind) -> list[Part]:
    return [part for part in library.available(kind) if part.origin.kind == "built-in"]


def _list_of(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": dict(items)}


def schema_text() -> str:
    """Return what studies/study.schema.json must hold."""
    return json.dumps(study_schema(), indent=1) + "\n"


def _not_null(block: dict[str, Any]) -> None:
    """Let a block be left out but not be empty: an empty one would change nothing."""
    del block["default"]
    block |= block.pop("anyOf")[0]


def _without_default(field: Mapping[str, Any]) -> dict[str, Any]:
    """Return a field's JSON schema without its default."""
    return {name: value for name, value in field.items() if name != "default"}


def _without_titles(value: Any) -> Any:
    """Drop the titles that pydantic makes of names: an editor would show them for the names."""
    if isinstance(value, list):
        return [_without_titles(item) for item in value]
    if isinstance(value, dict):
        return {
            name: _without_titles(item)
            for name, item in value.items()
            if not (name == "title" and isinstance(item, str))
        }
    return value


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
    sys.stdout.write(f"{SCHEMA_FILE}\n")
