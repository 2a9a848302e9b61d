"""The `tune:` block of a study: checked, and the budget of each cell made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from suite.errors import UserError
from suite.methods.parts import KINDS
from suite.study.allowed import allowed_at
from suite.study.cells import Cell, find_cell
from suite.study.document import Where
from suite.study.expand import Doubt
from suite.study.file import StudyFile, Tune
from suite.study.halving import rung_epochs, survivors
from suite.study.mistakes import Mistakes, must_be
from suite.study.search import (
    Choices,
    Interval,
    Range,
    Sample,
    check_name,
    contradicts,
    draw,
    fitting,
    has,
    one_name,
    read_range,
    searched,
    with_values,
)
from suite.study.tune import CellTuning, tuning_seeds
from suite.wording import listing


def check_tune(
    mistakes: Mistakes, file: StudyFile, cells: Sequence[Cell], doubts: Sequence[Doubt]
) -> tuple[CellTuning, ...]:
    """Note the mistakes of the tune block, and return how each tuned cell is tuned.

    Args:
        mistakes: Those of the file so far.
        file: Its valid part.
        cells: Its valid cells.
        doubts: What is known of the others.
    """
    document = mistakes.document
    if not isinstance(written := document.get("tune"), dict):
        if written is None and "tune" in document.value:
            mistakes.note(("tune",), must_be(("tune",), None))
        return ()
    shared = dict(_ranges(mistakes, ("tune", "search")))
    own: dict[str, dict[str, Range | None]] = {}
    written_at: dict[str, Where] = {}
    for where in document.entries("tune", "cells"):
        found = dict(_ranges(mistakes, (*where, "search"), nullable=True))
        if isinstance(name := document.get(*where, "cell"), str | dict):
            try:
                cell = find_cell(cells, name)
            except UserError as error:
                if not doubts:
                    mistakes.note((*where, "cell"), str(error))
                continue
            _check_own(mistakes, where, cell, found, again=cell.label in own)
            own[cell.label], written_at[cell.label] = found, (*where, "search")
    _check_fixed(mistakes, shared, own, cells)
    tune = file.tune
    if tune is None:
        return ()
    right = not mistakes.sentences  # else nothing is drawn, but what else is wrong is said
    tunings = []
    halves: dict[int, bool] = {}
    for cell in cells:
        ours = own.get(cell.label, {})
        replaced = {one_name(name) for name in ours}
        others = {name: of for name, of in shared.items() if one_name(name) not in replaced}
        space = {name: of for name, of in {**others, **ours}.items() if of is not None}
        places = {
            name: (*(written_at[cell.label] if name in ours else ("tune", "search")), name)
            for name in space
        }
        if not (
            _check_once(mistakes, space, places) and _check_values(mistakes, cell, space, places)
        ):
            continue
        space = {name: of for name, of in space.items() if has(cell.settings, name, of)}
        epochs = cell.settings.epochs
        if space and epochs not in halves:
            halves[epochs] = _check_halving(mistakes, tune, epochs)
        if space and halves[epochs] and right:
            tunings.append(_tuning(mistakes, file, tune, cell, space))
    if right and not tunings and not mistakes.sentences:
        sentence = "no cell has any of these settings with two values that fit it."
        mistakes.note(("tune", "search"), sentence)
    return tuple(tunings)


def _tuning(
    mistakes: Mistakes, file: StudyFile, tune: Tune, cell: Cell, space: Mapping[str, Range]
) -> CellTuning:
    epochs = _rungs(tune, cell.settings.epochs)
    by = tune.halving.by if tune.halving else 2
    learns = tune.algorithm == "optuna"
    way = "sobol" if learns else tune.algorithm  # what will be learnt is not known yet
    drawn = draw(space, way, tune.samples, file.seeds.root, cell.label)
    held_out = {"validation": tune.validation} if cell.settings.validation == "test" else {}
    found = tuple(fitting(cell.settings, sample | held_out) for sample in drawn)
    if not any(found):
        mistakes.note(
            ("tune", "samples"),
            f"none of the {tune.samples} samples of {cell.label} fits its other settings "
            f"({listing(sorted(space))}); search other ranges. Of the first: "
            f"{_reason(cell, drawn[0] | held_out)}",
        )
    samples, settings = ([], ()) if learns else (drawn, found)
    return CellTuning(
        cell=cell,
        space=dict(space),
        algorithm=tune.algorithm,
        count=tune.samples,
        samples=tuple(samples),
        settings=settings,
        epochs=tuple(epochs),
        most=tuple(survivors(tune.samples, by, len(epochs))),
        seeds=tuning_seeds(file),
        measure=tune.measure,
        held_out=held_out,
        root=file.seeds.root,
    )


def _reason(cell: Cell, values: Sample) -> str:
    """Return what is wrong with values that do not fit a cell."""
    try:
        with_values(cell.settings, values)
    except ValidationError as error:
        return str(error.errors()[0]["ctx"]["error"])
    return ""


def _rungs(tune: Tune, epochs: int) -> list[int]:
    if tune.halving is None:
        return [epochs]
    return rung_epochs(epochs, tune.halving.from_, tune.halving.by)


def _ranges(
    mistakes: Mistakes, where: Where, *, nullable: bool = False
) -> Iterator[tuple[str, Any]]:
    """Yield the valid ranges of a mapping, and note what is wrong with the others."""
    written = mistakes.document.get(*where)
    for name, value in written.items() if isinstance(written, dict) else ():
        try:
            check_name(name)
            yield name, None if nullable and value is None else read_range(value)
        except UserError as error:
            mistakes.note((*where, name), str(error))


def _check_fixed(
    mistakes: Mistakes,
    shared: Mapping[str, Range],
    own: Mapping[str, Mapping[str, Range | None]],
    cells: Sequence[Cell],
) -> None:
    """Note settings that are both searched and fixed."""
    document = mistakes.document
    for where in [("defaults",), *document.entries("cells")]:
        written = document.get(*where)
        if not isinstance(written, dict):
            continue
        grid = written.get("grid")
        fixed = {**written, **(grid if isinstance(grid, dict) else {})}
        method = fixed.get("method", "set")
        ours = [
            of
            for cell in cells
            for label, of in own.items()
            if label == cell.label and cell.settings.method == method and where != ("defaults",)
        ]
        kept = {one_name(name) for of in ours for name, values in of.items() if values is None}
        ranges = [(name, of) for space in (shared, *ours) for name, of in space.items()]
        drawn = [(name, of) for name, of in ranges if one_name(name) not in kept]
        names = {setting: name for name, of in drawn for setting in searched(name, of)}
        for way, setting in _fixed(fixed).items():
            if setting in names:
                inside = () if way[0] in written else ("grid",)
                mistakes.note(
                    (*where, *inside, *way),
                    f"is fixed here and searched in tune; keep one of them, or write "
                    f"{{cell: ..., search: {{{names[setting]}: null}}}} in tune: cells.",
                )


def _fixed(written: Mapping[str, Any]) -> dict[Where, str]:
    """Return where settings and part options are fixed, with their names."""
    fixed: dict[Where, str] = {}
    for name, value in written.items():
        fixed[(name,)] = name
        if name in KINDS and isinstance(value, dict) and len(value) == 1:
            ((part, options),) = value.items()
            for option in options if isinstance(options, dict) else ():
                fixed[(name, part, option)] = one_name(f"{name}.{option}")
    return fixed


def _check_once(
    mistakes: Mistakes, space: Mapping[str, Range], places: Mapping[str, Where]
) -> bool:
    """Note settings that two ranges draw."""
    drawn_by: dict[str, str] = {}
    right = True
    for name, values in space.items():
        for setting in sorted(searched(name, values)):
            if (other := drawn_by.setdefault(setting, name)) != name:
                field = ".".join(map(str, places[other]))
                mistakes.note(
                    places[name], f"{setting} is searched here and at {field}; keep one of them."
                )
                right = False
    return right


def _check_values(
    mistakes: Mistakes, cell: Cell, space: Mapping[str, Range], places: Mapping[str, Where]
) -> bool:
    """Note values that a setting cannot have, each where it is written."""
    document, right = mistakes.document, True
    for name, values in space.items():
        schema = _schema_place(cell, name)
        kinds = {block.get("type") for block in allowed_at(schema)}
        if isinstance(values, Interval) and kinds and not kinds & {"integer", "number"}:
            mistakes.note(places[name], "has no numbers to draw; write a list of choices.")
            right = False
            continue
        for end, value in _values(values):
            if (found := _wrong_value(cell, name, value)) is None:
                continue
            right = False
            ways, sentence = found
            if isinstance(values, Interval) and kinds == {"integer"} and values.scale != "int":
                mistakes.note(places[name], "takes whole numbers; write {int: [a, b]}.")
                continue
            place = (*places[name], *end)
            inside = max((document.existing((*place, *way)) for way in ways), key=len)[len(place) :]
            if allowed_at(schema) and not sentence:
                while not allowed_at((*schema, *inside)):  # an unknown name within the value
                    inside = inside[:-1]
                sentence = must_be((*schema, *inside), document.get(*place, *inside))
            mistakes.note((*place, *inside), sentence or "is not a value that it can have.")
    return right


def _schema_place(cell: Cell, name: str) -> Where:
    """Return the place in a study of a setting, or of an option of the cell's own part."""
    kind, dot, option = name.partition(".")
    if not dot:
        return ("cells", 0, name)
    named = {str(answer.kind): answer.part.name for answer in cell.settings.recipe.in_use}
    return ("cells", 0, kind, named.get(kind, ""), option)


