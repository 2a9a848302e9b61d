"""Accuracy against connections and training cost, and the Pareto front of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from suite.reporting.appearance import MUTED, Look
from suite.reporting.drawing import (
    TWO_COLUMNS,
    Shown,
    new_figure,
    shortened,
    tidy_axes,
)
from suite.reporting.figures import suffixes_of
from suite.reporting.numbers import (
    Estimate,
    estimate,
    in_a_sentence,
    listing,
    runs_a_cell,
    superscript,
)
from suite.reporting.section import Material, Section
from suite.reporting.table2 import Row, last_epochs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LARGE = 1e7
"""From here on a count is written with a power of ten."""


@dataclass(frozen=True)
class Cost:
    """What accuracy is paid with.

    Attributes:
        stem: Of the figure's files.
        column: Of the table of runs.
        words: In a sentence, e.g. connections.
        title: Of the axis.
        note: What the caption adds.
    """

    stem: str
    column: str
    words: str
    title: str
    note: str = ""

    def of(self, row: Row, runs: pd.DataFrame) -> Estimate:
        """Return the mean over a cell's runs, and its interval."""
        if self.column == "connections":
            return row.connections.estimate
        return estimate(runs.loc[runs["cell"] == row.cell.label, self.column])


_COSTS = (
    Cost("pareto", "connections", "connections", "Connections"),
    Cost(
        *("training", "training", "multiply-adds of training"),
        "Multiply-adds of training, all epochs",
        " Multiply-adds are counted, not timed: three per connection and image (forward pass, "
        "gradient of a layer's inputs, gradient of its weights; Evci et al. 2020), plus one per "
        "inactive position and image where an update reads the gradient of all positions.",
    ),
)


def section(material: Material) -> Section | None:
    """Return the figures of each data set that has at least two cells to compare."""
    blocks: list[str | Shown] = []
    runs = with_training(last_epochs(material.results.frame), material.results.frame)
    datasets = material.table.datasets
    for dataset in datasets:
        rows = [
            row
            for row in material.table.rows
            if row.dataset == dataset and row.accuracy.estimate.n and not row.dead
        ]
        if len(rows) < 2:
            continue
        of = runs[runs["cell"].isin(row.cell.label for row in rows)]
        alike = of.groupby("cell")["seed"].agg(frozenset).nunique() == 1
        by = "by the means" if alike else "by the means, which are not all over the same seeds"
        for cost in _COSTS:
            paid = {row.cell.label: cost.of(row, runs) for row in rows}
            if not all(found.n for found in paid.values()):
                continue  # records of 0.1.0 do not count multiply-adds
            means = {label: found.mean for label, found in paid.items()}
            ahead = front(rows, means)
            names = listing(in_a_sentence(row.cell.brief) for row in ahead)
            verb = "is" if len(ahead) == 1 else "are"
            front_of = f"the front on {dataset}" if len(datasets) > 1 else "the front"
            text = (
                f"On {front_of} {verb} {names}: {by}, no other cell is at least as accurate "
                f"with at most as many {cost.words}, and better in one of the two."
            )
            stem = f"{cost.stem}{suffixes_of(datasets)[dataset]}"
            blocks += [text, _show(material, Front(cost, rows, ahead, paid, runs), stem, dataset)]
    if not blocks:
        return None
    counted = any(
        isinstance(block, Shown) and block.stem.startswith("training") for block in blocks
    )
    title = "Accuracy against connections" + (" and training cost" if counted else "")
    return Section("front", title, tuple(blocks))


