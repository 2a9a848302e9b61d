"""The JSON schema of study files, for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from suite.evolution import regrow
from suite.evolution.methods import METHODS
from suite.settings import Settings
from suite.study.file import StudyFile


def study_schema() -> dict[str, Any]:
    """Return the JSON schema of study files, for editors."""
    schema = StudyFile.model_json_schema(by_alias=True)
    settings = Settings.model_json_schema(mode="validation")
    schema["$defs"] |= settings.pop("$defs", {})
    properties: dict[str, Any] = settings["properties"]
    properties["method"]["enum"] = list(METHODS)
    properties["regrow"]["examples"] = regrow.names()
    grid = {
        "type": "object",
        "description": "Each list is multiplied out into cells.",
        "additionalProperties": False,
        "properties": {
            name: {"type": "array", "minItems": 1, "items": _without_default(field)}
            for name, field in properties.items()
        },
    }
    block = {"type": "object", "additionalProperties": False}
    schema["properties"]["defaults"] |= block | {"properties": properties}
    schema["properties"]["cells"]["items"] = block | {"properties": properties | {"grid": grid}}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def _without_default(field: Mapping[str, Any]) -> dict[str, Any]:
    """Return a field's JSON schema without its default."""
    return {name: value for name, value in field.items() if name != "default"}
