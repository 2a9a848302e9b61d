"""Differences and their intervals, one below the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from suite.reporting.appearance import MUTED, Look
from suite.reporting.drawing import SMALL, TWO_COLUMNS, new_figure, shortened, tidy_axes, widest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from suite.statistics import Comparison


_MOST = 70
"""Letters of a name at the left."""


def draw_forest(
    differences: Sequence[tuple[str, Comparison, Look]], title: str, margin: float | None = None
) -> Figure:
    """Draw differences and their intervals around a line at zero.

    Args:
        differences: Name, comparison and look of each line, top to bottom.
        title: Of the axis.
        margin: Differences within this much of zero do not matter: a shaded band.
    """
    height = 0.75 + 0.22 * len(differences)
    figure = new_figure(TWO_COLUMNS, height)
    names = shortened([name for name, _, _ in differences], _MOST)
    left = min((widest(figure, names) + 8) / 72 / TWO_COLUMNS, 0.55)
    axes = figure.add_axes((left, 0.45 / height, 0.97 - left, 1 - 0.55 / height))
    tidy_axes(axes)
    axes.grid(visible=False)
    if margin is not None:
        axes.axvspan(-margin, margin, color=MUTED.light, alpha=0.14, linewidth=0, zorder=0.5)
    axes.axvline(0, color=MUTED.light, linewidth=0.8, dashes=(2, 1.5), zorder=1)
    for place, (_, found, look) in enumerate(differences):
        colour = look.hue.light
        if math.isfinite(found.low):
            axes.plot([found.low, found.high], [place, place], color=colour, linewidth=1.2)
        if math.isfinite(found.difference):
            axes.plot(found.difference, place, color=colour, marker=look.marker, markersize=5)
    axes.set_ylim(len(differences) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), names, fontsize=SMALL)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(title)
    return figure
