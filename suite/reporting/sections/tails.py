"""Tails: whether the degrees of the final topologies follow a power law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suite.measures import percent
from suite.reporting.appearance import INK, MUTED, Look
from suite.reporting.drawing import (
    SMALL,
    TWO_COLUMNS,
    Shown,
    new_figure,
    short,
    tidy_axes,
)
from suite.reporting.figures import OnData
from suite.reporting.numbers import runs_a_cell
from suite.reporting.section import Block, Grid, Material, Td, Th, number, words
from suite.reporting.sections.degrees import Degrees, at_least, tidy_degrees
from suite.statistics.tails import RIVALS, Tail, fit_tail

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_Fit = tuple[Degrees, int, Tail]
"""Of a cell's layer, counted from 0."""

_MOST = 8
"""Cells drawn."""
_POINTS = 60
"""Counts drawn of a distribution."""
_ALPHA = 0.05
_DASHES: dict[str, Any] = {
    "power law": (None, None),
    "log-normal": (5, 1.5),
    "exponential": (1, 1.2),
}


def blocks(material: Material, found: list[Degrees], here: OnData) -> list[Block]:
    """Return figure and table of the fits; none where nothing can be fitted."""
    fits = [
        (degrees, layer, tail)
        for degrees in found
        for layer, histogram in enumerate(degrees.final["outputs"])
        if (tail := fit_tail(histogram.tolist())) is not None
    ]
    return [_show(material, fits, here), _grid(material, fits, here)] if fits else []


def verdict(tail: Tail) -> str:
    """Return in words which of the three fits a tail best, by Vuong's test at 0.05."""
    better = [name for name, (ratio, p) in tail.rivals.items() if ratio < 0 and p < _ALPHA]
    worse = [name for name, (ratio, p) in tail.rivals.items() if ratio > 0 and p < _ALPHA]
    if better:
        return f"no: {' and '.join(better)} {'fits' if len(better) == 1 else 'fit'} better"
    if len(worse) == len(tail.rivals):
        return "power law fits best"
    return "undecided"


def _grid(material: Material, fits: list[_Fit], here: OnData) -> Grid:
    heads = [Th("Method", numeric=False), Th("Layer"), Th("Tail from", unit="connections")]
    heads += [Th("Units in it"), Th("Exponent"), Th("Distance")]
    heads += [Th(f"Against {name}", below="p") for name in RIVALS.values()]
    heads.append(Th("Power law?", numeric=False))
    rows, looks = [], []
    for degrees, layer, tail in fits:
        row: list[Td] = [words(degrees.cell.brief), number(layer + 1, str(layer + 1))]
        row += [number(tail.start, f"{tail.start:,}"), number(tail.share, percent(tail.share))]
        row += [number(tail.exponent, f"{tail.exponent:.2f}")]
        row += [number(tail.distance, f"{tail.distance:.3f}")]
        for ratio, p in tail.rivals.values():
            small = "< 0.001" if p < 0.001 else f"{p:.3f}"
            row.append(number(ratio, f"{ratio:.1f}".replace("-", "−"), small=small))
        rows.append((*row, words(verdict(tail))))
        looks.append(material.looks[degrees.cell.label])
    caption = (
        f"Incoming connections of a layer's units{here.on} after the last epoch, all runs of a "
        "cell together. A discrete power law is fitted by maximum likelihood to the tail that "
        "it fits best (Clauset, Shalizi and Newman 2009), which holds at least a twentieth of "
        "the units with connections (Units in it); layers with too few different counts are left "
        "out. Distance: the Kolmogorov-Smirnov distance; 0 is a perfect fit. Against: the "
        "normalised log likelihood ratio to another distribution on the same tail, negative "
        "where that one fits better, and Vuong's p. Units of one run are not independent, so p "
        "is only a guide."
    )
    return Grid(f"tails-grid{here.suffix}", caption, tuple(heads), tuple(rows), tuple(looks))


