"""Turns the entries of a study file into cells: fills in defaults, multiplies out grids."""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from suite.errors import UserError, suggestion
from suite.methods import flat, library
from suite.methods.parts import KINDS
from suite.methods.presets import METHODS
from suite.settings import WRITABLE, ContradictionError, Settings
from suite.study.cells import Cell, cell_label, source_name
from suite.study.document import Where
from suite.study.mistakes import Mistakes
from suite.study.titles import titles


@dataclass(frozen=True)
class Doubt:
    """A wrong cell: a name is not a mistake if it may fit this cell once it is corrected.

    Attributes:
        given: Its settings, as written.
        open: The settings whose values are unknown until the cell is corrected.
        title: What it gives itself as title.
    """

    given: Mapping[str, Any]
    open: Set[str]
    title: Any = None

    def may_fit(self, wanted: Mapping[str, Any]) -> bool:
        """Whether the corrected cell may have these settings."""
        filled = self.open | ({"rule", "gate", "metric"} - self.given.keys())
        has = {**_defaults(), **self.given}
        return all(name in filled or has.get(name) == value for name, value in wanted.items())


@functools.cache
def _defaults() -> dict[str, Any]:
    return Settings().model_dump(mode="json")


LONGEST_TITLE = 60
"""Characters of a title at most: a column of a table has room for them."""

ANY_CELL = Doubt({}, Settings.model_fields.keys())
"""A cell about which nothing is known."""


def expand(
    mistakes: Mistakes, *, unsure: bool = False
) -> tuple[list[Cell], list[Doubt], dict[str, str]]:
    """Multiply out the grids and validate each cell with its defaults.

    Args:
        mistakes: Those of the file so far.
        unsure: Whether unknown parts are skipped, because a plug-in that may have them failed.

    Returns:
        The distinct valid cells, and what is known of the others; a cell with a part that was
        skipped is one of those. Last, by label, the cells that are the same as an earlier one,
        and which.
    """
    document = mistakes.document
    defaults = document.value.get("defaults", {})
    if not isinstance(defaults, dict):
        return [], [ANY_CELL], {}
    defaults = _without_parts(mistakes, ("defaults",), defaults)
    in_defaults: dict[str, Where] = {name: ("defaults", name) for name in defaults}
    _check_alone(mistakes, defaults, unsure=unsure)
    if not isinstance(document.get("cells"), list):
        return [], [ANY_CELL], {}
    distinct: dict[str, Cell] = {}
    doubts: list[Doubt] = []
    again: dict[str, str] = {}
    given_titles: dict[str, Where] = {}
    for here in document.entries("cells"):
        entry = document.get(*here)
        if not isinstance(entry, dict):
            doubts.append(ANY_CELL)
            continue
        entry = _without_parts(mistakes, here, entry)
        grid, wrong_grid = _grid(mistakes, here, entry, unsure=unsure)
        title = _title(mistakes, here, entry)
        if title is not None:
            given_titles[title] = (*here, "title")
        for given, in_grid in _points(here, entry, grid, defaults):
            inherited = {name: value for name, value in defaults.items() if name not in given}
            if not _takes_metric(inherited | given):
                inherited.pop("metric", None)
            for setting, _ in _given_in_parts(given):
                inherited.pop(setting, None)
            elsewhere = {name: in_defaults[name] for name in inherited} | in_grid
            merged = inherited | given
            elsewhere = _in_parts(merged, here, elsewhere) | elsewhere
            skipped = _unknown_parts(merged) if unsure else set()
            settings, wrong = _validate_settings(mistakes, merged, here, elsewhere, skipped)
            wrong |= wrong_grid
            if settings is None or wrong:
                doubt = _doubt(merged, wrong, given)
                doubts.append(replace(doubt, title=entry.get("title")))
                continue
            same = repr((settings.deciding(), source_name(settings.dataset)))
            named = {"method": settings.method} | given
            of_data = elsewhere.get("dataset", (*here, "dataset"))
            at, data_at = document.place(here), document.place(of_data)
            cell = Cell(cell_label(named), "", "", settings, given, title, at, data_at)
            first = distinct.setdefault(same, cell)
            if first.own_title is None:
                distinct[same] = replace(first, own_title=title)
            elif title not in (None, first.own_title):
                mistakes.note((*here, "title"), f'the cell is the same as "{first.own_title}".')
            if first.label != cell.label:
                again[cell.label] = first.label
    cells = _titled(list(distinct.values()))
    often = Counter(cell.title for cell in cells)
    twice = {cell.brief for cell in cells if often[cell.title] > 1}
    own = {cell.label: cell.own_title for cell in cells}
    for title, where in given_titles.items():
        if title in twice:
            mistakes.note(where, f'"{title}" is the title of another cell.')
        elif own.get(title, title) != title:
            mistakes.note(where, f'"{title}" is the name of another cell.')
    return cells, doubts, again


