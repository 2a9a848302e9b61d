"""E-values over seeds: how the evidence for each comparison grew, and the level it must reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from suite.reporting.appearance import MUTED, Look
from suite.reporting.drawing import (
    SMALL,
    TWO_COLUMNS,
    Shown,
    name_ends,
    new_figure,
    tidy_axes,
)
from suite.reporting.section import Material

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from suite.decisions import Compared

_LEAST = 0.01
"""Smaller e-values are drawn here: they are no evidence of a difference."""
_HEIGHT, _LEFT, _RIGHT = 3.2, 0.09, 0.66
"""Of the figure in inches, and where the axes begin and end as shares of its width."""


def show_evidence(material: Material) -> Shown:
    """Draw the e-values of the declared comparisons over seeds, and write them as CSV."""
    compared = material.comparisons
    alpha = material.results.study.file.comparisons.alpha
    first = len(compared)
    caption = (
        "The e-value of each comparison after each seed, on a logarithmic axis; a large one is "
        "evidence that the cells differ. It may be read after every seed, and the largest so far "
        f"counts. Dashed: 1/α = {1 / alpha:g}, which a single comparison must reach"
    )
    if first > 1:
        caption += (
            f", and {first / alpha:g}, which the first of these {first} to be decided must reach "
            "(Holm); each later one needs less"
        )
    return material.draw(
        "evidence",
        lambda: draw_evidence(compared, material.looks, alpha),
        evidence_table(compared),
        "Evidence over seeds",
        f"{caption}.",
        "; ".join(f"{row.title}: e = {row.found.e:.3g}" for row in compared),
    )


def evidence_table(compared: Sequence[Compared]) -> pd.DataFrame:
    """Return one row a comparison and seed: the e-values after it, and p = 1 / largest so far."""
    frames = []
    for row in compared:
        found = row.found.evidence
        if found is None:
            continue
        frames.append(
            pd.DataFrame(
                {
                    "cell": row.cell.label,
                    "against": row.against.label,
                    "outcome": row.outcome,
                    "n": np.arange(1, found.e.size + 1),
                    "seed": row.found.seeds,
                    "e": found.e,
                    "e_higher": np.exp(np.minimum(found.log_higher, 700)),
                    "e_lower": np.exp(np.minimum(found.log_lower, 700)),
                    "p": 1 / np.maximum.accumulate(np.maximum(found.e, 1.0)),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def draw_evidence(compared: Sequence[Compared], looks: dict[str, Look], alpha: float) -> Figure:
    """Draw e-values over seeds, with the boundaries of one comparison and of the family's first."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

    figure = new_figure(TWO_COLUMNS, _HEIGHT)
    axes = figure.add_axes((_LEFT, 0.15, _RIGHT - _LEFT, 0.8))
    tidy_axes(axes)
    boundaries = {1 / alpha, len(compared) / alpha}
    ends = []
    for row in compared:
        e = np.concatenate([[1.0], row.found.evidence.e if row.found.evidence else []])
        e = np.maximum(e, _LEAST)
        look = looks[row.cell.label]
        axes.plot(
            np.arange(e.size),
            e,
            color=look.hue.light,
            dashes=look.dashes,
            marker=look.marker,
            markersize=3,
            linewidth=1.2,
            clip_on=False,
        )
        ends.append((row.title, e.size - 1, float(e[-1]), look.hue.light))
    most = max(n for _, n, *_ in ends)
    axes.set_yscale("log")
    axes.set_xlim(0, max(most, 1))
    axes.set_ylim(min(0.5, *(_LEAST if e <= _LEAST else e for *_, e, _ in ends)) * 0.8, None)
    top = max(axes.get_ylim()[1], 2 * max(boundaries))
    axes.set_ylim(axes.get_ylim()[0], top)
    for boundary in boundaries:
        axes.axhline(boundary, color=MUTED.light, linewidth=0.8, dashes=(4, 2), zorder=1)
        axes.text(
            0.01,
            boundary,
            f" {boundary:g}",
            color=MUTED.light,
            fontsize=SMALL,
            transform=axes.get_yaxis_transform(),
            verticalalignment="bottom",
        )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("Seeds (pairs of runs)")
    axes.set_ylabel("e-value")
    name_ends(axes, ends)
    return figure
