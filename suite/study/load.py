"""Reads a study file: returns a checked study, or reports every mistake in it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from suite.errors import UserError
from suite.methods.plugins import Plugin, load, read_plugin
from suite.study.allowed import allowed_at
from suite.study.cells import Cell
from suite.study.declared import check_declared
from suite.study.document import Where, read_document
from suite.study.expand import ANY_CELL, expand
from suite.study.file import MOST_SAMPLES, MOST_SEEDS_OF_SAMPLES, Seeds, StudyFile
from suite.study.mistakes import Mistakes
from suite.study.resolved import resolve_claims, resolve_pairs, resolve_references
from suite.study.study import Study
from suite.study.tune_block import check_tune
from suite.wording import count

MANY_RUNS = 10_000
"""More runs than this count as an accident unless the user confirms them."""

MOST_RUNS = 1_000_000
"""More runs than this are always refused: they could not even be listed."""


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
        raise UserError(f"{path}: is not a study; a study is a mapping with name and cells.")
    mistakes = Mistakes(document)
    file = _validate_file(mistakes)
    plugins = _load_plugins(mistakes)
    cells: list[Cell] = []
    doubts, again = [ANY_CELL], dict[str, str]()
    if not _has_too_many_runs(mistakes, many):
        named = document.value.get("plugins", [])
        loaded = isinstance(named, list) and len(named) == len(plugins)
        cells, doubts, again = expand(mistakes, unsure=not loaded)
    check_declared(mistakes, file.comparisons, cells, doubts)
    tunings = check_tune(mistakes, file, cells, doubts)
    if mistakes.sentences:
        raise UserError(*mistakes.sentences)
    return Study(
        path=Path(path).absolute(),
        file=file,
        cells=tuple(cells),
        again=again,
        pairs=resolve_pairs(file.comparisons, cells),
        claims=resolve_claims(file, cells),
        references=resolve_references(file, cells),
        plugins=plugins,
        tunings=tunings,
    )


def _validate_file(mistakes: Mistakes) -> StudyFile:
    """Check everything but the settings, and return the valid part of the file.

    Contradictions only show among valid values, so the rest is checked again.
    """
    value = mistakes.document.value
    while True:
        try:
            return StudyFile.model_validate(value)
        except ValidationError as error:
            mistakes.note_invalid(error)
            ways = [problem["loc"] for problem in error.errors()]
            value = {"name": "unnamed", "cells": [{}]} | _without(value, ways)


def _without(value: Mapping[str, Any], ways: list[Where]) -> dict[str, Any]:
    """Leave out what is wrong: single fields of a block where possible, else the whole block.

    A block without a field that it needs is left out whole.
    """
    fields = {way[:2] for way in ways if way[1:] and _is_spare(value, str(way[0]), way[1])}
    whole = {way[0] for way in ways if way[:2] not in fields or len(way) == 1}
    return {
        name: {key: part for key, part in block.items() if (name, key) not in fields}
        if any(name == way[0] for way in fields)
        else block
        for name, block in value.items()
        if name not in whole
    }


def _is_spare(value: Mapping[str, Any], block: str, field: str | int) -> bool:
    """Whether a block is there with a field that it may lack."""
    needed = {name for schema in allowed_at((block,)) for name in schema.get("required", ())}
    return isinstance(value.get(block), dict) and field in value[block].keys() - needed


def _load_plugins(mistakes: Mistakes) -> tuple[Plugin, ...]:
    """Register the study's own parts, before cells are checked against them."""
    document = mistakes.document
    loaded = []
    for where in document.entries("plugins"):
        if isinstance(name := document.get(*where), str):
            try:
                plugin = read_plugin(name, document.path.parent)
                load(plugin)
                loaded.append(plugin)
            except UserError as error:
                mistakes.note(where, str(error))
    return tuple(loaded)


def _has_too_many_runs(mistakes: Mistakes, many: bool) -> bool:
    """Whether a study has too many runs; they are counted without expanding the grids."""
    document = mistakes.document
    entries = [document.get(*where) for where in document.entries("cells")]
    grids = [entry.get("grid") for entry in entries if isinstance(entry, dict)]
    points = sum(
        math.prod(len(values) or 1 for values in grid.values() if isinstance(values, list))
        if isinstance(grid, dict)
        else 1
        for grid in grids
    )
    seeds = _whole(document.get("seeds", "count"), Seeds().count)
    tuned = _whole(document.get("tune", "samples"), 0, MOST_SAMPLES)
    tuned *= _whole(document.get("tune", "seeds"), 1, MOST_SEEDS_OF_SAMPLES)
    runs, of_tuning = points * seeds, points * tuned
    if document.get("tune", "untuned") is True:
        of_tuning += runs
    if runs + of_tuning <= MANY_RUNS or (many and runs <= MOST_RUNS):
        return False
    advice = (
        "if you mean this many, add --yes"
        if runs <= MOST_RUNS
        else f"a study has at most {MOST_RUNS:,}"
    )
    cells = f"{count(points, 'cell')} with {count(seeds, 'seed')} make {count(runs, 'run')}"
    more = f", and tuning makes up to {of_tuning:,} more" if of_tuning else ""
    mistakes.note(("cells",), f"{cells}{more}; {advice}.")
    return True


def _whole(value: Any, default: int, most: float = math.inf) -> int:
    """Return a count as a file gives it, else the default."""
    return value if isinstance(value, int) and 1 <= value <= most else default
