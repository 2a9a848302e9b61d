"""Cells over several data sets or other blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.decisions.values import values
from suite.measures import MEASURES, Outcome
from suite.methods.parts import KINDS
from suite.settings import MADE_INTO_PARTS
from suite.study.cells import cell_label, source_name

if TYPE_CHECKING:
    import pandas as pd

    from suite.statistics import Ranking
    from suite.store.table import Results

WHAT_IS_COMPARED = MADE_INTO_PARTS - {"dataset", "epsilon"}
"""Settings that make up what is compared; cells that differ in any other are in other blocks."""

FILLED_IN = {*KINDS, "rule"} - {"prune", "regrow"}
"""Settings that a method's name fills in: they name a cell only where it replaces them."""


def blocks(results: Results, outcome: Outcome | None = None) -> pd.DataFrame:
    """Return the mean of each cell (columns) in each block (rows), over the seeds of all its cells.

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
    of_seeds = values(results, outcome)
    table: dict[str, dict[str, str]] = {}
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
        table.setdefault(block or study.name, {})[cell_label(compared)] = label
    means: dict[str, dict[str, float]] = {}
    for block, labels in table.items():
        shared = of_seeds[list(labels.values())].dropna().mean()
        means[block] = {compared: shared[label] for compared, label in labels.items()}
    return pd.DataFrame.from_dict(means, orient="index")


def ranking(results: Results, outcome: Outcome | None = None) -> Ranking:
    """Rank the study's cells over its blocks.

    Tested only where there are enough (`rank`) and each has a data set of its own: blocks that
    share images and seeds repeat one another.
    """
    from suite.statistics import rank

    declared = results.study.file.comparisons
    outcome = outcome or declared.outcome
    table = blocks(results, outcome)
    data = {source_name(cell.settings.dataset) for cell in results.study.cells}
    return rank(
        table,
        higher_is_better=bool(MEASURES[outcome].higher),
        alpha=declared.alpha,
        independent=len(data) == len(table),
    )