def _values(values: Range) -> Iterator[tuple[Where, Any]]:
    """Yield where in a range a value is written, and the value as it is drawn."""
    if isinstance(values, Choices):
        yield from (((number,), value) for number, value in enumerate(values.values))
    else:
        yield from (((values.scale, end), values.at(float(end))) for end in (0, 1))


def _wrong_value(cell: Cell, name: str, value: Any) -> tuple[list[Where], str] | None:
    """Return where within a value mistakes may be; None if a setting or option may have it.

    Returns:
        The paths, and a sentence where what is allowed does not say it.
    """
    try:
        with_values(cell.settings, {name: value})
    except ValidationError as error:
        problems = error.errors()
        if contradicts(error):
            return _wrong_option(error, cell, name)
        sentence = next((str(p["msg"]) for p in problems if p["type"] == "unknown_name"), "")
        return [tuple(problem["loc"][1:]) for problem in problems], sentence
    return None


def _wrong_option(error: ValidationError, cell: Cell, name: str) -> tuple[list[Where], str] | None:
    """Return what `_wrong_value` does if an option of a part is wrong."""
    kind, dot, option = name.partition(".")
    options = {str(of.kind): of.part.options for of in cell.settings.recipe.in_use}
    found = [one for problem in error.errors() for one in problem["ctx"]["error"].found]
    wrong = [one for one in found if one.field == kind and one.inside]
    if wrong and not dot:
        return [one.inside for one in wrong], wrong[0].sentence
    wrong = [one for one in wrong if one.inside[1:2] == (option,)]
    if not wrong or option not in options.get(kind, ()):
        return None
    known = allowed_at(_schema_place(cell, name))  # but for plug-ins
    return [one.inside[2:] for one in wrong], "" if known else wrong[0].sentence


