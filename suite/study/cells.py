"""Cells, and the names that people give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from suite.errors import UserError
from suite.evolution.methods import METHODS
from suite.settings import Settings
from suite.spelling import suggestion
from suite.study.file import CellName


@dataclass(frozen=True)
class Cell:
    """One configuration without a seed.

    Attributes:
        label: As people name it, e.g. dynset[metric=loss].
        title: As reports name it, e.g. DynSET f(loss).
        settings: What is computed.
    """

    label: str
    title: str
    settings: Settings


def source_name(source: Any) -> str:
    """Return a data set's source as one word: what the user wrote."""
    if isinstance(source, str):
        return source
    return source.model_dump_json(exclude_none=True)


def find_cell(cells: Sequence[Cell], name: CellName) -> Cell:
    """Return the one cell that a name means; see `Study.cell`."""
    wanted = parse_cell_name(name) if isinstance(name, str) else dict(name)
    spelt = cell_label(wanted)
    fitting = [cell for cell in cells if _fits(cell.settings, wanted)]
    exact = [cell for cell in cells if cell.label in (spelt, name)]
    if len(exact) == 1:
        return exact[0]
    if len(fitting) == 1:
        return fitting[0]
    labels = [cell.label for cell in fitting or cells]
    if fitting:
        raise UserError(f"{spelt} is ambiguous: {', '.join(labels)} fit.")
    raise UserError(f'no cell is "{spelt}"{suggestion(spelt, labels)}')


def cell_label(settings: Mapping[str, Any]) -> str:
    """Return how people name a cell: its method, and what it sets beyond that.

    A metric is left out where the method has no other: accset, but dynset[metric=loss].
    """
    method = settings.get("method", "set")
    said = {"method"} | ({"metric"} if _only_metric(settings) else set())
    rest = ", ".join(
        f"{name}={_plain(settings[name])}"
        for name in Settings.model_fields
        if name in settings and name not in said
    )
    return f"{method}[{rest}]" if rest else str(method)


def _only_metric(settings: Mapping[str, Any]) -> bool:
    method = METHODS.get(str(settings.get("method", "set")))
    return method is not None and method.metrics == (settings.get("metric"),)


def parse_cell_name(text: str) -> dict[str, Any]:
    """Read method[name=value, ...] into a mapping of settings.

    Raises:
        UserError: If the text has no such form.
    """
    method, bracket, rest = text.strip().partition("[")
    wanted: dict[str, Any] = {"method": method.strip()}
    if not bracket:
        return wanted
    if not rest.endswith("]"):
        raise UserError(f'"{text}" is no cell name; write one as dynset[metric=loss].')
    for item in filter(None, (part.strip() for part in _split_outside_brackets(rest[:-1]))):
        name, equals, value = item.partition("=")
        if not equals or name.strip() not in Settings.model_fields:
            raise UserError(
                f'"{text}": "{name.strip()}" is no setting'
                + suggestion(name.strip(), Settings.model_fields)
            )
        wanted[name.strip()] = yaml.safe_load(value)
    return wanted


def _split_outside_brackets(text: str) -> list[str]:
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_plain, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_plain(item)}" for name, item in value.items()) + "}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _fits(settings: Settings, wanted: Mapping[str, Any]) -> bool:
    has = settings.model_dump(mode="json", exclude_none=True)
    return all(has.get(name) == value for name, value in wanted.items())


def cell_title(settings: Settings, given: Mapping[str, Any]) -> str:
    """Return how the paper would name a cell, e.g. AccSET, most neighbours.

    Args:
        settings: The cell's.
        given: What the cell itself sets.
    """
    method = settings.composition
    title = method.title
    if settings.metric is not None and method.metrics != (settings.metric,):
        title += f" f({settings.metric.replace('val_accuracy', 'val_acc')})"
    if settings.composition.evolves and settings.regrow != "random":
        title += ", " + settings.regrow.replace("_", " ")
    said = {"method", "metric", "regrow"}
    rest = [f"{name}={_plain(value)}" for name, value in given.items() if name not in said]
    return ", ".join([title, *rest])
