"""Lifetimes: how many updates connections live through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suite.measures import percent
from suite.reporting.appearance import Look
from suite.reporting.drawing import (
    TWO_COLUMNS,
    Shown,
    columns_of_legend,
    new_figure,
    shortened,
    tidy_axes,
)
from suite.reporting.figures import OnData
from suite.reporting.numbers import Estimate, estimate, runs_a_cell
from suite.reporting.section import Block, Grid, Material, Td, Th, number, words
from suite.study import Cell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Which = Literal["initial", "regrown"]
_KINDS: tuple[tuple[Which, str], ...] = (
    ("initial", "Initial connections"),
    ("regrown", "Regrown connections"),
)
_POINTS = 200
"""Ages drawn of a curve."""


@dataclass(frozen=True)
class Lived:
    """The survival curves of one cell.

    Attributes:
        cell: Which.
        curves: (n, updates + 1) of each kind: the share that lives through 0, 1, 2, ... updates,
            one row a run; NaN beyond the oldest connection.
        updates: How many each run has seen.
    """

    cell: Cell
    curves: dict[Which, NDArray[np.float64]]
    updates: tuple[int, ...]

    @property
    def n(self) -> int:
        """Runs."""
        return len(self.curves["initial"])

    def at_end(self, which: Which) -> Estimate:
        """Return the share that lives through all updates that its run has seen, over runs."""
        seen = (run[~np.isnan(run)] for run in self.curves[which])
        return estimate([run[-1] for run in seen if run.size])

    def means(self, which: Which) -> list[Estimate]:
        """Return the mean over runs at each age that all of them have seen."""
        found = self.curves[which]
        seen = ~np.isnan(found).any(axis=0)
        return [estimate(ages) for ages in found[:, seen].T]


def blocks(material: Material, here: OnData) -> list[Block]:
    """Return figure and table of the lifetimes; none where no record has any."""
    found = [lived for cell in here.methods if (lived := _lived(cell, material)) is not None]
    return [_show(material, found, here), _grid(material, found, here)] if found else []


def _lived(cell: Cell, material: Material) -> Lived | None:
    from suite.statistics.survival import survival

    counts = [
        run.record["lifetimes"]
        for run in material.results.runs
        if run.cell == cell.label and run.record and run.record.get("lifetimes")
    ]
    if not counts:
        return None
    updates = tuple(
        max(len(ages) for kind in run.values() for ages in kind.values()) - 1 for run in counts
    )
    curves = {
        which: np.array([survival(**run[which], until=max(updates)) for run in counts])
        for which, _ in _KINDS
    }
    return Lived(cell, curves, updates)


def _show(material: Material, found: list[Lived], here: OnData) -> Shown:
    stem = f"lifetimes{here.suffix}"
    parts = []
    for lived in found:
        for which, _ in _KINDS:
            means = lived.means(which)
            part = {"cell": lived.cell.label, "which": which, "updates": np.arange(len(means))}
            part |= {"n": [mean.n for mean in means], "share": [mean.mean for mean in means]}
            part |= {"low": [mean.low for mean in means], "high": [mean.high for mean in means]}
            parts.append(pd.DataFrame(part))
    title = f"How long connections live{here.on}"
    description = "; ".join(
        f"{lived.cell.brief}: {lived.at_end('initial').mean:.3f} of the initial connections are "
        "there at the end"
        for lived in found
    )
    bands = ", bands their 95 % t intervals" if any(lived.n > 1 for lived in found) else ""
    caption = (
        "Share of connections that live through at least this many updates, all layers together, "
        "by Kaplan and Meier: connections that are there at the end have lived at least as long. A "
        "connection that an update prunes and regrows at once is new. Curves end where one of the "
        "runs has seen no older connection. The axis of updates is logarithmic from 1 on. Lines "
        f"are means over seeds ({runs_a_cell(lived.n for lived in found)}){bands}."
    )
    return material.draw(
        stem,
        lambda: _draw(found, material.looks),
        pd.concat(parts, ignore_index=True),
        title,
        caption,
        description,
    )


def half_life(lived: Lived, which: Which) -> float:
    """Return the updates after which at most half is still active; NaN where more always is."""
    means = np.array([mean.mean for mean in lived.means(which)])
    gone = np.flatnonzero(means <= 0.5)
    return float(gone[0]) if gone.size else float("nan")


def _grid(material: Material, found: list[Lived], here: OnData) -> Grid:
    heads = [Th("Method", numeric=False), Th("n"), Th("Updates")]
    for _, title in _KINDS:
        heads += [Th(f"{title}: half gone after", unit="updates"), Th("Left at the end")]
    rows = []
    for lived in found:
        fewest, most = min(lived.updates), max(lived.updates)
        updates = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
        row: list[Td] = [words(lived.cell.brief), number(lived.n, str(lived.n))]
        row.append(number(most, updates))
        for which, _ in _KINDS:
            half, left = half_life(lived, which), lived.at_end(which)
            longer = "–" if left.n else "none"
            row.append(number(half, f"{half:,.0f}" if np.isfinite(half) else longer))
            row.append(number(left.mean, percent(left.mean) if left.n else "none"))
        rows.append(tuple(row))
    caption = (
        "Means over runs. Half gone after: of the curves above; –: more than half live longer than "
        "was seen. Left at the end: the share that has lived through as many updates as its run "
        "saw; of regrown connections, as many as the oldest has. none: nothing regrew."
    )
    looks: tuple[Look | None, ...] = tuple(material.looks[lived.cell.label] for lived in found)
    return Grid(f"lifetimes-grid{here.suffix}", caption, tuple(heads), tuple(rows), looks)


def _draw(found: list[Lived], looks: dict[str, Look]) -> Figure:
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter, NullLocator

    names = shortened([lived.cell.brief for lived in found], 34)
    spacing = {"handlelength": 3.2, "columnspacing": 1.5}
    columns = columns_of_legend(TWO_COLUMNS, names, 3, **spacing)
    rows = -(-len(found) // columns)
    below = 0.5 + 0.17 * rows
    figure = new_figure(TWO_COLUMNS, 2.5 + below)
    panels = figure.subplots(1, 2, sharey=True)
    figure.subplots_adjust(0.075, below / (2.5 + below), 0.985, 0.9, wspace=0.08)
    for axes, (which, title) in zip(panels, _KINDS, strict=True):
        tidy_axes(axes)
        for lived in found:
            means = lived.means(which)
            if not means:
                continue
            last = len(means) - 1
            chosen = np.unique(np.r_[0, np.geomspace(1, max(last, 1), _POINTS)].astype(int))
            chosen = chosen[chosen <= last]
            middle = np.array([means[age].mean for age in chosen])
            half = np.nan_to_num([means[age].half for age in chosen])
            look = looks[lived.cell.label]
            colour = look.hue.light
            axes.step(
                chosen,
                middle,
                where="post",
                color=colour,
                linewidth=1.15,
                dashes=look.dashes,
            )
            if lived.n > 1:
                tint = min(0.16, 1 / len(found))
                axes.fill_between(
                    chosen,
                    middle - half,
                    middle + half,
                    step="post",
                    color=colour,
                    alpha=tint,
                    linewidth=0,
                )
        axes.set_title(title, loc="left", pad=4)
        axes.set_xlabel("Updates lived through")
        axes.set_xscale("symlog", linthresh=1)  # most go at once, some stay for ever
        axes.set_xlim(left=0)
        axes.set_ylim(0, 1.02)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    panels[0].set_ylabel("Share of connections")
    drawn = [looks[lived.cell.label] for lived in found]
    handles = [
        Line2D([], [], color=look.hue.light, linewidth=1.15, dashes=look.dashes) for look in drawn
    ]
    figure.legend(handles, names, loc="lower center", ncols=columns, **spacing)
    return figure