def _check_own(
    mistakes: Mistakes,
    where: Where,
    cell: Cell,
    ranges: Mapping[str, Range | None],
    *,
    again: bool,
) -> None:
    """Note ranges of one cell that come twice, or that it has no such setting for."""
    if again:
        mistakes.note((*where, "cell"), f"{cell.label} has ranges above; write them in one place.")
    for name, values in ranges.items():
        try:
            if values is not None and not has(cell.settings, name, values):
                mistakes.note(
                    (*where, "search", name), f"changes nothing that {cell.label} computes."
                )
        except ValidationError:
            continue  # its values are wrong, which `_check_values` says


def _check_halving(mistakes: Mistakes, tune: Tune, epochs: int) -> bool:
    """Note a halving for which a cell has too few epochs, or that leaves no sample."""
    if tune.halving is None:
        return True
    start, by = tune.halving.from_, tune.halving.by
    if start >= epochs:
        mistakes.note(
            ("tune", "halving", "from"),
            f"must be below the {epochs} epochs that cells are trained for, not {start}.",
        )
        return False
    rungs = _rungs(tune, epochs)
    if survivors(tune.samples, by, len(rungs))[-1] >= 1:
        return True
    mistakes.note(
        ("tune", "halving"),
        f"leaves none of {tune.samples} samples for epoch {epochs}: the best 1/{by} go on "
        f"after the epochs {listing(map(str, rungs[:-1]))}, so it needs "
        f"{by ** (len(rungs) - 1)} samples or more.",
    )
    return False
