"""Many curves: one panel a group of cells, each group's curves against all others in grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from suite.reporting import curve_figures as single
from suite.reporting.appearance import Look
from suite.reporting.curves import Curve
from suite.reporting.drawing import (
    ONE_COLUMN,
    SMALL,
    TWO_COLUMNS,
    new_figure,
    shortened,
    tidy_axes,
)
from suite.reporting.groups import GROUPS, group_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 8
"""Curves that one panel can show; a figure of more has a panel for each group."""
_A_PANEL = 6
"""Curves in colour in one of several panels."""
_LINE = 0.15
"""Of a panel's legend, in inches."""


def in_panels(curves: Sequence[Curve]) -> list[tuple[str, list[int]]]:
    """Return the title of each panel, and the numbers of the curves that have colour there.

    Where all are of one group its name would tell nothing, so it is left out.
    """
    of_cells = [group_of(curve.cell) for curve in curves]
    one = len(set(of_cells)) == 1
    found = []
    for group in GROUPS:
        numbers = [number for number, of_cell in enumerate(of_cells) if of_cell == group]
        for start in range(0, len(numbers), _A_PANEL):
            title = group if start == 0 else f"{group}, continued"
            found.append(("" if one else title, numbers[start : start + _A_PANEL]))
    return found


def draw_multiples(
    curves: Sequence[Curve],
    looks: Mapping[str, Look],
    axis: single.Axis,
    *,
    zoom: int | None = None,
    narrow: bool = False,
) -> Figure:
    """Draw curves in panels that share their axes.

    Args:
        curves: More than one panel holds.
        looks: By cell label.
        axis: The vertical axis.
        zoom: How many of the last epochs an inset of each panel shows.
        narrow: One column wide, else two.
    """
    groups = in_panels(curves)
    across = 1 if narrow else 2
    rows = -(-len(groups) // across)
    legend = _LINE * max(len(numbers) for _, numbers in groups)
    width, tall = (ONE_COLUMN if narrow else TWO_COLUMNS), 1.7
    band = 0.3 + tall + 0.5 + legend
    figure = new_figure(width, rows * band)
    margin = 0.75 if axis.grouped else 0.55  # for tick labels and the axis's title
    side = (width - 0.1 - margin * across) / across
    for place, (title, numbers) in enumerate(groups):
        row, column = divmod(place, across)
        left = margin - 0.02 + column * (side + margin)
        bottom = (rows - 1 - row) * band + 0.5 + legend
        axes = figure.add_axes(
            (left / width, bottom / (rows * band), side / width, tall / (rows * band))
        )
        tidy_axes(axes)
        axes.set_gid("panel-" + "-".join(map(str, numbers)))
        for number, curve in enumerate(curves):
            if number not in numbers:
                single.draw_in_grey(axes, curve)
        for number in numbers:
            look = looks[curves[number].cell.label]
            thin = curves[number].thinned(single.POINTS // 2)
            single.draw_curve(axes, thin, look, number, len(numbers))
        _frame(axes, curves, axis, title)
        if zoom is not None:
            last = max(int(curve.epochs[-1]) for curve in curves)
            single.draw_inset(axes, curves, looks, axis, last - zoom + 1, last, numbers)
        _legend(axes, [curves[number] for number in numbers], looks)
    return figure


def _frame(axes: Axes, curves: Sequence[Curve], axis: single.Axis, title: str) -> None:
    values = np.concatenate([curve.mean for curve in curves])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    air = (0.04 * high if axis.from_zero else 0.06 * (high - low)) or 1.0
    axes.set_ylim(0 if axis.from_zero else low - air, high + air)
    first = min(int(curve.epochs[0]) for curve in curves)
    axes.set_xlim(first if first > 1 else 0, max(int(curve.epochs[-1]) for curve in curves))
    axes.set_xlabel("Epoch", fontsize=SMALL, labelpad=1)
    axes.set_ylabel(axis.title, fontsize=SMALL)
    axes.set_title(title, loc="left", pad=4)
    single.format_ticks(axes, axis, across=5, up=5)


def _legend(axes: Axes, curves: Sequence[Curve], looks: Mapping[str, Look]) -> None:
    axes.legend(
        single.samples(curves, looks),
        shortened([curve.cell.brief for curve in curves], 44),
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.2),
        handlelength=3,
        labelspacing=0.3,
        borderaxespad=0,
        fontsize=SMALL - 0.5,
    )
