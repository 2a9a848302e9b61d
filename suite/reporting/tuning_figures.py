"""Tuning as two figures: what each sample reached, and what more of them would be expected to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from suite.reporting.appearance import INK, MUTED, Look
from suite.reporting.drawing import SMALL, TWO_COLUMNS, name_ends, new_figure, short, tidy_axes
from suite.statistics.tuning import expected_best
from suite.study.document import as_yaml
from suite.study.search import Choices, Range
from suite.study.tune import Tuned

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL, _HEAD, _FOOT = 1.45, 0.3, 0.32
"""Heights in inches: of a cell's panel, of its title, and of the names below its axes."""
_BESIDE = 0.6
"""Beside the outer axes of a panel, in inches."""


def first_values(of: Tuned) -> list[float]:
    """Return every sample's measure in the first rung, higher is better; -inf if it diverged."""
    return [-math.inf if value is None else value for value in of.rungs[0].values]


def best_table(tuned: Mapping[str, Tuned]) -> pd.DataFrame:
    """Return the expected best of n samples in the first rung, one row a cell and n."""
    rows = []
    for label, of in tuned.items():
        for n in range(1, len(of.rungs[0].samples) + 1):
            best = expected_best(first_values(of), n)
            low, high = sorted((of.tuning.turned(best.low), of.tuning.turned(best.high)))
            mean = of.tuning.turned(best.mean)
            rows.append({"cell": label, "n": n, "mean": mean, "low": low, "high": high})
    return pd.DataFrame(rows)


def draw_best(
    table: pd.DataFrame, titles: Mapping[str, str], looks: Mapping[str, Look], measure: str
) -> Figure:
    """Draw the expected best over the number of samples, with its intervals.

    Args:
        table: As `best_table` returns it.
        titles: Of the cells, by label.
        looks: How they are drawn, by label.
        measure: In words.
    """
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(TWO_COLUMNS, 2.9)
    axes = figure.add_axes((0.09, 0.16, 0.6, 0.8))
    tidy_axes(axes)
    ends = []
    for label, rows in table.groupby("cell", sort=False):
        look = looks[str(label)]
        axes.fill_between(
            rows["n"], rows["low"], rows["high"], color=look.hue.light, alpha=0.13, linewidth=0
        )
        axes.plot(
            rows["n"],
            rows["mean"],
            color=look.hue.light,
            dashes=look.dashes,
            marker=look.marker,
            markersize=3,
            linewidth=1.3,
        )
        end = int(rows["n"].iloc[-1]), float(rows["mean"].iloc[-1])
        ends.append((titles[str(label)], *end, look.hue.light))
    axes.set_xlim(1, max(2, int(table["n"].max())))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("Samples (n)")
    axes.set_ylabel(f"Best {measure} of n")
    name_ends(axes, ends)
    return figure


def draw_samples(
    tuned: Mapping[str, Tuned], titles: Mapping[str, str], looks: Mapping[str, Look], measure: str
) -> Figure:
    """Draw the samples of each cell as lines over parallel axes: its settings, then the measure.

    The better a sample, the darker its line; the winner's is thick, with markers. A sample that
    diverged ends at the bottom of the last axis, dotted.

    Args:
        tuned: The cells' tunings, each with a winner, by label.
        titles: Of the cells, by label.
        looks: How they are drawn, by label.
        measure: In words.

    Source: Inselberg (1985), The plane with parallel coordinates.
    """
    height = len(tuned) * (_PANEL + _HEAD + _FOOT)
    figure = new_figure(TWO_COLUMNS, height)
    for place, (label, of) in enumerate(tuned.items()):
        top = height - place * (_PANEL + _HEAD + _FOOT) - _HEAD
        box = (
            _BESIDE / TWO_COLUMNS,
            (top - _PANEL) / height,
            1 - 2 * _BESIDE / TWO_COLUMNS,
            _PANEL / height,
        )
        axes = figure.add_axes(box)
        _draw_cell(axes, of, looks[label], measure)
        axes.set_title(f"{titles[label]}: {len(of.rungs[0].samples)} samples", loc="left", pad=8)
    return figure


def _draw_cell(axes: Axes, of: Tuned, look: Look, measure: str) -> None:
    names = sorted(of.tuning.space)
    values = first_values(of)
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite), max(finite)
    across = range(len(names) + 1)
    axes.set(xlim=(0, len(names)), ylim=(0, 1))
    axes.axis("off")
    for x in across:
        axes.plot((x, x), (0, 1), color=MUTED.light, linewidth=0.8, clip_on=False, zorder=1)
    order = sorted(zip(of.rungs[0].samples, values, strict=True), key=lambda it: it[1])
    for rank, (sample, value) in enumerate(order):
        chosen = sample == of.winner
        heights = [share(of.tuning.space[n], of.tuning.samples[sample][n]) for n in names]
        goodness = (value - low) / (high - low) if math.isfinite(value) and high > low else 0.0
        axes.plot(
            across,
            [*heights, goodness],
            color=INK.light if chosen else look.hue.light,
            alpha=1.0 if chosen else 0.25 + 0.75 * goodness,
            linewidth=2.0 if chosen else 0.8,
            linestyle="-" if math.isfinite(value) else ":",
            marker=look.marker if chosen else None,
            markersize=4,
            clip_on=False,
            zorder=len(order) + 2 if chosen else 2 + rank,
        )
    for x, name in enumerate(names):
        _name_axis(axes, x, name, *_ends(of.tuning.space[name]))
    ends = (f"{of.tuning.turned(low):.4g}", f"{of.tuning.turned(high):.4g}")
    _name_axis(axes, len(names), measure, *ends)


def share(values: Range, value: Any) -> float:
    """Return where a value lies on the axis of its range, from 0 to 1."""
    if isinstance(values, Choices):
        return (values.values.index(value) + 0.5) / len(values.values)
    if values.scale == "log":
        return math.log(value / values.low) / math.log(values.high / values.low)
    return (value - values.low) / (values.high - values.low)


def _ends(values: Range) -> tuple[str, ...]:
    if isinstance(values, Choices):
        return tuple(short(as_yaml(value), 18) for value in values.values)
    return f"{values.low:g}", f"{values.high:g}"


def _name_axis(axes: Axes, x: int, name: str, *marks: str) -> None:
    """Write an axis's name below it, and beside it its ends, or each of its choices."""
    about: dict[str, Any] = {
        "fontsize": SMALL,
        "textcoords": "offset points",
        "annotation_clip": False,
    }
    choices = len(marks) > 2 or not all(_is_number(mark) for mark in marks)
    for place, mark in enumerate(marks):
        y = (place + 0.5) / len(marks) if choices else float(place)
        axes.annotate(mark, (x, y), (3, 0), va="center", color=MUTED.light, zorder=900, **about)
    axes.annotate(short(name, 24), (x, 0), (0, -9), ha="center", va="top", **about)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
