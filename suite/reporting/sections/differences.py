"""Differences from each baseline, the best first, with the cost of each method."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from suite.decisions import columns as of
from suite.decisions.comparisons import Compared
from suite.measures import MEASURES, percent
from suite.reporting.groups import group_of
from suite.reporting.numbers import estimate
from suite.reporting.section import Grid, Material, Section, Th, number, words
from suite.reporting.sections.claims import cells_of, heads_of
from suite.reporting.sections.pareto import with_training
from suite.reporting.table2 import last_epochs

_LAYOUT = (("difference", "interval"), ("verdict",))
_COSTS = {"connections": "Connections", "training": "Training"}


def section(material: Material) -> Section | None:
    """Return a table for each baseline that two or more cells are compared with."""
    against = Counter(row.against.label for row in material.comparisons)
    compared = [
        [row for row in material.comparisons if row.against.label == label]
        for label, several in against.items()
        if several > 1
    ]
    if not compared:
        return None
    runs = with_training(last_epochs(material.results.frame), material.results.frame)
    means = {
        (str(label), name): estimate(own[name].astype("float64")).mean
        for label, own in runs.groupby("cell")
        for name in _COSTS
    }
    one = len(compared) == 1
    grids = [
        _grid(material, rows, means, "" if one else f"-{number}")
        for number, rows in enumerate(compared, 1)
    ]
    title = f"Differences from {compared[0][0].against.title}" if one else "Differences, by size"
    return Section("differences", title, tuple(grids))


def _grid(
    material: Material, rows: list[Compared], means: Mapping[tuple[str, str], float], suffix: str
) -> Grid:
    """Return the table of the cells that are compared with one baseline."""
    first, declared = rows[0], material.results.study.file.comparisons
    baseline = first.against
    sign = 1 if MEASURES[first.outcome].higher else -1
    rows.sort(
        key=lambda row: (not math.isfinite(row.found.difference), -sign * row.found.difference)
    )
    costs = [name for name in _COSTS if math.isfinite(means.get((baseline.label, name), math.nan))]
    columns = of.shown(_LAYOUT, of.COMPARISON, declared)
    alike = all(row.cell.settings.dataset == baseline.settings.dataset for row in rows)
    table = []
    for row in rows:
        shares = [
            means.get((row.cell.label, name), math.nan) / (means[baseline.label, name] or math.nan)
            for name in costs
        ]
        table.append(
            (
                words(row.cell.brief if alike else row.cell.title),
                words(group_of(row.cell)),
                *cells_of(row, columns),
                *(number(share, percent(share)) for share in shares),
            )
        )
    heads = [Th("Method", numeric=False), Th("Group", numeric=False), *heads_of(columns, declared)]
    heads += [Th(_COSTS[name], unit="of the baseline's") for name in costs]
    caption = (
        f"Differences in {first.outcome.replace('_', ' ')} ({first.measure}) from "
        f"{baseline.title}, the best first, with the verdicts of the declared comparisons. "
        "Connections: in the last epoch."
        + (" Training: multiply-adds of all epochs." if "training" in costs else "")
    )
    looks = tuple(material.looks[row.cell.label] for row in rows)
    return Grid(f"differences-grid{suffix}", caption, tuple(heads), tuple(table), looks)
