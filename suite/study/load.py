"""From a study file to a checked study, or to every mistake in it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from suite.errors import UserError
from suite.evolution.methods import METHODS
from suite.evolution.plugins import Plugin, load, read_plugin
from suite.settings import Settings
from suite.spelling import suggestion
from suite.study.cells import Cell, cell_label, cell_title, source_name
from suite.study.declared import check_declared
from suite.study.document import Document, Where, read_document
from suite.study.file import Seeds, StudyFile
from suite.study.mistakes import line_of, note_problems
from suite.study.study import Study

MANY_RUNS = 10_000
"""More runs than this are taken for an accident until the user says otherwise."""

MOST_RUNS = 1_000_000
"""More runs than this are refused whatever the user says: they could not even be listed."""


def load_study(path: str | Path, *, many: bool = False) -> Study:
    """Read and check a study file.

    Args:
        path: The YAML file.
        many: Accept more than `MANY_RUNS` runs.

    Returns:
        The study, its cells expanded and distinct.

    Raises:
        UserError: With one sentence for every mistake in the file.
    """
    document = read_document(Path(path))
    if not isinstance(document.value, dict):
        raise UserError(f"{path}: is no study; a study is a mapping with name and cells.")
    mistakes = list(document.mistakes)
    file = _validate_file(document, mistakes)
    plugins = _load_plugins(document, mistakes)
    cells = None
    if too_many := _too_many(document, many):
        mistakes.append(too_many)
    else:
        unsure = {"regrow"} if len(plugins) < len(file.plugins) else set()
        cells = _expand(document, mistakes, unsure)
        mistakes += check_declared(document, file, cells)
    if mistakes or cells is None:
        raise UserError(*sorted(dict.fromkeys(mistakes), key=line_of))
    return Study(Path(path).absolute(), file, tuple(cells), plugins)


def _validate_file(document: Document, mistakes: list[str]) -> StudyFile:
    """Check all but the settings, and return what is right of the file."""
    try:
        return StudyFile.model_validate(document.value)
    except ValidationError as error:
        note_problems(document, error, mistakes)
        wrong = {problem["loc"][0] for problem in error.errors()}
        right = {name: value for name, value in document.value.items() if name not in wrong}
        return StudyFile.model_validate({"name": "unnamed", "cells": [{}]} | right)


def _load_plugins(document: Document, mistakes: list[str]) -> tuple[Plugin, ...]:
    """Register the study's own regrowth strategies, before cells are checked against them."""
    named = document.value.get("plugins")
    loaded = []
    for number, where in enumerate(named if isinstance(named, list) else []):
        if isinstance(where, str):
            try:
                plugin = read_plugin(where, document.path.parent)
                load(plugin)
                loaded.append(plugin)
            except UserError as error:
                mistakes.append(f"{document.place(('plugins', number))}: {error}")
    return tuple(loaded)


def _too_many(document: Document, many: bool) -> str | None:
    """Return what is wrong with the number of runs, which is counted without expanding grids."""
    cells, seeds = document.value.get("cells"), document.value.get("seeds")
    entries = [entry for entry in (cells if isinstance(cells, list) else ()) if entry]
    grids = [entry.get("grid") for entry in entries if isinstance(entry, dict)]
    points = sum(
        math.prod(len(values) or 1 for values in grid.values() if isinstance(values, list))
        if isinstance(grid, dict)
        else 1
        for grid in grids
    )
    count = seeds.get("count") if isinstance(seeds, dict) else None
    if not isinstance(count, int) or count < 1:
        count = Seeds().count
    runs = points * count
    if runs <= MANY_RUNS or (many and runs <= MOST_RUNS):
        return None
    advice = (
        "if so many are meant, say --yes"
        if runs <= MOST_RUNS
        else f"a study has at most {MOST_RUNS:,}"
    )
    cell, seed = ("cell" if points == 1 else "cells"), ("seed" if count == 1 else "seeds")
    counted = f"{points:,} {cell} with {count:,} {seed} make {runs:,} runs"
    return f"{document.place(('cells',))}: {counted}; {advice}."