def with_training(runs: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the last epochs with the multiply-adds of all epochs; NaN where not counted."""
    if "multiply_adds" not in frame:
        return runs.assign(training=float("nan"))
    counted = frame.groupby(["cell", "seed"])["multiply_adds"].sum(min_count=1).astype("float64")
    return runs.join(counted.rename("training"), on=["cell", "seed"])


@dataclass(frozen=True)
class Front:
    """A figure before it is drawn.

    Attributes:
        cost: What accuracy is paid with.
        rows: The cells.
        ahead: Those that no other beats.
        paid: The cost of each, by label.
        runs: One row a run.
    """

    cost: Cost
    rows: list[Row]
    ahead: list[Row]
    paid: dict[str, Estimate]
    runs: pd.DataFrame


def front(rows: Sequence[Row], costs: Mapping[str, float]) -> list[Row]:
    """Return the rows that no other row beats, the cheapest first.

    A row beats another if it is at least as accurate at no more cost, and better in one of the two:
    rows that are equal in both are all on the front, or none is.

    Args:
        rows: The cells.
        costs: What each cell costs, by label.
    """
    placed = [(costs[row.cell.label], row.accuracy.estimate.mean, row) for row in rows]
    ahead: list[tuple[float, float, Row]] = []
    for cost, accuracy, row in sorted(placed, key=lambda it: (it[0], -it[1])):
        if not ahead or accuracy > ahead[-1][1] or (cost, accuracy) == ahead[-1][:2]:
            ahead.append((cost, accuracy, row))
    return [row for _, _, row in ahead]


def _show(material: Material, found: Front, stem: str, dataset: str) -> Shown:
    cost, rows = found.cost, found.rows
    data = pd.DataFrame(
        {
            "cell": [row.cell.label for row in rows],
            "title": [row.cell.title for row in rows],
            "n": [row.accuracy.estimate.n for row in rows],
            cost.column: [found.paid[row.cell.label].mean for row in rows],
            "accuracy": [row.accuracy.estimate.mean for row in rows],
            "on_front": [row in found.ahead for row in rows],
        }
    )
    title = f"Accuracy against {cost.words} on {dataset}"
    description = "; ".join(
        f"{row.cell.brief}: accuracy {row.accuracy.mean}, {cost.words} "
        f"{_amount(found.paid[row.cell.label].mean)}"
        for row in rows
    )
    counts = [row.accuracy.estimate.n for row in rows]
    n, single = runs_a_cell(counts), max(counts) == 1
    points = f"Points are means over seeds ({n}), bars their 95 % t intervals"
    if any(_leaves(row.accuracy.estimate) for row in rows):
        points += ", cut off at 0 and 1"
    points += ", faint points the "
    points += "single runs"
    if single:
        points = "Each point is a single run (n = 1), so there are no intervals"
    if len(found.ahead) > 1:
        points += "; the line is the Pareto front" + ("" if single else " of the means")
    points += "."
    caption = f"Last epoch. {points}{cost.note}"
    return material.draw(
        stem, lambda: _draw(found, material.looks), data, title, caption, description
    )


def _leaves(accuracy: Estimate) -> bool:
    """Whether an interval reaches beyond what an accuracy can be."""
    return accuracy.n > 1 and (accuracy.low < 0 or accuracy.high > 1)


def _amount(value: float, digits: str = ".2f") -> str:
    """Write a count, a large one with a power of ten."""
    if value < _LARGE:
        return f"{value:,.0f}"
    exponent = _exponent(value)
    return f"{value / 10**exponent:{digits}} × 10{superscript(exponent)}"


def _exponent(value: float) -> int:
    return len(f"{value:.0f}") - 1


def _draw(found: Front, looks: dict[str, Look]) -> Figure:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    rows = found.rows
    figure = new_figure(TWO_COLUMNS, max(3.4, 0.5 + 0.17 * len(rows)))
    axes = figure.add_axes((0.085, 0.125, 0.64, 0.81))
    tidy_axes(axes)
    axes.grid(axis="x")
    for row in rows:
        own = found.runs[found.runs["cell"] == row.cell.label]
        look = looks[row.cell.label]
        colour = look.hue.light
        x, y = found.paid[row.cell.label], row.accuracy.estimate
        axes.plot(
            own[found.cost.column],
            own["accuracy"],
            linestyle="none",
            marker=look.marker,
            markersize=2.4,
            color=colour,
            alpha=0.25,
            markeredgewidth=0,
            zorder=2,
        )
        if y.n > 1:
            axes.errorbar(
                x.mean, y.mean, y.half, x.half, color=colour, linewidth=0.8, capsize=0, zorder=3
            )
        axes.plot(x.mean, y.mean, marker=look.marker, markersize=6, color=colour, zorder=4)
    # A staircase: accuracy rises only at the next cell's cost.
    axes.step(
        [found.paid[row.cell.label].mean for row in found.ahead],
        [row.accuracy.estimate.mean for row in found.ahead],
        where="post",
        color=MUTED.light,
        linewidth=0.8,
        dashes=(2, 1.5),
        zorder=1.6,
    )
    paid = [found.paid[row.cell.label].mean for row in rows]
    highest = max(paid)
    logarithmic = found.cost.column != "connections" and 0 < 20 * min(paid) < highest
    if logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=8))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6))
    # On a linear axis large ticks share a power of ten, and have as many digits as they need.
    exponent = _exponent(highest) if highest >= _LARGE and not logarithmic else 0
    ticks = (lambda x, _: f"{x / 10**exponent:g}") if exponent else (lambda x, _: _amount(x, "g"))
    axes.xaxis.set_major_formatter(FuncFormatter(ticks))
    axes.margins(0.12)
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, 0.0), min(high, 1.0))
    axes.set_xlim(left=max(axes.get_xlim()[0], 0.0))
    axes.set_title("Accuracy on the test set", loc="left", pad=6)
    axes.set_xlabel(found.cost.title + (f", × 10{superscript(exponent)}" if exponent else ""))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    _name(axes, rows, looks, several=len(found.ahead) > 1)
    return figure


def _name(axes: Axes, rows: list[Row], looks: dict[str, Look], *, several: bool) -> None:
    """List the cells next to the axes, the most accurate first, and the front of several."""
    from matplotlib.lines import Line2D

    ranked = sorted(rows, key=lambda row: row.accuracy.estimate.mean, reverse=True)
    handles = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=looks[row.cell.label].marker,
            color=looks[row.cell.label].hue.light,
            markersize=5,
        )
        for row in ranked
    ]
    names = shortened([row.cell.brief for row in ranked], 27)
    if several:
        handles.append(Line2D([], [], color=MUTED.light, linewidth=0.8, dashes=(2, 1.5)))
        names.append("Pareto front")
    axes.legend(
        handles,
        names,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.02),
        handlelength=1.6,
        labelspacing=0.55,
    )
