"""From a study file to a checked study, or to every mistake in it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from suite.errors import UserError, suggestion
from suite.methods.parts import KINDS
from suite.methods.plugins import Plugin, load, read_plugin
from suite.methods.presets import METHODS
from suite.settings import ContradictionError, Settings
from suite.study.cells import Cell, cell_label, cell_title, source_name
from suite.study.declared import ANY_CELL, Doubt, check_declared
from suite.study.document import Document, Where, read_document
from suite.study.file import Seeds, StudyFile
from suite.study.mistakes import line_of, note_problems
from suite.study.resolved import resolve_claims, resolve_pairs, resolve_references
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
    cells: list[Cell] = []
    doubts = [ANY_CELL]
    if too_many := _too_many(document, many):
        mistakes.append(too_many)
    else:
        named = document.value.get("plugins", [])
        loaded = isinstance(named, list) and len(named) == len(plugins)
        cells, doubts = _expand(document, mistakes, unsure=set() if loaded else {"regrow"})
    mistakes += check_declared(document, file.comparisons, cells, doubts)
    if mistakes:
        raise UserError(*sorted(dict.fromkeys(mistakes), key=line_of))
    return Study(
        path=Path(path).absolute(),
        file=file,
        cells=tuple(cells),
        pairs=resolve_pairs(file.comparisons, cells),
        claims=resolve_claims(file, cells),
        references=resolve_references(file, cells),
        plugins=plugins,
    )


def _validate_file(document: Document, mistakes: list[str]) -> StudyFile:
    """Check all but the settings, and return what is right of the file.

    What contradicts only shows in what is right otherwise, so the rest is checked again.
    """
    value = document.value
    while True:
        try:
            return StudyFile.model_validate(value)
        except ValidationError as error:
            note_problems(document, error, mistakes)
            ways = [problem["loc"] for problem in error.errors()]
            value = {"name": "unnamed", "cells": [{}]} | _without(value, ways)


def _without(value: Mapping[str, Any], ways: list[Where]) -> dict[str, Any]:
    """Leave out what is wrong: fields of the blocks where these can be told, else the block."""
    fields = {way[:2] for way in ways if isinstance(value.get(str(way[0])), dict)}
    whole = {way[0] for way in ways if way[:2] not in fields or len(way) == 1}
    return {
        name: {key: part for key, part in block.items() if (name, key) not in fields}
        if any(name == way[0] for way in fields)
        else block
        for name, block in value.items()
        if name not in whole
    }


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


def _expand(
    document: Document, mistakes: list[str], unsure: Set[str]
) -> tuple[list[Cell], list[Doubt]]:
    """Multiply out the grids and validate each cell with its defaults.

    Returns:
        The distinct cells that are right; and what is known of the others, those among them where
        a setting is `unsure`: it is passed over, as there is no telling whether it is right.
    """
    defaults = document.value.get("defaults", {})
    entries = document.value.get("cells")
    if not isinstance(entries, list) or not isinstance(defaults, dict):
        return [], [ANY_CELL]
    in_defaults: dict[str, Where] = {name: ("defaults", name) for name in defaults}
    _check_alone(document, {n: v for n, v in defaults.items() if n not in unsure}, mistakes)
    distinct: dict[str, Cell] = {}
    doubts: list[Doubt] = []
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            doubts.append(ANY_CELL)
            continue
        known = len(mistakes)
        points = list(_points(document, number, entry, mistakes))
        grid = entry.get("grid")
        names = set(grid) if isinstance(grid, dict) else set()
        wrong_grid = {"grid"} | names if len(mistakes) > known else set()
        for given, in_grid in points:
            inherited = {name: value for name, value in defaults.items() if name not in given}
            if not _takes_metric(inherited | given):
                inherited.pop("metric", None)
            elsewhere = {name: in_defaults[name] for name in inherited} | in_grid
            merged = inherited | given
            sure = {n: v for n, v in merged.items() if n not in unsure}
            settings, wrong = _validate_settings(document, sure, mistakes, number, elsewhere)
            wrong |= wrong_grid | (merged.keys() & unsure)
            if settings is None or wrong:
                doubts.append(_doubt(merged, wrong, given))
                continue
            same = repr((settings.deciding(), source_name(settings.dataset)))
            named = {"method": settings.method} | given
            cell = Cell(cell_label(named), cell_title(settings, given), settings)
            distinct.setdefault(same, cell)
    return list(distinct.values()), doubts


def _doubt(merged: Mapping[str, Any], wrong: Set[str], given: Mapping[str, Any]) -> Doubt:
    """Return what is known of a wrong cell; a name that is none may have meant any other."""
    if wrong <= Settings.model_fields.keys():
        return Doubt(merged, wrong)
    return Doubt(given, Settings.model_fields.keys() - (given.keys() - wrong))


def _takes_metric(merged: Mapping[str, Any]) -> bool:
    """Whether a metric in `defaults` applies: methods that read no signal pass it over."""
    name = merged.get("method", "set")
    method = METHODS.get(name) if isinstance(name, str) else None
    if method is None:
        return True
    composed = bool({"rule", "budget", "gate"} & merged.keys())
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
        point, where = dict(fixed), {}
        for name, index in chosen.items():
            kind, _, option = name.partition(".")
            value = grid[name][index]
            point[kind] = _with_option(point, kind, option, value) if option else value
            where[kind] = (*here, "grid", name, index)
        yield point, where


def _with_option(point: Mapping[str, Any], kind: str, option: str, value: Any) -> Any:
    """Return a part as written in a cell, or else the method's own, with one option set."""
    written = point.get(kind)
    if isinstance(written, dict) and len(written) == 1:
        ((name, options),) = written.items()
        return {name: {**(options or {}), option: value}}
    if not isinstance(written, str):
        method = METHODS.get(str(point.get("method", "set")), METHODS["set"])
        written = {**method.parts}[kind].name  # type: ignore[index]
    return {written: {option: value}}


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
        kind, _, option = str(name).partition(".")
        if not (kind in KINDS and option) and name not in Settings.model_fields:
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
) -> tuple[Settings | None, set[str]]:
    """Validate one cell; where values are wrong, check the others against each other as well.

    Returns:
        The settings, None if any is wrong; and which are wrong or contradict each other.
    """
    block: Where = ("cells", number)
    try:
        return Settings.model_validate(merged), set()
    except ValidationError as error:
        note_problems(document, error, mistakes, block=block, elsewhere=elsewhere)
        wrong, contradictory = _named_in(error)
    if wrong:
        rest = {name: value for name, value in merged.items() if name not in wrong}
        try:
            Settings.model_validate(rest)
        except ValidationError as error:
            note_problems(
                document, error, mistakes, block=block, elsewhere=elsewhere, without=wrong
            )
            contradictory |= _named_in(error)[1]
    return None, wrong | contradictory


def _named_in(error: ValidationError) -> tuple[set[str], set[str]]:
    """Return the settings that are wrong, and those that contradict each other."""
    problems = error.errors()
    causes = [problem.get("ctx", {}).get("error") for problem in problems]
    found = (
        one for cause in causes if isinstance(cause, ContradictionError) for one in cause.found
    )
    wrong = {str(problem["loc"][0]) for problem in problems if problem["loc"]}
    return wrong, {name for one in found for name in one.among}


def _check_alone(document: Document, defaults: dict[str, Any], mistakes: list[str]) -> None:
    """Check each default by itself: a wrong one is a mistake even if every cell overrides it."""
    try:
        Settings.model_validate(defaults)
    except ValidationError as error:
        every = set(Settings.model_fields)
        note_problems(document, error, mistakes, block=("defaults",), without=every)