def _without_parts(mistakes: Mistakes, here: Where, block: dict[str, Any]) -> dict[str, Any]:
    """Refuse the setting that holds the options of parts: a study writes them below the part."""
    if flat.PARTS not in block:
        return block
    sentence = "the options of a part stand below its name, as in rate: {cosine: {zeta: 0.5}}."
    mistakes.note((*here, flat.PARTS), f'there is no "{flat.PARTS}" here; {sentence}')
    return {name: value for name, value in block.items() if name != flat.PARTS}


def _titled(cells: Sequence[Cell]) -> list[Cell]:
    """Return cells with their titles, which say what tells them apart."""
    names = titles([(cell.settings, cell.given, cell.own_title) for cell in cells])
    return [
        replace(cell, title=title, brief=brief)
        for cell, (title, brief) in zip(cells, names, strict=True)
    ]


def _given_in_parts(block: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Yield settings that are given as options of a part, as zeta of a rate, and where."""
    for (kind, option), setting in flat.OPTIONS.items():
        written = block.get(kind)
        if isinstance(written, dict) and len(written) == 1:
            ((part, options),) = written.items()
            if isinstance(options, dict) and option in options:
                yield setting, (kind, part, option)


def _in_parts(
    merged: Mapping[str, Any], here: Where, elsewhere: Mapping[str, Where]
) -> dict[str, Where]:
    """Return the places of settings that are given as options of a part."""
    return {
        setting: (*elsewhere.get(kind, (*here, kind)), part, option)
        for setting, (kind, part, option) in _given_in_parts(merged)
        if setting not in merged
    }


def _doubt(merged: Mapping[str, Any], wrong: Set[str], given: Mapping[str, Any]) -> Doubt:
    """Return what is known of a wrong cell; an unknown setting may have meant any other."""
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
    here: Where,
    entry: Mapping[str, Any],
    grid: Mapping[str, list[Any]],
    defaults: Mapping[str, Any],
) -> Iterator[tuple[dict[str, Any], dict[str, Where]]]:
    """Yield what each grid point of a cell sets, and the places of its grid values."""
    fixed = {name: value for name, value in entry.items() if name not in ("grid", "title")}
    for indices in itertools.product(*(range(len(values)) for values in grid.values())):
        chosen = dict(zip(grid, indices, strict=True))
        point, where = dict(fixed), {}
        for name in sorted(chosen, key=lambda name: "." in name):  # parts before their options
            kind, _, option = name.partition(".")
            value, place = grid[name][chosen[name]], (*here, "grid", name, chosen[name])
            if option:
                written = _written(kind, {**defaults, **point})
                if written is None:
                    continue  # a wrong part, which is refused as it is written
                part, options = written
                value = {part: {**options, option: value}}
            point[kind], where[kind] = value, place
        yield point, where


def _written(kind: str, block: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return a part's name and options as written, or else the method's own; None if wrong."""
    written = block.get(kind)
    if written is None:
        method = METHODS.get(str(block.get("method", "set")), METHODS["set"])
        return {**method.parts}[kind].name, {}  # type: ignore[index]
    if isinstance(written, str):
        return written, {}
    if not isinstance(written, dict) or len(written) != 1:
        return None
    ((name, options),) = written.items()
    return (name, options or {}) if isinstance(options, dict | None) else None


def _grid(
    mistakes: Mistakes, here: Where, entry: Mapping[str, Any], *, unsure: bool
) -> tuple[dict[str, list[Any]], set[str]]:
    """Return the valid part of a cell's grid, and its names if any part of it is wrong."""
    if "grid" not in entry:
        return {}, set()
    grid = entry["grid"]
    if not isinstance(grid, dict) or not grid:
        mistakes.note((*here, "grid"), "must map 1 or more settings to lists of values.")
        return {}, {"grid"}
    right = {}
    for name, values in grid.items():
        where = (*here, "grid", name)
        kind, _, option = str(name).partition(".")
        if not (kind in KINDS and option) and name not in WRITABLE:
            meant = suggestion(name, WRITABLE)
            mistakes.note(where, f'there is no "{name}" here{meant}')
        elif option and not unsure and (sentence := _unknown_option(kind, option)):
            mistakes.note(where, sentence)
        elif not isinstance(values, list) or not values:
            mistakes.note(where, "must be a list of 1 or more values.")
        elif name in entry or _sets(entry.get(kind), option):
            mistakes.note(where, "is set both here and in the cell itself; keep one of them.")
        elif isinstance(parts := grid.get(kind), list) and any(_sets(it, option) for it in parts):
            mistakes.note(where, f"is set both here and in grid.{kind}; keep one of them.")
        else:
            right[name] = values
    return right, {"grid", *grid} if len(right) < len(grid) else set()


def _unknown_option(kind: str, option: str) -> str:
    """Return that no part of a kind has an option, "" if one has."""
    try:
        library.check_option(kind, option)  # type: ignore[arg-type]
    except UserError as error:
        return str(error)
    return ""


def _sets(part: Any, option: str) -> bool:
    """Whether a part as written sets an option."""
    written = part.values() if isinstance(part, dict) else ()
    return any(isinstance(options, dict) and option in options for options in written)


def _title(mistakes: Mistakes, here: Where, entry: Mapping[str, Any]) -> str | None:
    """Return the title that a cell gives itself, None without a valid one."""
    if "title" not in entry:
        return None
    title, where = entry["title"], (*here, "title")
    if not isinstance(title, str) or not title.strip() or len(title) > LONGEST_TITLE:
        mistakes.note(where, f"must be a text of 1 to {LONGEST_TITLE} characters.")
    elif "grid" in entry:
        mistakes.note(where, "names one cell, and a grid makes several; leave one of them out.")
    else:
        return title
    return None


def _unknown_parts(block: Mapping[str, Any]) -> set[str]:
    """Return the kinds of which a block names a part that is not known."""
    written = {kind: _written(kind, block) for kind in KINDS if kind in block}
    return {kind for kind, of in written.items() if of and of[0] not in library.names(kind)}


def _validate_settings(
    mistakes: Mistakes,
    merged: Mapping[str, Any],
    block: Where,
    elsewhere: Mapping[str, Where],
    skipped: set[str],
) -> tuple[Settings | None, set[str]]:
    """Validate one cell; if values are wrong, check the others against each other too.

    Args:
        mistakes: Those of the file so far.
        merged: What the cell sets and inherits.
        block: Its place.
        elsewhere: The places of settings that are not in its block.
        skipped: Settings of which nothing can be said.

    Returns:
        The settings, None if any is wrong; and which are wrong, skipped or contradict each other.
    """
    sure = {name: value for name, value in merged.items() if name not in skipped}
    try:
        return Settings.model_validate(sure), skipped
    except ValidationError as error:
        mistakes.note_invalid(error, block=block, elsewhere=elsewhere, without=skipped)
        wrong, contradictory = _named_in(error)
    wrong |= skipped
    wrong |= {
        kind for (kind, _), setting in flat.OPTIONS.items() if setting in wrong - merged.keys()
    }
    if wrong:
        rest = {name: value for name, value in merged.items() if name not in wrong}
        try:
            Settings.model_validate(rest)
        except ValidationError as error:
            mistakes.note_invalid(error, block=block, elsewhere=elsewhere, without=wrong)
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


def _check_alone(mistakes: Mistakes, defaults: dict[str, Any], *, unsure: bool) -> None:
    """Check each default by itself: a wrong one is a mistake even if every cell overrides it."""
    skipped = _unknown_parts(defaults) if unsure else set()
    try:
        Settings.model_validate({n: v for n, v in defaults.items() if n not in skipped})
    except ValidationError as error:
        every, block = set(Settings.model_fields), ("defaults",)
        elsewhere = _in_parts(defaults, block, {})
        mistakes.note_invalid(error, block=block, elsewhere=elsewhere, without=every)
