"""Section 5: accuracy against connections, and which cells no other beats on both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from suite.reporting.appearance import MUTED, Look
from suite.reporting.drawing import (
    TWO_COLUMNS,
    inline,
    new_figure,
    save,
    short,
    style,
    tidy_axes,
    write_csv,
)
from suite.reporting.figures import Shown, suffixes_of
from suite.reporting.numbers import in_a_sentence, listing, runs_a_cell
from suite.reporting.section import Material, Section
from suite.reporting.table2 import Row, last_epochs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def section(material: Material) -> Section | None:
    """Return the figure of each data set that has at least two cells to compare."""
    blocks: list[str | Shown] = []
    runs = last_epochs(material.results.frame)
    datasets = material.table.datasets
    for dataset in datasets:
        rows = [
            row
            for row in material.table.rows
            if row.dataset == dataset and row.entries[0].estimate.n and not row.dead
        ]
        if len(rows) < 2:
            continue
        stem = f"pareto{suffixes_of(datasets)[dataset]}"
        ahead = front(rows)
        names = listing(in_a_sentence(row.cell.title) for row in ahead)
        verb = "is" if len(ahead) == 1 else "are"
        text = (
            f"On the front {verb} {names}: no other cell is at least as accurate with at most as "
            "many connections, and better in one of the two, by the means."
        )
        blocks += [text, _show(material, rows, ahead, runs, stem, dataset)]
    if not blocks:
        return None
    return Section("front", "Accuracy against connections", tuple(blocks))


def front(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that no other beats, fewest connections first.

    To beat is to be at least as accurate with at most as many connections, and better in one: of
    rows that are equal in both, all are on the front or none.
    """
    ahead: list[Row] = []
    for row in sorted(rows, key=lambda row: (_connections(row), -_accuracy(row))):
        if not ahead or _accuracy(row) > _accuracy(ahead[-1]) or _place(row) == _place(ahead[-1]):
            ahead.append(row)
    return ahead


def _place(row: Row) -> tuple[float, float]:
    return _connections(row), _accuracy(row)


def _accuracy(row: Row) -> float:
    return row.entries[0].estimate.mean


def _connections(row: Row) -> float:
    return row.entries[2].estimate.mean


def _show(
    material: Material,
    rows: list[Row],
    ahead: list[Row],
    runs: pd.DataFrame,
    stem: str,
    dataset: str,
) -> Shown:
    labels = [row.cell.label for row in rows]
    here = runs[runs["cell"].isin(labels)]
    data = pd.DataFrame(
        {
            "cell": labels,
            "title": [row.cell.title for row in rows],
            "n": [row.entries[0].estimate.n for row in rows],
            "connections": [_connections(row) for row in rows],
            "accuracy": [_accuracy(row) for row in rows],
            "on_front": [row in ahead for row in rows],
        }
    )
    write_csv(data, material.out / f"{stem}.csv")
    title = f"Accuracy against connections on {dataset}"
    description = "; ".join(
        f"{row.cell.title}: accuracy {row.entries[0].mean}, connections {row.entries[2].mean}"
        for row in rows
    )
    with style(stem):
        figure = _draw(rows, ahead, here, material.looks)
        picture = save(figure, stem, material.out)
    n = runs_a_cell(row.entries[0].estimate.n for row in rows)
    caption = (
        f"Last epoch. Points are means over seeds ({n}), bars their 95 % t intervals, faint points "
        "the single runs; the line is the Pareto front of the means."
    )
    shown = Shown(stem, "", title, caption, inline(picture, title, description))
    return material.add_figure(shown)


def _draw(rows: list[Row], ahead: list[Row], runs: pd.DataFrame, looks: dict[str, Look]) -> Figure:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    figure = new_figure(TWO_COLUMNS, max(3.4, 0.5 + 0.17 * len(rows)))
    axes = figure.add_axes((0.085, 0.125, 0.64, 0.81))
    tidy_axes(axes)
    axes.grid(axis="x")
    for row in rows:
        own = runs[runs["cell"] == row.cell.label]
        look = looks[row.cell.label]
        colour = look.hue.light
        x, y = row.entries[2].estimate, row.entries[0].estimate
        axes.plot(
            own["connections"],
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
    _draw_front(axes, ahead)
    axes.margins(0.12)
    axes.set_title("Accuracy on the test set", loc="left", pad=6)
    axes.set_xlabel("Connections")
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    _name(axes, rows, looks)
    return figure


def _draw_front(axes: Axes, ahead: list[Row]) -> None:
    """Draw the front as stairs: more accuracy only from the next cell's connections on."""
    x = [_connections(row) for row in ahead]
    y = [_accuracy(row) for row in ahead]
    axes.step(x, y, where="post", color=MUTED.light, linewidth=0.8, dashes=(2, 1.5), zorder=1.6)


def _name(axes: Axes, rows: list[Row], looks: dict[str, Look]) -> None:
    """List the cells beside the axes, those of the highest accuracy first."""
    from matplotlib.lines import Line2D

    ranked = sorted(rows, key=_accuracy, reverse=True)
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
    axes.legend(
        [*handles, Line2D([], [], color=MUTED.light, linewidth=0.8, dashes=(2, 1.5))],
        [*(short(row.cell.title, 34) for row in ranked), "Pareto front"],
        loc="upper left",
        bbox_to_anchor=(1.01, 1.02),
        handlelength=1.6,
        labelspacing=0.55,
    )
