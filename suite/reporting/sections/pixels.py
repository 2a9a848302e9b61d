"""Pixels: which pixels of the images the network is connected to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suite.measures import percent
from suite.reporting.drawing import (
    SMALL,
    TWO_COLUMNS,
    Shown,
    new_figure,
    short,
)
from suite.reporting.figures import OnData
from suite.reporting.numbers import in_a_sentence, listing_some, runs_a_cell
from suite.reporting.section import Block, Material
from suite.study import Cell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from suite.store.table import RunState

_MOST = 12
"""Cells drawn."""
_ACROSS = 6
"""Cells in one row of the figure."""
_SCALE = 8
"""Each pixel is drawn as a square of this many: an SVG's viewer would blur it otherwise."""


@dataclass(frozen=True)
class Heat:
    """The mean connections of each pixel over a cell's runs.

    Attributes:
        cell: Which.
        initial: (height, width), at the start.
        final: The same after the last epoch.
        n: Runs.
    """

    cell: Cell
    initial: NDArray[np.float64]
    final: NDArray[np.float64]
    n: int


def blocks(material: Material, here: OnData) -> list[Block]:
    """Return heat maps of the images; none where no record has the pixels."""
    maps = [heat for cell in here.methods if (heat := heat_of(cell, material.results.runs))]
    maps = [heat for heat in maps if heat.final.shape == maps[0].final.shape]
    return [_text(maps, here), _show(material, maps, here)] if maps else []


def heat_of(cell: Cell, runs: Sequence[RunState]) -> Heat | None:
    """Return the means over a cell's runs; None where no record has the pixels."""
    records = [run.record for run in runs if run.cell == cell.label and run.record]
    records = [record for record in records if record.get("pixels")]
    if not records:
        return None
    height, width, *_ = records[0]["data"]["shape"]
    initial, final = (
        np.mean([record["pixels"][when] for record in records], axis=0).reshape(height, width)
        for when in ("initial", "final")
    )
    return Heat(cell, initial, final, len(records))


def inner_share(counts: NDArray[np.float64]) -> float:
    """Return the share of connections that the inner half of the rows and columns has."""
    height, width = counts.shape
    rows, columns = (slice(n // 4, n - n // 4) for n in (height, width))
    total = counts.sum()
    return float(counts[rows, columns].sum() / total) if total else float("nan")


def relative(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return counts over their mean; those of a map without connections as they are."""
    return counts / (counts.mean() or 1.0)


def _text(maps: list[Heat], here: OnData) -> str:
    area = inner_share(np.ones_like(maps[0].final))
    moved = [
        f"{in_a_sentence(heat.cell.brief)} from {percent(inner_share(heat.initial))} to "
        f"{percent(inner_share(heat.final))}"
        for heat in maps
    ]
    return (
        f"The inner half of the rows and columns has {percent(area)} of the pixels. Its share of "
        f"the first layer's connections{here.on} changes, by method: "
        f"{listing_some(moved, most=_MOST)}."
    )


def _show(material: Material, maps: list[Heat], here: OnData) -> Shown:
    stem = f"pixels{here.suffix}"
    data = pd.concat([_table(heat) for heat in maps], ignore_index=True)
    drawn = maps[:_MOST]
    title = f"Connections of each pixel on {here.dataset}"
    description = "; ".join(
        f"{heat.cell.brief}: share of the inner pixels {inner_share(heat.initial):.3f} at the "
        f"start, {inner_share(heat.final):.3f} at the end"
        for heat in drawn
    )
    caption = (
        "Connections from each input pixel to the first hidden layer, its channels together, at "
        "the start (above) and after the last epoch (below): means over runs "
        f"({runs_a_cell(heat.n for heat in drawn)}). Each map is divided by its own mean, so that "
        "1 is an average pixel; all maps share one colour scale. The CSV file has counts."
    )
    if len(maps) > _MOST:
        caption += f" The first {_MOST} of {len(maps)} cells are shown."
    return material.draw(stem, lambda: _draw(drawn), data, title, caption, description)


def _table(heat: Heat) -> pd.DataFrame:
    height, width = heat.final.shape
    row, column = np.divmod(np.arange(height * width), width)
    parts = [
        pd.DataFrame(
            {
                **{"cell": heat.cell.label, "when": when, "row": row, "column": column},
                **{"n": heat.n, "connections": counts.ravel()},
            }
        )
        for when, counts in (("initial", heat.initial), ("final", heat.final))
    ]
    return pd.concat(parts, ignore_index=True)


def _draw(maps: list[Heat]) -> Figure:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    across = min(_ACROSS, max(len(maps), 3))
    bands = -(-len(maps) // across)
    height, width = maps[0].final.shape
    left, right, bottom, gap = 0.5, 0.75, 0.42, 0.12
    side = min((TWO_COLUMNS - left - right) / across - gap, 1.6)
    letters = max(8, int(side * 17))
    names = [fill(short(heat.cell.brief, 3 * letters), letters, max_lines=3) for heat in maps]
    top = 0.2 + 0.12 * max(1 + name.count("\n") for name in names)
    tall = side * height / width
    band = 2 * tall + gap + top + bottom
    figure = new_figure(TWO_COLUMNS, bands * band)
    all_maps = [relative(m) for heat in maps for m in (heat.initial, heat.final)]
    scale = Normalize(min(m.min() for m in all_maps), max(m.max() for m in all_maps))
    for number, heat in enumerate(maps):
        row, column = divmod(number, across)
        for below, counts in enumerate((heat.initial, heat.final)):
            x = (left + column * (side + gap)) / TWO_COLUMNS
            y = 1 - (row * band + top + (below + 1) * tall + below * gap) / (bands * band)
            axes = figure.add_axes((x, y, side / TWO_COLUMNS, tall / (bands * band)))
            large = np.kron(relative(counts), np.ones((_SCALE, _SCALE)))
            axes.imshow(
                large,
                cmap="cividis",
                norm=scale,
                interpolation="none",
                extent=(0.5, width + 0.5, height + 0.5, 0.5),
                aspect="auto",
            )
            axes.set_xticks([1, width], labels=["1", str(width)] if below else [])
            axes.set_yticks([1, height], labels=["1", str(height)] if not column else [])
            axes.tick_params(length=2, pad=2)
            if not column:
                axes.set_ylabel(f"{'End' if below else 'Start'}\nrow", labelpad=-4, fontsize=SMALL)
            if below:
                axes.set_xlabel("column", labelpad=-4, fontsize=SMALL)
            else:
                axes.set_title(names[number], loc="left", pad=4, fontsize=SMALL)
    bar = figure.add_axes(
        (
            (left + min(len(maps), across) * (side + gap) + 0.1) / TWO_COLUMNS,
            1 - (top + 2 * tall + gap) / (bands * band),
            0.1 / TWO_COLUMNS,
            (2 * tall + gap) / (bands * band),
        )
    )
    figure.colorbar(ScalarMappable(scale, "cividis"), cax=bar)
    bar.set_ylabel("Connections of a pixel, over the mean", fontsize=SMALL)
    bar.tick_params(length=2)
    return figure
