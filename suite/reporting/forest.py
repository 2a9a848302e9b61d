"""Differences and their intervals, one below the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.reporting.appearance import MUTED, Look
from suite.reporting.drawing import SMALL, TWO_COLUMNS, new_figure, short, tidy_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_MOST = 70
"""Letters of a name at the left."""


@dataclass(frozen=True)
class Difference:
    """One line of the figure.

    Attributes:
        name: At its left.
        value: The difference; NaN where it is not known.
        low: Lower end of its interval; NaN where there is none.
        high: Upper end.
        look: How it is drawn.
    """

    name: str
    value: float
    low: float
    high: float
    look: Look


def draw_forest(
    differences: Sequence[Difference], title: str, margin: float | None = None
) -> Figure:
    """Draw differences and their intervals around a line at zero.

    Args:
        differences: Top to bottom.
        title: Of the axis.
        margin: Differences within this much of zero do not matter: a shaded band.
    """
    height = 0.75 + 0.22 * len(differences)
    figure = new_figure(TWO_COLUMNS, height)
    left = min((_widest(figure, differences) + 8) / 72 / TWO_COLUMNS, 0.55)
    axes = figure.add_axes((left, 0.45 / height, 0.97 - left, 1 - 0.55 / height))
    tidy_axes(axes)
    axes.grid(visible=False)
    if margin is not None:
        axes.axvspan(-margin, margin, color=MUTED.light, alpha=0.14, linewidth=0, zorder=0.5)
    axes.axvline(0, color=MUTED.light, linewidth=0.8, dashes=(2, 1.5), zorder=1)
    for place, line in enumerate(differences):
        colour = line.look.hue.light
        if math.isfinite(line.low):
            axes.plot([line.low, line.high], [place, place], color=colour, linewidth=1.2)
        if math.isfinite(line.value):
            axes.plot(line.value, place, color=colour, marker=line.look.marker, markersize=5)
    axes.set_ylim(len(differences) - 0.4, -0.6)
    axes.set_yticks(
        range(len(differences)), [short(line.name, _MOST) for line in differences], fontsize=SMALL
    )
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(title)
    return figure


def _widest(figure: Figure, differences: Sequence[Difference]) -> float:
    """Return the width of the longest name, in points."""
    texts = [figure.text(0, 0, short(line.name, _MOST), fontsize=SMALL) for line in differences]
    width = max(float(text.get_window_extent().width) for text in texts)
    for text in texts:
        text.remove()
    return width * 72 / figure.dpi
