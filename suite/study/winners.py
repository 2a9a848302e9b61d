"""The cells of a tuned study as a study file writes them, for one that tunes nothing."""

from __future__ import annotations

from typing import Any

from suite.methods import flat
from suite.study.cells import Cell
from suite.study.search import SAID_TWICE, Sample, flat_name
from suite.study.study import Study


def written_cells(study: Study) -> dict[str, dict[str, Any]]:
    """Return each cell, by its label, as a file with the same defaults writes it.

    Args:
        study: With the winners' settings in place of its cells' own.
    """
    values = {
        label: of.tuning.samples[of.winner]
        for label, of in study.tuned.items()
        if of.winner is not None
    }
    return {cell.label: _written(cell, values.get(cell.label, {})) for cell in study.cells}


def _written(cell: Cell, values: Sample) -> dict[str, Any]:
    """Return what a cell sets beyond the defaults, with searched values in place of its own."""
    titled = {} if cell.own_title is None else {"title": cell.own_title}
    written = {"method": cell.settings.method, **cell.given, **titled}
    for name, value in values.items():
        kind, dot, option = name.partition(".")
        if not dot:
            written[name] = value
            written.pop(SAID_TWICE.get(name, ""), None)
        elif (setting := flat_name(kind, option)) is not None:
            written[setting] = value
        else:
            written[kind] = _part(cell, kind)
    if not flat.reads_signal(cell.settings.recipe.budget.name, cell.settings.recipe.gate.name):
        written.pop("metric", None)
    return written


def _part(cell: Cell, kind: str) -> dict[str, dict[str, Any]]:
    """Return a part with all of its options that are not at their default."""
    answer = next(of for of in cell.settings.recipe.answers if of.kind == kind)
    own = {} if answer.part.by_setting else answer.changed
    return {answer.name: {**own, **cell.settings.part_options.get(answer.kind, {})}}
