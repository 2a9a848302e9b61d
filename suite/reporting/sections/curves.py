"""Figures 2 to 6."""

from __future__ import annotations

from suite.reporting.figures import plans, show
from suite.reporting.section import Material, Section
from suite.wording import span


def section(material: Material) -> Section | None:
    """Return the figures that the study has cells for."""
    planned = plans(material.results)
    drawn = [show(plan, material.results, material.looks, material.out) for plan in planned]
    shown = tuple(material.add_figure(figure) for figure in drawn if figure is not None)
    if not shown:
        return None
    numbers = sorted({int(figure.name.removeprefix("Figure ")) for figure in shown})
    return Section("figures", f"Figure{'s' * (len(numbers) > 1)} {span(numbers)}", shown)
