"""Cells over several data sets or other blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.decisions.values import values
from suite.measures import MEASURES, Outcome
from suite.methods.parts import KINDS
from suite.settings import MADE_INTO_PARTS
from suite.study.cells import cell_label

if TYPE_CHECKING:
    import pandas as pd

    from suite.statistics import Ranking
    from suite.store.table import Results

WHAT_IS_COMPARED = MADE_INTO_PARTS - {"dataset", "epsilon"}
"""Settings that make up what is compared; cells that differ in any other are in other blocks."""

FILLED_IN = {*KINDS, "rule"} - {"prune", "regrow"}
"""Settings that a method's name fills in: they name a cell only where it replaces them."""


def blocks(results: Results, outcome: Outcome | None = None) -> pd.DataFrame:
    """Return the mean over seeds of each cell (columns) in each block (rows).

    A block is what cells have in common apart from how they evolve: the data set, the network,
    the number of epochs. Cells that are the same method in several blocks share a column.

    Args:
        results: The study and its finished runs.
        outcome: By default that of the declared comparisons.
    """
    import pandas as pd

    study = results.study
    outcome = outcome or study.file.comparisons.outcome
    # What tuning has chosen for a cell belongs to it: it makes no block of its own.
    untuned = {tuning.cell.label: tuning.cell for tuning in study.tunings}
    cells = [untuned.get(cell.label, cell) for cell in study.cells]
    given = {cell.label: cell.given for cell in cells}
    settings = {cell.label: cell.settings.model_dump(mode="json") for cell in cells}
    varying = [
        name
        for name in next(iter(settings.values()))
        if len({repr(of_cell[name]) for of_cell in settings.values()}) > 1
    ]
    means = values(results, outcome).mean()
    table: dict[str, dict[str, float]] = {}
    for label, of_cell in settings.items():
        unsaid = FILLED_IN - given[label].keys()
        said = {
            name: of_cell[name]
            for name in varying
            if of_cell[name] not in (None, {}) and name not in unsaid
        }
        block = ", ".join(
            f"{name}={value}" for name, value in said.items() if name not in WHAT_IS_COMPARED
        )
        compared = {name: value for name, value in said.items() if name in WHAT_IS_COMPARED}
        compared["method"] = of_cell["method"]
        table.setdefault(block or study.name, {})[cell_label(compared)] = means[label]
    return pd.DataFrame.from_dict(table, orient="index")


def ranking(results: Results, outcome: Outcome | None = None) -> Ranking:
    """Rank the study's cells over its blocks; tested only where there are enough (`rank`)."""
    from suite.statistics import rank

    declared = results.study.file.comparisons
    outcome = outcome or declared.outcome
    return rank(
        blocks(results, outcome),
        higher_is_better=bool(MEASURES[outcome].higher),
        alpha=declared.alpha,
    )
