"""Degrees: how many connections the units have, at initialisation and at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suite.reporting.appearance import MUTED, Look
from suite.reporting.drawing import (
    SMALL,
    TWO_COLUMNS,
    Shown,
    columns_of_legend,
    new_figure,
    shortened,
    tidy_axes,
)
from suite.reporting.figures import OnData
from suite.reporting.numbers import runs_a_cell
from suite.reporting.section import Block, Grid, Material, Td, Th, number, words
from suite.store.table import RunState
from suite.study import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Side = Literal["inputs", "outputs"]
Histogram = NDArray[np.float64]
"""Units with 0, 1, 2, ... connections."""

_SIDES: tuple[tuple[Side, str], ...] = (
    ("outputs", "Incoming connections of a unit"),
    ("inputs", "Outgoing connections of a unit"),
)
_LAYERS_DRAWN = 4
INTRODUCTION = (
    "SET is said to evolve random topologies towards scale-free ones, in which a few units have "
    "very many connections. A random topology has degrees that scatter as Poisson's do, with a "
    "variance over mean near 1, and its curve below falls off a cliff; the heavier the tail, the "
    "larger the ratio and the straighter the curve."
)
_DECADES = 50
"""An axis that spans more has ticks at powers of ten only."""


@dataclass(frozen=True)
class Degrees:
    """Histograms of one cell, pooled over its runs.

    Attributes:
        cell: Which.
        initial: side -> one histogram a layer.
        final: The same after the last epoch.
        n: Runs.
    """

    cell: Cell
    initial: dict[Side, list[Histogram]]
    final: dict[Side, list[Histogram]]
    n: int


def found_in(material: Material, here: OnData) -> list[Degrees]:
    """Return the degrees of each method that has any."""
    pooled = [_pooled(cell, material.results.runs) for cell in here.methods]
    return [degrees for degrees in pooled if degrees is not None]


def blocks(material: Material, found: list[Degrees], here: OnData) -> list[Block]:
    """Return figure and table of the degrees; none where no record has any."""
    return [_show(material, found, here), _grid(material, found, here)] if found else []


def _pooled(cell: Cell, runs: Sequence[RunState]) -> Degrees | None:
    """Add up the histograms of a cell's runs; None where none has any."""
    sums: dict[str, dict[Side, list[Histogram]]] = {
        when: {side: [] for side, _ in _SIDES} for when in ("initial", "final")
    }
    n = 0
    for run in runs:
        degrees = (run.record or {}).get("degrees", {}) if run.cell == cell.label else {}
        n += bool(degrees)
        for when, sides in sums.items():
            for layer, entry in enumerate(degrees.get(when, [])):
                for side, pooled in sides.items():
                    histogram = np.asarray(entry[side], dtype=np.float64)
                    if layer == len(pooled):
                        pooled.append(histogram)
                    else:
                        pooled[layer] = _added(pooled[layer], histogram)
    if not sums["final"]["outputs"]:
        return None
    return Degrees(cell, sums["initial"], sums["final"], n)


def _added(a: Histogram, b: Histogram) -> Histogram:
    total = np.zeros(max(len(a), len(b)))
    total[: len(a)] += a
    total[: len(b)] += b
    return total


def dispersion(histogram: Histogram) -> float:
    """Return variance over mean of the degrees in a histogram; NaN where there are none."""
    degrees = np.arange(len(histogram))
    units = histogram.sum()
    if not units or not histogram[1:].any():
        return float("nan")
    mean = (degrees * histogram).sum() / units
    return float((((degrees - mean) ** 2) * histogram).sum() / units / mean)


def at_least(histogram: Histogram) -> tuple[NDArray[np.int64], Histogram]:
    """Return the degrees, and the share of units with at least as many connections.

    They begin with the largest degree that all units reach, below which nothing distinguishes
    them, or with 1 where some units have none.
    """
    shares = histogram[::-1].cumsum()[::-1] / histogram.sum()
    first = max(1, int(np.count_nonzero(shares == 1.0)) - 1)
    degrees = np.arange(first, len(histogram))
    seen = shares[first:] > 0
    return degrees[seen], shares[first:][seen]


def tidy_degrees(axes: Axes) -> None:
    """Put a few plain ticks on a logarithmic axis of degrees; it may span less than a decade."""
    from matplotlib.ticker import LogLocator, NullLocator

    low, high = axes.get_xlim()
    steps = (1.0,) if high > _DECADES * low else (1.0, 2.0, 5.0)
    axes.xaxis.set_major_locator(LogLocator(subs=steps))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")


def _layers(found: list[Degrees]) -> int:
    """Return how many layers the cell with the most has."""
    return max(len(degrees.final["outputs"]) for degrees in found)


