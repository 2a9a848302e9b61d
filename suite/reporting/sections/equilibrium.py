"""Measured connections compared with those that the formula predicts."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from suite.measures import layers_of
from suite.methods.budgets import equilibrium
from suite.methods.recipe import Recipe
from suite.reporting.numbers import Format, estimate, percent
from suite.reporting.section import Grid, Material, Section, head, number, words
from suite.study import Cell

_OF_THE_EPOCHS = 0.1
"""Theta is averaged over this last share of the epochs."""
_BY_THETA = ("all", "performance")
"""The budgets that return theta of a layer's initial count."""


def section(material: Material) -> Section | None:
    """Return measured and predicted connections, by cell that evolves."""
    form = Format(0, grouped=True)
    rows, looks = [], []
    for cell in material.results.study.cells:
        if not has_equilibrium(cell.settings.recipe):
            continue
        frame = material.results.frame
        runs = [run for _, run in frame[frame["cell"] == cell.label].groupby("seed")]
        if not runs:
            continue
        found = np.array([predicted_and_measured(run, cell) for run in runs])
        theta, predicted, measured = (estimate(column) for column in found.T)
        if not predicted.n:
            continue
        share = measured.mean / predicted.mean - 1 if predicted.mean else math.nan
        interval = f" ± {form.text(measured.half)}" if measured.n > 1 else ""
        rows.append(
            (
                words(cell.title),
                number(measured.n, str(measured.n)),
                number(theta.mean, f"{theta.mean:.4f}"),
                number(predicted.mean, form.text(predicted.mean)),
                number(measured.mean, form.text(measured.mean) + interval),
                number(share, ("+" if share > 0 else "") + percent(share, 2)),
            )
        )
        looks.append(material.looks[cell.label])
    if not rows:
        return None
    text = (
        "With a constant θ the connections of a layer tend to γ θ / (ζ + (1 − ζ) θ), where γ is "
        "its initial count and ζ the share pruned. The prediction uses the mean θ of the last "
        "tenth of each run's epochs, or else its last θ. A measured count above the prediction has "
        "not settled yet. A count below it has lost more than ζ an epoch: weights that are exactly "
        "zero are pruned in addition, and weights regrown at an input that is always zero stay "
        "zero. θ varies from epoch to epoch, which moves a count slightly either way."
    )
    caption = (
        "Connections predicted from θ and measured in the last epoch, summed over layers: means "
        "over runs, measured ± half the 95 % t interval. The last column is the measured count "
        "relative to the predicted one."
    )
    heads = head("Method", "n", "θ", "Predicted", "Measured", "Difference")
    grid = Grid("equilibrium-grid", caption, heads, tuple(rows), tuple(looks))
    return Section("equilibrium", "Equilibrium of the connections", (text, grid))


def has_equilibrium(recipe: Recipe) -> bool:
    """Whether the formula holds: theta decides how many return, and a constant share is pruned."""
    return recipe.evolves and recipe.rate.name == "constant" and recipe.budget.name in _BY_THETA


def predicted_and_measured(run: pd.DataFrame, cell: Cell) -> tuple[float, float, float]:
    """Return theta of a run's last epochs, the connections it leads to, and those measured.

    Args:
        run: The run's rows of the tidy table.
        cell: Its cell.
    """
    run = run.sort_values("epoch")
    theta = run["theta"]
    if theta.isna().iloc[-1]:  # most schedules update after epochs, and not after the last one
        theta = theta.iloc[:-1]
    known = theta.dropna()
    if known.empty:
        return np.nan, np.nan, float(run["connections"].iloc[-1])
    recent = theta.tail(max(int(len(run) * _OF_THE_EPOCHS), 1)).dropna()
    late = float(known.iloc[-1] if recent.empty else recent.mean())
    layers = layers_of(run)
    initial = run[layers].iloc[0].dropna()
    predicted = sum(
        equilibrium(float(gamma), late, cell.settings.recipe.rate.options["zeta"])
        for gamma in initial
    )
    return late, predicted, float(run["connections"].iloc[-1])