def _expand(document: Document, mistakes: list[str], unsure: Set[str]) -> list[Cell] | None:
    """Multiply out the grids and validate each cell with its defaults.

    Returns:
        The distinct cells; None if any is wrong, or if settings are `unsure`: these are passed
        over, as there is no telling whether they are right.
    """
    defaults = document.value.get("defaults", {})
    entries = document.value.get("cells")
    if not isinstance(entries, list) or not isinstance(defaults, dict):
        return None
    defaults = {name: value for name, value in defaults.items() if name not in unsure}
    in_defaults: dict[str, Where] = {name: ("defaults", name) for name in defaults}
    known = len(mistakes)
    _check_alone(document, defaults, mistakes)
    distinct: dict[str, Cell] = {}
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            continue
        for given, in_grid in _points(document, number, entry, mistakes):
            inherited = {name: value for name, value in defaults.items() if name not in given}
            if not _takes_metric(inherited | given):
                inherited.pop("metric", None)
            elsewhere = {name: in_defaults[name] for name in inherited} | in_grid
            merged = {n: v for n, v in (inherited | given).items() if n not in unsure}
            settings = _validate_settings(document, merged, mistakes, number, elsewhere)
            if settings is not None:
                same = repr((settings.deciding(), source_name(settings.dataset)))
                named = {"method": settings.method} | given
                cell = Cell(cell_label(named), cell_title(settings, given), settings)
                distinct.setdefault(same, cell)
    right = len(mistakes) == known and all(isinstance(entry, dict) for entry in entries)
    return list(distinct.values()) if right and not unsure else None


def _takes_metric(merged: Mapping[str, Any]) -> bool:
    """Whether a metric in `defaults` applies: methods that read no signal pass it over."""
    name = merged.get("method", "set")
    method = METHODS.get(name) if isinstance(name, str) else None
    if method is None:
        return True
    composed = "rule" in merged or "gate" in merged
    return composed or merged.get("metric") in method.metrics


def _points(
    document: Document, number: int, entry: Mapping[str, Any], mistakes: list[str]
) -> Iterator[tuple[dict[str, Any], dict[str, Where]]]:
    """Yield what each grid point of a cell sets, and where the values of its grid stand."""
    here: Where = ("cells", number)
    fixed = {name: value for name, value in entry.items() if name != "grid"}
    grid = _grid(document, here, entry, mistakes)
    for indices in itertools.product(*(range(len(values)) for values in grid.values())):
        chosen = dict(zip(grid, indices, strict=True))
        point = {name: grid[name][index] for name, index in chosen.items()}
        yield fixed | point, {n: (*here, "grid", n, index) for n, index in chosen.items()}


def _grid(
    document: Document, here: Where, entry: Mapping[str, Any], mistakes: list[str]
) -> dict[str, list[Any]]:
    """Return what is right of a cell's grid."""
    grid = entry.get("grid")
    if "grid" in entry and not (isinstance(grid, dict) and grid):
        place = document.place((*here, "grid"))
        mistakes.append(f"{place}: must map one setting or more to lists of values.")
    right = {}
    for name, values in grid.items() if isinstance(grid, dict) else ():
        place = document.place((*here, "grid", name))
        if name not in Settings.model_fields:
            meant = suggestion(name, Settings.model_fields)
            mistakes.append(f'{place}: there is no "{name}" here{meant}')
        elif not isinstance(values, list) or not values:
            mistakes.append(f"{place}: must be a list of the values to take, 1 or more.")
        elif name in entry:
            mistakes.append(f"{place}: stands beside the grid as well; keep one of them.")
        else:
            right[name] = values
    return right


def _validate_settings(
    document: Document,
    merged: dict[str, Any],
    mistakes: list[str],
    number: int,
    elsewhere: Mapping[str, Where],
) -> Settings | None:
    """Validate one cell; where values are wrong, check the others against each other as well."""
    block: Where = ("cells", number)
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        note_problems(document, error, mistakes, block=block, elsewhere=elsewhere)
        wrong = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
    if wrong:
        rest = {name: value for name, value in merged.items() if name not in wrong}
        try:
            Settings.model_validate(rest)
        except ValidationError as error:
            note_problems(
                document, error, mistakes, block=block, elsewhere=elsewhere, without=wrong
            )
    return None


def _check_alone(document: Document, defaults: dict[str, Any], mistakes: list[str]) -> None:
    """Check each default by itself: a wrong one is a mistake even if every cell overrides it."""
    try:
        Settings.model_validate(defaults)
    except ValidationError as error:
        every = set(Settings.model_fields)
        note_problems(document, error, mistakes, block=("defaults",), without=every)