def _show(material: Material, fits: list[_Fit], here: OnData) -> Shown:
    stem = f"tails{here.suffix}"
    parts = [
        pd.DataFrame(
            {
                **{"cell": degrees.cell.label, "layer": layer + 1, "degree": tail.counts},
                **{name.replace(" ", "_").replace("-", "_"): s for name, s in tail.shares.items()},
            }
        )
        for degrees, layer, tail in fits
    ]
    first = [(degrees, tail) for degrees, layer, tail in fits if layer == fits[0][1]]
    title = f"A power law, fitted to the degrees{here.on}"
    description = "; ".join(
        f"{degrees.cell.brief}: exponent {tail.exponent:.2f}, {verdict(tail)}"
        for degrees, tail in first
    )
    caption = (
        f"Incoming connections of the units of layer {fits[0][1] + 1} after the last epoch: share "
        "of units with at least this many, on logarithmic axes, and three distributions fitted to "
        f"the tail; all runs of a cell together ({runs_a_cell(d.n for d, _ in first)}), so there "
        "is no band. A power law is a straight line; the vertical line is where the tail starts."
    )
    if len(first) > _MOST:
        caption += f" The first {_MOST} of {len(first)} cells are shown."
    return material.draw(
        stem,
        lambda: _draw(first[:_MOST], fits[0][1], material.looks),
        pd.concat(parts, ignore_index=True),
        title,
        caption,
        description,
    )


def _spread(counts: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return which counts to draw: evenly spaced, about, on a logarithmic axis."""
    wanted = np.geomspace(counts[0], counts[-1], _POINTS)
    return np.unique(np.searchsorted(counts, wanted).clip(0, len(counts) - 1))


def _draw(fits: list[tuple[Degrees, Tail]], layer: int, looks: dict[str, Look]) -> Figure:
    from matplotlib.lines import Line2D
    from matplotlib.ticker import NullLocator

    across = min(4, max(len(fits), 2))
    rows = -(-len(fits) // across)
    height = 0.55 + 1.75 * rows
    figure = new_figure(TWO_COLUMNS, height)
    panels = figure.subplots(rows, across, squeeze=False, sharex=True, sharey=True)
    figure.subplots_adjust(0.085, 0.75 / height, 0.985, 1 - 0.25 / height, wspace=0.1, hspace=0.3)
    for axes in panels.flat[len(fits) :]:
        axes.set_visible(False)
    for axes, (degrees, tail) in zip(panels.flat, fits, strict=False):
        tidy_axes(axes)
        axes.set_xscale("log")
        axes.set_yscale("log")
        counts, shares = at_least(degrees.final["outputs"][layer])
        colour = looks[degrees.cell.label].hue.light
        some = _spread(counts)
        axes.plot(
            counts[some],
            shares[some],
            "o",
            color=colour,
            markersize=2.2,
            alpha=0.6,
            markeredgewidth=0,
        )
        above = float(shares[np.searchsorted(counts, tail.start)])
        some = _spread(tail.counts)
        for name, values in tail.shares.items():
            axes.plot(
                tail.counts[some],
                above * values[some],
                color=INK.light,
                linewidth=0.9,
                dashes=_DASHES[name],
            )
        axes.axvline(tail.start, color=MUTED.light, linewidth=0.5)
        axes.set_title(short(degrees.cell.brief, 26), loc="left", pad=4, fontsize=SMALL)
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
        axes.yaxis.set_minor_locator(NullLocator())
    least = 1 / max(float(degrees.final["outputs"][layer].sum()) for degrees, _ in fits)
    panels[0][0].set_ylim(least / 2, 1.5)
    for axes in panels.flat:
        tidy_degrees(axes)
    for row in panels:
        row[0].set_ylabel("Share of units", fontsize=SMALL)
    for axes in panels.flat[max(0, len(fits) - across) : len(fits)]:  # the lowest of each column
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("Incoming connections", fontsize=SMALL)
    handles = [
        Line2D([], [], color=INK.light, linewidth=0.9, dashes=dashes) for dashes in _DASHES.values()
    ]
    names = ["Power law", "Log-normal", "Exponential"]
    figure.legend(handles, names, loc="lower center", ncols=3, handlelength=3.2)
    return figure
