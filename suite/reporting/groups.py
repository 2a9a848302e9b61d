"""Cells in groups: what kind of training a recipe is."""

from __future__ import annotations

from suite.study.cells import Cell

GROUPS = (
    "Dense",
    "Static",
    "Same count throughout",
    "Changing count",
    "Dense to sparse",
    "From an earlier run",
    "Learnt noise",
)
"""In the order in which they are shown."""


def group_of(cell: Cell) -> str:
    """Return the group of a cell; its recipe decides."""
    recipe = cell.settings.recipe
    if cell.settings.noise is not None:
        return "Learnt noise"
    if recipe.chained:
        return "From an earlier run"
    if not recipe.sparse:
        return "Dense to sparse" if recipe.evolves else "Dense"
    if not recipe.evolves:
        return "Static"
    return "Same count throughout" if recipe.budget.name == "all" else "Changing count"
