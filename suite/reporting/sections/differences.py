"""Differences from the baseline, the best first, with the cost of each method."""

from __future__ import annotations

import math
from collections import Counter

from suite.decisions import columns as of
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
    """Return the table; None where fewer than two cells are compared with one."""
    against = Counter(row.against.label for row in material.comparisons)
    baseline, several = against.most_common(1)[0] if against else ("", 0)
    if several < 2:
        return None
    rows = [row for row in material.comparisons if row.against.label == baseline]
    first, declared = rows[0], material.results.study.file.comparisons
    sign = 1 if MEASURES[first.outcome].higher else -1
    rows.sort(
        key=lambda row: (not math.isfinite(row.found.difference), -sign * row.found.difference)
    )
    runs = with_training(last_epochs(material.results.frame), material.results.frame)
    means = {
        (label, name): estimate(own[name].astype("float64")).mean
        for label, own in runs.groupby("cell")
        for name in _COSTS
    }
    costs = [name for name in _COSTS if math.isfinite(means.get((baseline, name), math.nan))]
    columns = of.shown(_LAYOUT, of.COMPARISON, declared)
    table = []
    for row in rows:
        shares = [
            means.get((row.cell.label, name), math.nan) / (means[baseline, name] or math.nan)
            for name in costs
        ]
        table.append(
            (
                words(row.cell.title),
                words(group_of(row.cell)),
                *cells_of(row, columns),
                *(number(share, percent(share)) for share in shares),
            )
        )
    heads = [Th("Method", numeric=False), Th("Group", numeric=False), *heads_of(columns, declared)]
    heads += [Th(_COSTS[name], unit="of the baseline's") for name in costs]
    caption = (
        f"Differences in {first.outcome.replace('_', ' ')} ({first.measure}) from "
        f"{first.against.title}, the best first, with the verdicts of the declared comparisons. "
        "Connections: in the last epoch."
        + (" Training: multiply-adds of all epochs." if "training" in costs else "")
    )
    looks = tuple(material.looks[row.cell.label] for row in rows)
    grid = Grid("differences-grid", caption, tuple(heads), tuple(table), looks)
    return Section("differences", f"Differences from {first.against.title}", (grid,))
