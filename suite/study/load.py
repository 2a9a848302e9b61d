"""From a study file to a checked study, or to every mistake in it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from suite.errors import UserError
from suite.evolution.methods import METHODS
from suite.evolution.plugins import Plugin, load, read_plugin
from suite.settings import Settings
from suite.study.cells import Cell, cell_label, cell_title, source_name
from suite.study.document import Document, Where, read_document
from suite.study.file import CellName, Seeds, StudyFile
from suite.study.mistakes import existing, line_of, note_problems
from suite.study.study import Study

MANY_RUNS = 10_000
"""More runs than this are taken for an accident until the user says otherwise."""


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
    mistakes: dict[str, None] = {}
    file = _validate_file(document, mistakes)
    plugins = _load_plugins(document, mistakes)
    runs = _count_runs(document.value)
    if runs > MANY_RUNS and not many and file is not None:
        place = document.place(("cells",))
        mistakes[f"{place}: make {runs:,} runs; say --yes if so many are meant."] = None
        raise UserError(*mistakes)
    cells = _expand(document, mistakes)
    if mistakes or file is None:
        raise UserError(*sorted(mistakes, key=line_of))
    study = Study(Path(path).absolute(), file, cells, plugins)
    _check_names(document, study)
    return study


def _validate_file(document: Document, mistakes: dict[str, None]) -> StudyFile | None:
    try:
        return StudyFile.model_validate(document.value)
    except ValidationError as error:
        note_problems(document, error, StudyFile, mistakes)
        return None


def _load_plugins(document: Document, mistakes: dict[str, None]) -> tuple[Plugin, ...]:
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
                mistakes[f"{document.place(('plugins', number))}: {error}"] = None
    return tuple(loaded)


def _count_runs(value: Mapping[str, Any]) -> int:
    cells = value.get("cells")
    grids = (
        entry["grid"].values()
        if isinstance(entry, dict) and isinstance(entry.get("grid"), dict)
        else ()
        for entry in (cells if isinstance(cells, list) else ())
    )
    points = sum(math.prod(len(v) for v in grid if isinstance(v, list)) for grid in grids)
    seeds = value.get("seeds")
    count = seeds.get("count", Seeds().count) if isinstance(seeds, dict) else Seeds().count
    return points * (count if isinstance(count, int) else 1)


def _expand(document: Document, mistakes: dict[str, None]) -> tuple[Cell, ...]:
    """Multiply out the grids and validate each cell with its defaults."""
    defaults = document.value.get("defaults") or {}
    entries = document.value.get("cells")
    if not isinstance(entries, list) or not isinstance(defaults, dict):
        return ()
    distinct: dict[str, Cell] = {}
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            continue
        for given, ways in _points(document, number, entry, mistakes):
            inherited = {name: value for name, value in defaults.items() if name not in given}
            if not _takes_metric(inherited | given):
                inherited.pop("metric", None)
            ways |= {name: ("defaults", name) for name in inherited}
            ways[""] = ("cells", number)
            settings = _validate_settings(document, inherited | given, ways, mistakes)
            if settings is not None:
                same = repr((settings.deciding(), source_name(settings.dataset)))
                cell = Cell(cell_label(given), cell_title(settings, given), settings)
                distinct.setdefault(same, cell)
    return tuple(distinct.values())


def _takes_metric(merged: Mapping[str, Any]) -> bool:
    """Whether a metric in `defaults` applies: methods that read no signal pass it over."""
    method = METHODS.get(merged.get("method", "set"))
    if method is None:
        return True
    composed = "rule" in merged or "gate" in merged
    return composed or merged.get("metric") in method.metrics


def _points(
    document: Document, number: int, entry: Mapping[str, Any], mistakes: dict[str, None]
) -> Iterator[tuple[dict[str, Any], dict[str, Where]]]:
    """Yield what each grid point of a cell sets, and where each value stands in the file."""
    here: Where = ("cells", number)
    fixed = {name: value for name, value in entry.items() if name != "grid"}
    grid = entry.get("grid", {})
    if not isinstance(grid, dict) or ("grid" in entry and not grid):
        place = document.place((*here, "grid"))
        mistakes[f"{place}: must map settings to lists of values, and is empty or no map."] = None
        grid = {}
    for name, values in list(grid.items()):
        place = document.place((*here, "grid", name))
        if not isinstance(values, list) or not values:
            mistakes[f"{place}: must be a list of at least one value."] = None
            del grid[name]
        elif name in fixed:
            mistakes[f"{place}: is set beside the grid as well; keep one."] = None
    for indices in itertools.product(*(range(len(values)) for values in grid.values())):
        chosen = dict(zip(grid, indices, strict=True))
        point = {name: grid[name][index] for name, index in chosen.items()}
        ways: dict[str, Where] = {name: (*here, name) for name in fixed}
        ways |= {name: (*here, "grid", name, index) for name, index in chosen.items()}
        yield fixed | point, ways


def _validate_settings(
    document: Document,
    merged: dict[str, Any],
    ways: Mapping[str, Where],
    mistakes: dict[str, None],
) -> Settings | None:
    """Validate one cell; where values are wrong, check the others against each other as well."""
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        note_problems(document, error, Settings, mistakes, ways)
        wrong = {problem["loc"][0] for problem in error.errors() if problem["loc"]}
        if wrong:
            rest = {name: value for name, value in merged.items() if name not in wrong}
            _validate_settings(document, rest, ways, mistakes)
        return None


def _check_names(document: Document, study: Study) -> None:
    """Refuse comparisons and claims that name no cell, or more than one."""
    mistakes = []
    for where, name in _named_cells(study.file):
        try:
            study.cell(name)
        except UserError as error:
            mistakes.append(f"{document.place(existing(document, where))}: {error}")
    if mistakes:
        raise UserError(*mistakes)


def _named_cells(file: StudyFile) -> Iterator[tuple[Where, CellName]]:
    if file.comparisons.baseline is not None:
        yield ("comparisons", "baseline"), file.comparisons.baseline
    for number, pair in enumerate(file.comparisons.pairs):
        for side, name in enumerate(pair):
            yield ("comparisons", "pairs", number, side), name
    for number, claim in enumerate(file.claims):
        for part_number, part in enumerate(claim.parts):
            way: Where = ("claims", number, "parts", part_number)
            for field, names in (("cells", part.cells), ("against", part.against)):
                for side, name in enumerate(names):
                    yield (*way, field, side), name
