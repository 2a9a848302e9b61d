"""Curves over epochs as a figure: bands, faint seeds, direct labels, an inset of the end."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from suite.reporting.appearance import MUTED, RULE, Look
from suite.reporting.curves import Curve
from suite.reporting.drawing import (
    ONE_COLUMN,
    SMALL,
    TWO_COLUMNS,
    columns_of_legend,
    new_figure,
    short,
    shortened,
    tidy_axes,
    widest,
)
from suite.reporting.placement import Box, free_box, spread

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

POINTS = 400
"""Epochs drawn of a mean and its band; more could not be seen at two columns' width."""
_SEED_POINTS = 120
"""Epochs drawn of a single seed."""
_LABEL_STEP = 1.35 * SMALL
"""From label to label, in points."""
_TEXT_AT = 42
"""From the axes to a label's text, in points: leader and sample of the line lie between."""


@dataclass(frozen=True)
class Axis:
    """The vertical axis of a figure of curves.

    Attributes:
        title: What is drawn.
        from_zero: Whether it starts at zero.
        grouped: Whether tick labels have thousands set off.
    """

    title: str
    from_zero: bool = False
    grouped: bool = False


_LEGEND: dict[str, Any] = {
    **{"fontsize": SMALL - 0.5, "handlelength": 3, "columnspacing": 1.2},
    **{"labelspacing": 0.35, "borderaxespad": 0.2},
}
"""Looks of the legend of a narrow figure."""


