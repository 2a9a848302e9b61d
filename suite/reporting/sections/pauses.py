"""When DynSET paused: epoch by epoch in every run, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from suite.reporting.appearance import MUTED, Look
from suite.reporting.drawing import (
    SMALL,
    TWO_COLUMNS,
    Shown,
    new_figure,
    shortened,
    widest,
)
from suite.reporting.numbers import count, estimate, in_a_sentence, listing, percent, runs_a_cell
from suite.reporting.section import Block, Grid, Material, head, number, words
from suite.reporting.table2 import last_epochs
from suite.study import Cell

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def blocks(material: Material) -> list[Block]:
    """Return figure and table of the cells that may pause; none where there is no such cell."""
    frame = material.results.frame
    done = set(frame["cell"])
    cells = [
        cell
        for cell in material.results.study.cells
        if cell.settings.recipe.gate.name == "pauses" and cell.settings.recipe.evolves
        if cell.label in done
    ]
    if not cells:
        return []
    text = (
        "DynSET skips an update while its signal is worse than it was a few epochs ago. A run that "
        "never pauses is identical to the run with the same seed of the method without the gate."
    )
    made: list[Block] = [text, *identical(material)]
    if frame.loc[frame["cell"].isin([cell.label for cell in cells]), "paused"].any():
        made.append(_show(material, cells))
    return [*made, _grid(material, cells)]


def identical(material: Material) -> list[str]:
    """Say which of the study's cells have had identical runs so far."""
    kinds: dict[object, list[str]] = {}
    runs = last_epochs(material.results.frame).sort_values("seed")
    values = ["seed", "dataset", "epoch", "accuracy", "loss", "connections"]
    for cell in material.results.study.cells:
        own = runs.loc[runs["cell"] == cell.label, values]
        if len(own):
            same = tuple(own.itertuples(index=False, name=None))
            kinds.setdefault(same, []).append(in_a_sentence(cell.title))
    return [
        f"Identical so far in every run, so there is nothing to compare: {listing(titles)}."
        for titles in kinds.values()
        if len(titles) > 1
    ]


def _grid(material: Material, cells: list[Cell]) -> Grid:
    frame = material.results.frame
    rows = []
    for cell in cells:
        rows_of = frame[frame["cell"] == cell.label]
        pauses = rows_of.groupby("seed")["paused"].sum()
        often = estimate(pauses)
        due = (rows_of["paused"] | rows_of["evolved"]).groupby(rows_of["seed"]).sum()
        share = float((pauses / due.clip(lower=1)).mean())
        firsts = rows_of[rows_of["paused"]].groupby("seed")["epoch"].min()
        spread = f" ± {often.half:.1f}" if often.n > 1 else ""
        earliest = float(firsts.median()) if len(firsts) else float("nan")
        never = int((pauses == 0).sum())
        rows.append(
            (
                words(cell.title),
                number(often.n, str(often.n)),
                number(often.mean, f"{often.mean:,.1f}{spread}"),
                number(share, percent(share)),
                number(earliest, f"{earliest:,.0f}" if len(firsts) else "–"),
                number(never, str(never)),
            )
        )
    heads = head("Method", "n", "Pauses a run", "Of the epochs", "First pause", "Never paused")
    caption = (
        "Pauses: mean over runs ± half the 95 % t interval, their share of the epochs with an "
        "update due, the median epoch of a run's first pause, and the runs that never paused."
    )
    looks: tuple[Look | None, ...] = tuple(material.looks[cell.label] for cell in cells)
    return Grid("pauses-grid", caption, heads, tuple(rows), looks)


def _show(material: Material, cells: list[Cell]) -> Shown:
    frame = material.results.frame
    rows = frame[frame["cell"].isin([cell.label for cell in cells])]
    paused = rows.loc[rows["paused"], ["cell", "seed", "epoch"]]
    counts = [
        f"{cell.title}: {count(int((paused['cell'] == cell.label).sum()), 'pause')} in "
        f"{count(int(rows.loc[rows['cell'] == cell.label, 'seed'].nunique()), 'run')}"
        for cell in cells
    ]
    n = runs_a_cell(rows.groupby("cell")["seed"].nunique())
    caption = f"Each row is a run ({n}), each tick an epoch whose update was skipped."
    return material.draw(
        "pauses",
        lambda: _draw(rows, cells, material.looks),
        paused,
        "When updates paused",
        caption,
        "; ".join(counts),
    )


def _draw(rows: pd.DataFrame, cells: list[Cell], looks: dict[str, Look]) -> Figure:
    import seaborn as sns
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    seeds = {
        cell.label: sorted(rows.loc[rows["cell"] == cell.label, "seed"].unique()) for cell in cells
    }
    lanes = sum(map(len, seeds.values())) + len(cells)
    height = min(max(1.1 + 0.075 * lanes, 1.6), 5.0)
    figure = new_figure(TWO_COLUMNS, height)
    names = shortened([cell.title for cell in cells], 40)
    left = min((widest(figure, names) + 8) / 72 / TWO_COLUMNS, 0.45)
    axes = figure.add_axes((left, 0.42 / height, 0.97 - left, 1 - 0.55 / height))
    sns.despine(ax=axes, left=True)
    width = min(
        0.55, (0.97 - left) * TWO_COLUMNS * 72 / rows["epoch"].max()
    )  # no wider than an epoch
    top, middles = 0, []
    for cell in cells:
        ticks_x, ticks_y = [], []
        for lane, seed in enumerate(seeds[cell.label]):
            run = rows[(rows["cell"] == cell.label) & (rows["seed"] == seed)]
            epochs = run.loc[run["paused"], "epoch"].to_numpy(dtype=float)
            y = float(top + lane)
            ticks_x.append(np.repeat(epochs, 3))
            ticks_y.append(np.tile([y - 0.38, y + 0.38, np.nan], len(epochs)))
            axes.axhline(y, color=MUTED.light, alpha=0.15, linewidth=0.4, zorder=1)
        colour = looks[cell.label].hue.light
        axes.plot(np.concatenate(ticks_x), np.concatenate(ticks_y), color=colour, linewidth=width)
        middles.append(top + (len(seeds[cell.label]) - 1) / 2)
        top += len(seeds[cell.label]) + 1
    axes.set_ylim(top - 1.4, -0.6)
    axes.set_yticks(middles, names, fontsize=SMALL)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, rows["epoch"].max())
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axes.set_xlabel("Epoch")
    return figure
