"""What reports call cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suite.datasets.sources import title as source_title
from suite.methods import flat
from suite.methods.parts import KINDS
from suite.methods.presets import Method
from suite.settings import Settings
from suite.study.document import as_yaml

Given = Mapping[str, Any]
"""What a cell itself sets."""

_OF_METHODS = {"method", "rule", *KINDS, *flat.NAMES}
"""Settings that make the method: titles say them even where all cells of a data set agree."""


def titles(cells: Sequence[tuple[Settings, Given, str | None]]) -> list[tuple[str, str]]:
    """Return the title of each cell, and its brief title for where its data set is clear.

    In a study of several data sets a title ends with the data set, and leaves out what all cells
    on it set alike, such as the network's size.

    Args:
        cells: The settings of each, what it sets itself, and the title that it gives itself.
    """
    sources = [source_title(settings.dataset) for settings, _, _ in cells]
    several = len(set(sources)) > 1
    shared: dict[str, Given] = {}
    for (_, given, _), source in zip(cells, sources, strict=True):
        common = shared.get(source, given) if several else {}
        shared[source] = {n: v for n, v in common.items() if n in given and given[n] == v}
    found = []
    for (settings, given, own), source in zip(cells, sources, strict=True):
        left_out = shared[source].keys() - _OF_METHODS
        said = {name: value for name, value in given.items() if name not in left_out}
        brief = own or cell_title(settings, said)
        on = f"{',' if ',' in brief else ''} on {source}" if several else ""
        found.append((brief + on, brief))
    return found


def cell_title(settings: Settings, given: Mapping[str, Any]) -> str:
    """Return the title of a cell as the paper would write it, e.g. AccSET, most neighbours.

    Args:
        settings: The cell's.
        given: What the cell itself sets.
    """
    method = settings.preset
    title = method.title
    if settings.metric is not None and method.metrics != (settings.metric,):
        title += f" f({settings.metric.replace('val_accuracy', 'val_acc')})"
    if settings.recipe.evolves and settings.regrow != method.parts["regrow"].name:
        title += ", " + settings.regrow.replace("_", " ")
    parts = {name: value for name, value in given.items() if name in KINDS}
    shown = {"method", "metric", "regrow", *parts}
    rest = [_part_title(method, kind, value) for kind, value in parts.items()]
    rest += [f"{name}={as_yaml(value)}" for name, value in given.items() if name not in shown]
    return ", ".join([title, *filter(None, rest)])


def _part_title(method: Method, kind: str, written: Any) -> str:
    """Return what a title says of a part that a cell sets: name and options, as far as they differ.

    A part of the method's own name is known, and so is the name of a regrowth strategy.
    """
    own = {**method.parts}[kind]  # type: ignore[index]
    if not isinstance(written, Mapping):
        return "" if kind == "regrow" else f"{kind}={as_yaml(written)}"
    ((name, options),) = written.items()
    known = own.options if name == own.name else {}
    said = [f"{o}={as_yaml(v)}" for o, v in (options or {}).items() if known.get(o, ...) != v]
    named = kind == "regrow" or name == own.name
    return ", ".join(said if named else [str(name).replace("_", " "), *said])