def draw_curves(
    curves: Sequence[Curve],
    looks: Mapping[str, Look],
    axis: Axis,
    *,
    zoom: int | None = None,
    narrow: bool = False,
) -> Figure:
    """Draw curves with their bands.

    Args:
        curves: At least one.
        looks: By cell label.
        axis: The vertical axis.
        zoom: How many of the last epochs an inset shows.
        narrow: One column wide, with a legend below; else two, each curve labelled at its end.
    """
    if narrow:
        columns = columns_of_legend(ONE_COLUMN, _names(curves), 2, **_LEGEND)
        rows = -(-len(curves) // columns)
        height = 2.35 + 0.16 * rows
        figure = new_figure(ONE_COLUMN, height)
        bottom = (0.42 + 0.16 * rows) / height
        top = 1 - 0.22 / height
        axes = figure.add_axes((0.165, bottom, 0.77, top - bottom))
    else:
        figure = new_figure(TWO_COLUMNS, max(3.3, 0.35 + len(curves) * _LABEL_STEP / 72 * 1.05))
        names = shortened([curve.cell.brief for curve in curves])
        room = (widest(figure, names) + _TEXT_AT + 2) / 72 / TWO_COLUMNS
        axes = figure.add_axes((0.085, 0.125, 0.915 - min(room, 0.5), 0.81))
    tidy_axes(axes)
    axes.set_gid("panel-" + "-".join(map(str, range(len(curves)))))
    for number, curve in enumerate(curves):
        look = looks[curve.cell.label]
        _draw_seeds(axes, curve.thinned(_SEED_POINTS // (1 + narrow)), look, number)
        draw_curve(axes, curve.thinned(POINTS // (1 + narrow)), look, number, len(curves))
    first, last = min(c.epochs[0] for c in curves), max(c.epochs[-1] for c in curves)
    axes.margins(y=0.04)
    axes.set_xlim(first if first > 1 else 0, last)
    axes.set_xlabel("Epoch")
    axes.set_title(axis.title, loc="left", pad=6)
    if axis.from_zero:
        axes.set_ylim(0, 1.04 * max(float(np.nanmax(curve.runs)) for curve in curves) or 1.0)
    format_ticks(axes, axis)
    if zoom is not None:
        draw_inset(axes, curves, looks, axis, int(last) - zoom + 1, int(last))
    if narrow:
        lines, names = samples(curves, looks), _names(curves)
        figure.legend(lines, names, loc="lower center", ncols=columns, **_LEGEND)
    else:
        _label_ends(axes, curves, looks)
    return figure


def panels(figure: Figure) -> list[dict[str, Any]]:
    """Return where a figure's curves are, for a page that answers the mouse.

    Returns:
        For each axes "box" (left, top, right, bottom in the SVG's units), "x" and "y" (what is at
        its edges: left and right, bottom and top), and "curves", the numbers of those drawn there.
    """
    width, height = 72 * figure.get_size_inches()
    found = []
    for axes in figure.axes:
        numbers = re.findall(r"\d+", axes.get_gid() or "")
        box = axes.get_position()
        edges = (box.x0 * width, (1 - box.y1) * height, box.x1 * width, (1 - box.y0) * height)
        if numbers:
            found.append(
                {
                    "box": [round(float(edge), 1) for edge in edges],
                    "x": [float(edge) for edge in axes.get_xlim()],
                    "y": [float(f"{edge:.6g}") for edge in axes.get_ylim()],
                    "curves": [int(number) for number in numbers],
                }
            )
    return found


def _mark(artist: Artist, number: int) -> Any:
    """Give a curve's SVG elements the class curve-NUMBER, by which a page finds them."""
    artist.set_gid(f"curve-{number}")
    return artist


def _draw_seeds(axes: Axes, curve: Curve, look: Look, number: int) -> None:
    """Draw every seed faintly, as one line with gaps."""
    if curve.n < 2:
        return
    gap = np.full((curve.n, 1), np.nan)
    y = np.hstack([curve.runs, gap]).ravel()
    x = np.tile([*curve.epochs.astype(float), np.nan], curve.n)
    (line,) = axes.plot(x, y, color=look.hue.light, alpha=0.22, linewidth=0.35, zorder=1.5)
    _mark(line, number)


def draw_curve(
    axes: Axes, curve: Curve, look: Look, number: int, curves: int, *, bands: bool = True
) -> None:
    """Draw one of several curves, over its band."""
    colour = look.hue.light
    tint = min(0.16, 1 / curves)
    if curve.n > 1 and bands:
        band = axes.fill_between(
            curve.epochs, curve.low, curve.high, color=colour, alpha=tint, linewidth=0, zorder=2
        )
        _mark(band, number)
    points = len(curve.epochs)
    every = max(points // 7, 1)
    (line,) = axes.plot(
        curve.epochs,
        curve.mean,
        color=colour,
        linewidth=1.15,
        dashes=look.dashes,
        marker=look.marker,
        markersize=3,
        markeredgewidth=0.5,
        markeredgecolor=colour,
        markevery=((every // 2 + number * every // 6) % max(points, 1), every),
        zorder=3,
    )
    _mark(line, number)


def format_ticks(axes: Axes, axis: Axis, across: int = 6, up: int = 6) -> None:
    """Set the number of ticks of axes, and the format of their numbers."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(across, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axes.yaxis.set_major_locator(MaxNLocator(up))
    if axis.grouped:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}"))


def draw_inset(
    axes: Axes,
    curves: Sequence[Curve],
    looks: Mapping[str, Look],
    axis: Axis,
    first: int,
    last: int,
    coloured: Sequence[int] | None = None,
) -> None:
    """Draw an inset of the last epochs where no curve runs.

    There is no inset if no coloured curve moves in these epochs.

    Args:
        axes: With all that they show.
        curves: All of the figure's, so that the insets of its panels share their axes.
        looks: By cell label.
        axis: The figure's vertical axis.
        first: The first epoch that is enlarged.
        last: The last one.
        coloured: In one of several panels, the numbers of the curves that have colour: the means
            of all others are grey, and where there is no room, there is no inset. None: all have
            colour and show their seeds, and the axis grows until there is room.
    """
    ends = [curve.between(first, last) for curve in moving(curves)]
    enlarged = [end for end in ends if np.isfinite(end.mean).any()]
    numbers = range(len(curves)) if coloured is None else coloured
    if not {end.cell.label for end in enlarged} & {curves[n].cell.label for n in numbers}:
        return
    box = free_box(*_drawn(axes, curves))
    if coloured is None:
        box = box or _make_room(axes, curves, axis)
    if box is None:
        return
    inset = axes.inset_axes(box)
    inset.patch.set_facecolor(axes.figure.get_facecolor())
    for number, curve in enumerate(curves):
        end, look = curve.between(first, last), looks[curve.cell.label]
        if len(end.epochs) < 2:
            continue
        if number not in numbers:
            draw_in_grey(inset, end)
            continue
        if coloured is None:
            _draw_seeds(inset, end.thinned(_SEED_POINTS // 2), look, number)
        draw_curve(inset, end.thinned(100), look, number, len(numbers), bands=coloured is None)
    inset.set_xlim(first, last)
    if coloured is None:
        edges = np.hstack([_extent(end) for end in enlarged])
    else:  # neither bands nor seeds: the means of many, as close as they allow
        edges = np.hstack([end.mean for end in enlarged])
    bottom, top = np.nanmin(edges), np.nanmax(edges)
    air = 0.06 * (top - bottom)
    inset.set_ylim(bottom - air, top + air)
    inset.grid(axis="y")
    inset.set_axisbelow(True)
    format_ticks(inset, axis, across=3, up=4)
    inset.tick_params(labelsize=SMALL - 0.5, length=2)
    inset.set_title(
        f"Last {last - first + 1:,} epochs", fontsize=SMALL, loc="left", pad=3, fontweight="normal"
    )
    axes.axvspan(first, last, color=MUTED.light, alpha=0.1, linewidth=0, zorder=1)


def _make_room(axes: Axes, curves: Sequence[Curve], axis: Axis) -> Box | None:
    """Lengthen the vertical axis until an inset finds room, and return its box."""
    for _ in range(11):
        bottom, top = axes.get_ylim()
        more = 0.12 * (top - bottom)
        if bottom > 0 and not axis.from_zero:
            axes.set_ylim(max(bottom - more, 0), top)  # neither a loss nor a share is below zero
        else:
            axes.set_ylim(bottom, top + more)
        box = free_box(*_drawn(axes, curves))
        if box is not None:
            return box
    return None


def draw_in_grey(axes: Axes, curve: Curve) -> None:
    """Draw the mean of a curve that has its colour in another panel."""
    thin = curve.thinned(100)
    axes.plot(thin.epochs, thin.mean, color=RULE.light, linewidth=0.8, zorder=1.2)


def moving(curves: Sequence[Curve]) -> list[Curve]:
    """Return the curves that an inset enlarges: those that do not stay where they begin.

    A flat one far from the others, such as SET's connections, would leave the inset no closer than
    the figure is.
    """
    flat = [np.nanmax(c.mean) - np.nanmin(c.mean) <= 0.01 * np.nanmax(c.mean) for c in curves]
    return [c for c, stays in zip(curves, flat, strict=True) if not stays]


def _extent(curve: Curve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lower and upper edge of band and seeds together, (e,); fmin and fmax pass over NaN."""
    lowest = np.fmin(curve.low, np.fmin.reduce(curve.runs, axis=0))
    return lowest, np.fmax(curve.high, np.fmax.reduce(curve.runs, axis=0))


def _drawn(axes: Axes, curves: Sequence[Curve]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x, lower and upper edge of all that is drawn, as shares of the axes."""
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    x, low, high = [], [], []
    for curve in curves:
        x.append((curve.epochs - left) / (right - left))
        lowest, highest = _extent(curve)
        low.append((lowest - bottom) / (top - bottom))
        high.append((highest - bottom) / (top - bottom))
    return np.concatenate(x), np.concatenate(low), np.concatenate(high)


def _label_ends(axes: Axes, curves: Sequence[Curve], looks: Mapping[str, Look]) -> None:
    """Label each curve to the right of its end, with a sample of its line and a leader."""
    width, height = _points(axes)
    bottom, top = axes.get_ylim()
    last = [curve.mean[np.isfinite(curve.mean)][-1] for curve in curves]
    ends = [(value - bottom) / (top - bottom) for value in last]
    places = spread(ends, _LABEL_STEP / height, 0.01, 0.99)
    outside: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False, "zorder": 4}
    for number, (curve, end, place) in enumerate(zip(curves, ends, places, strict=True)):
        look = looks[curve.cell.label]
        colour = look.hue.light
        x = 1 + np.array([3, 13, 16, 38, _TEXT_AT]) / width
        drawn = axes.plot(x[:2], [end, place], color=colour, linewidth=0.5, **outside)
        drawn += axes.plot(
            x[1:4],
            [place] * 3,
            color=colour,
            linewidth=1.15,
            dashes=look.dashes,
            **outside,
        )
        drawn += axes.plot(
            [(x[1] + x[3]) / 2], [place], color=colour, marker=look.marker, markersize=3, **outside
        )
        text = axes.text(
            x[4], place, short(curve.cell.brief), va="center_baseline", fontsize=SMALL, **outside
        )
        for artist in (*drawn, text):
            _mark(artist, number)


def _points(axes: Axes) -> tuple[float, float]:
    """Return the size of axes in points."""
    box = axes.get_position()
    page = axes.get_figure(root=True)
    assert page is not None  # axes are always in a figure here
    width, height = page.get_size_inches()
    return box.width * width * 72, box.height * height * 72


def samples(curves: Sequence[Curve], looks: Mapping[str, Look]) -> list[Line2D]:
    """Return a sample of each curve's line, for legends."""
    from matplotlib.lines import Line2D

    mine = [looks[curve.cell.label] for curve in curves]
    line: dict[str, Any] = {"linewidth": 1.15, "markersize": 3}
    return [
        Line2D([], [], color=look.hue.light, marker=look.marker, dashes=look.dashes, **line)
        for look in mine
    ]


def _names(curves: Sequence[Curve]) -> list[str]:
    return shortened([curve.cell.brief for curve in curves], 34)