def _grid(material: Material, found: list[Degrees], here: OnData) -> Grid:
    layers = _layers(found)
    heads = [Th("Method", numeric=False)]
    rows = []
    for layer in range(layers):
        heads += [Th(f"Layer {layer + 1}", unit="initial"), Th(f"Layer {layer + 1}", unit="final")]
        heads.append(Th("Largest", unit="final"))
    for degrees in found:
        row: list[Td] = [words(degrees.cell.brief)]
        for layer in range(layers):
            for when in (degrees.initial, degrees.final):
                ratio = (
                    dispersion(when["outputs"][layer]) if layer < len(when["outputs"]) else np.nan
                )
                row.append(number(ratio, f"{ratio:.2f}" if np.isfinite(ratio) else "–"))
            final = degrees.final["outputs"]
            largest = len(final[layer]) - 1 if layer < len(final) else -1
            row.append(number(largest, f"{largest:,}" if largest >= 0 else "–"))
        rows.append(tuple(row))
    caption = (
        f"Incoming connections of a layer's units{here.on}: variance over mean at initialisation "
        "and after the last epoch, and the largest number that a unit has after the last epoch; "
        "all runs of a cell together."
    )
    looks: tuple[Look | None, ...] = tuple(material.looks[d.cell.label] for d in found)
    return Grid(f"degrees-grid{here.suffix}", caption, tuple(heads), tuple(rows), looks)


def _show(material: Material, found: list[Degrees], here: OnData) -> Shown:
    stem = f"degrees{here.suffix}"
    parts = []
    for degrees in found:
        for when, sides in (("initial", degrees.initial), ("final", degrees.final)):
            for side, _ in _SIDES:
                for layer, histogram in enumerate(sides[side]):
                    degree = np.flatnonzero(histogram)
                    part = {"cell": degrees.cell.label, "when": when, "layer": layer + 1}
                    part |= {"side": side, "degree": degree}
                    parts.append(pd.DataFrame(part | {"units": histogram[degree].astype(int)}))
    title = f"Degrees of the final topologies compared with the initial ones{here.on}"
    description = "; ".join(
        f"{d.cell.brief}: variance over mean of incoming connections in layer 1 from "
        f"{dispersion(d.initial['outputs'][0]):.2f} to {dispersion(d.final['outputs'][0]):.2f}"
        for d in found
        if d.initial["outputs"]
    )
    caption = (
        "Share of units with at least this many connections, on logarithmic axes, by sparse layer; "
        f"all runs of a cell together ({runs_a_cell(d.n for d in found)}), so there is no band. "
        "Grey: the initial topologies of these cells together."
    )
    if _layers(found) > _LAYERS_DRAWN:
        caption += f" The first {_LAYERS_DRAWN} layers are shown."
    return material.draw(
        stem,
        lambda: _draw(found, material.looks),
        pd.concat(parts, ignore_index=True),
        title,
        caption,
        description,
    )


def _draw(found: list[Degrees], looks: dict[str, Look]) -> Figure:
    from matplotlib.lines import Line2D
    from matplotlib.ticker import NullLocator

    layers = min(_layers(found), _LAYERS_DRAWN)
    names = ["Initial", *shortened([degrees.cell.brief for degrees in found], 30)]
    spacing = {"handlelength": 3.2, "columnspacing": 1.5}
    columns = columns_of_legend(TWO_COLUMNS, names, 4, **spacing)
    below = 0.62 + 0.17 * -(-len(names) // columns)  # the legend's rows
    height = 3.5 + below
    figure = new_figure(TWO_COLUMNS, height)
    grid = figure.subplots(2, layers, squeeze=False, sharey=True)
    figure.subplots_adjust(0.095, below / height, 0.985, 1 - 0.3 / height, wspace=0.12, hspace=0.52)
    for row, (side, label) in enumerate(_SIDES):
        for layer in range(layers):
            axes = grid[row][layer]
            tidy_axes(axes)
            axes.set_xscale("log")
            axes.set_yscale("log")
            start: Histogram = np.zeros(1)
            for degrees in found:
                if layer < len(degrees.initial[side]):
                    start = _added(start, degrees.initial[side][layer])
            if start.any():
                axes.plot(*at_least(start), color=MUTED.light, linewidth=2.4, alpha=0.45)
            for degrees in found:
                if layer < len(degrees.final[side]):
                    look = looks[degrees.cell.label]
                    x, y = at_least(degrees.final[side][layer])
                    axes.plot(
                        *(x, y),
                        color=look.hue.light,
                        linewidth=1.0,
                        dashes=look.dashes,
                        marker="." if len(x) == 1 else "",  # all units have as many
                    )
            tidy_degrees(axes)
            axes.yaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
            axes.set_title(f"Layer {layer + 1}", loc="left", pad=4)
            axes.set_xlabel(label, fontsize=SMALL)
            if layer == 0:
                axes.set_ylabel("Share of units", fontsize=SMALL)
    drawn = [looks[degrees.cell.label] for degrees in found]
    handles = [
        Line2D([], [], color=MUTED.light, linewidth=2.4, alpha=0.45),
        *(Line2D([], [], color=look.hue.light, linewidth=1, dashes=look.dashes) for look in drawn),
    ]
    figure.legend(handles, names, loc="lower center", ncols=columns, **spacing)
    return figure
