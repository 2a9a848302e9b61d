"""What the schema for editors allows at a place of a study file, in words."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from suite.study.document import Where, as_yaml
from suite.wording import listing

Schemas = list[dict[str, Any]]
"""The alternatives that the schema allows at one place."""


@functools.cache
def _schema() -> dict[str, Any]:
    from suite.study.schema import study_schema  # needed only where something is wrong

    return study_schema()


def allowed_at(where: Where) -> Schemas:
    """Return the alternatives that the schema allows at a place of the file."""
    here = list(_alternatives(_schema()))
    for step in where:
        here = [
            alternative
            for block in here
            for inner in _inside(block, step)
            for alternative in _alternatives(inner)
        ]
    return here


def _alternatives(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in block:
        yield from _alternatives(_schema()["$defs"][block["$ref"].rpartition("/")[2]])
    elif "anyOf" in block or "oneOf" in block:
        for alternative in block.get("anyOf") or block["oneOf"]:
            yield from _alternatives(alternative)
    elif block.get("type") != "null":
        yield block


def _inside(block: Mapping[str, Any], step: str | int) -> Iterator[dict[str, Any]]:
    if isinstance(step, str):
        if step in block.get("properties", {}):
            yield block["properties"][step]
    elif step < len(block.get("prefixItems", ())):
        yield block["prefixItems"][step]
    elif isinstance(block.get("items"), dict):
        yield block["items"]


def choices_of(block: Mapping[str, Any]) -> list[Any]:
    """Return the only values that an alternative allows; none where it allows a range."""
    return [block["const"]] if "const" in block else block.get("enum", [])


def in_words(allowed: Schemas) -> str:
    """Return what is allowed in words, e.g. "test or a number above 0 and below 1"."""
    parts = list(dict.fromkeys(part for block in allowed for part in _block_words(block)))
    return listing(parts or ["something else"], "or")


def _block_words(block: Mapping[str, Any]) -> list[str]:
    if choices := choices_of(block):
        return [as_yaml(choice) for choice in choices]
    match block.get("type"):
        case "integer":
            return ["a whole number" + _range(block)]
        case "number":
            return ["a number" + _range(block)]
        case "boolean":
            return ["true", "false"]
        case "string":
            meaning = block.get("patternErrorMessage")
            some = " that is not empty" if block.get("minLength") else ""
            return [f"text ({meaning})" if meaning else f"text{some}"]
        case "array":
            return [_list_words(block)]
    if required := block.get("required"):
        return [mapping_words(required, block["properties"])]
    if block.get("maxProperties") == 1:
        return ["one name with a mapping of its options"]
    return ["a mapping" + (" that is not empty" if block.get("minProperties") else "")]


def mapping_words(names: Sequence[str], blocks: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Return a mapping with these keys in words, e.g. {cell: ..., source: ...}.

    Args:
        names: The keys.
        blocks: What the schema says of some; a key with a single value is shown with that.
    """
    return "{" + ", ".join(f"{n}: {blocks.get(n, {}).get('const', '...')}" for n in names) + "}"


def _range(block: Mapping[str, Any]) -> str:
    most = block.get("exclusiveMaximum")
    if "minimum" in block:
        up = f"to below {as_yaml(most)}" if most is not None else "up"
        if "maximum" in block:
            up = f"to {as_yaml(block['maximum'])}"
        return f" from {as_yaml(block['minimum'])} {up}"
    if "exclusiveMinimum" in block:
        up = f" and below {as_yaml(most)}" if most is not None else ""
        if "maximum" in block:
            up = f" and at most {as_yaml(block['maximum'])}"
        return f" above {as_yaml(block['exclusiveMinimum'])}{up}"
    return ""


def _list_words(block: Mapping[str, Any]) -> str:
    least, most = block.get("minItems", 0), block.get("maxItems")
    count = str(least) if least == most else f"{least} or more" if least else ""
    entry: dict[str, Any] = block.get("items") or block["prefixItems"][0]
    each = in_words(list(_alternatives(entry)))
    return f"a list{f' of {count}' if count else ''}, each {each}"
