"""Figures 2 to 6 of the paper: which cells each shows, and what is said under it.

Figures 2 and 3 show accuracy and loss of the regrowth strategies over the first 100 epochs;
Figures 4 to 6 accuracy, loss and connections of the methods, with the last epochs enlarged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from suite import paper
from suite.datasets.sources import title as source_title
from suite.measures import MEASURES
from suite.reporting.appearance import Look
from suite.reporting.curve_figures import Axis, draw_curves, moving, panels
from suite.reporting.curves import Curve, curve_table, curves
from suite.reporting.drawing import Shown, inline, save, style, write_csv
from suite.reporting.multiples import MOST, draw_multiples
from suite.reporting.numbers import (
    count,
    in_a_sentence,
    listing_some,
    runs_a_cell,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from suite.store.table import Results
    from suite.study import Cell


@dataclass(frozen=True)
class Plan:
    """One of Figures 2 to 6, before it is drawn.

    Attributes:
        stem: Of its files.
        number: In the paper.
        subject: Whose curves.
        measure: What is drawn, in words.
        column: Of the tidy table.
        axis: The vertical one.
        cells: Whose curves.
        dataset: Their data set.
        until: Last epoch shown; None shows all.
        zoom: Last epochs to enlarge; None enlarges none.
    """

    stem: str
    number: int
    subject: str
    measure: str
    column: str
    axis: Axis
    cells: tuple[Cell, ...]
    dataset: str
    until: int | None = None
    zoom: int | None = None


_ACCURACY = ("accuracy", "test_accuracy", Axis("Accuracy on the test set"))
_LOSS = ("loss", "test_loss", Axis("Loss on the test set"))
_CONNECTIONS = ("connections", "connections", Axis("Connections", from_zero=True, grouped=True))


@dataclass(frozen=True)
class OnData:
    """The cells of a study on one of its data sets.

    Attributes:
        dataset: Its title.
        suffix: What the names of its figures' files end in: nothing where there is no other.
        on: What their titles end in, likewise.
        cells: In the study's order.
    """

    dataset: str
    suffix: str
    on: str
    cells: list[Cell]

    @property
    def methods(self) -> list[Cell]:
        """The methods, see `divide`; the strategies of a study that has no others."""
        return divide(self.cells)[1] or self.cells


def on_each(cells: Sequence[Cell]) -> list[OnData]:
    """Return a study's cells by their data set."""
    datasets: dict[str, list[Cell]] = {}
    for cell in cells:
        datasets.setdefault(source_title(cell.settings.dataset), []).append(cell)
    return [
        OnData(name, suffix, f" on {name}" if suffix else "", datasets[name])
        for name, suffix in suffixes_of(datasets).items()
    ]


def plans(results: Results) -> list[Plan]:
    """Return the figures that a study's cells need, grouped by data set."""
    found: list[Plan] = []
    for here in on_each(results.study.cells):
        dataset, suffix = here.dataset, here.suffix
        strategies, methods = divide(here.cells)
        last = max(cell.settings.epochs for cell in here.cells)
        until = paper.REGROWTH_EPOCHS if last > paper.REGROWTH_EPOCHS else None
        wanted = results.study.file.report.zoom
        # the paper's three strategies need no closer look; more than one panel holds do
        zoom = _zoom(wanted, until or last) if len(strategies) > MOST else None
        groups = (
            ("regrowth strategies", strategies, {2: _ACCURACY, 3: _LOSS}, until, zoom),
            (
                "methods",
                methods,
                {4: _ACCURACY, 5: _LOSS, 6: _CONNECTIONS},
                None,
                _zoom(wanted, last),
            ),
        )
        found += [
            Plan(f"fig{n}{suffix}", n, subject, *shown, tuple(cells), dataset, until, zoom)
            for subject, cells, figures, until, zoom in groups
            if cells
            for n, shown in figures.items()
        ]
    return found


def slug(text: str) -> str:
    """Return a text as part of a file's name: small letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40]


def suffixes_of(datasets: Iterable[str]) -> dict[str, str]:
    """Return what the files of each data set end in: nothing where there is only one."""
    names = list(dict.fromkeys(datasets))
    if len(names) == 1:
        return {names[0]: ""}
    found: dict[str, str] = {}
    for number, name in enumerate(names, start=1):
        suffix = f"-{slug(name) or number}"
        taken = suffix in found.values()
        found[name] = f"{suffix}-{number}" if taken else suffix
    return found


def divide(cells: list[Cell]) -> tuple[list[Cell], list[Cell]]:
    """Return the cells that differ from another in the regrowth strategy alone, and the methods.

    Each method is shown with its first strategy only. A study of strategies alone has no figures
    of methods.
    """
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(_apart_from_regrowth(cell), []).append(cell)
    strategies = [cell for group in groups.values() if len(group) > 1 for cell in group]
    if len(strategies) == len(cells):
        return strategies, []
    return strategies, [group[0] for group in groups.values()]


def _apart_from_regrowth(cell: Cell) -> str:
    settings = cell.settings.model_dump(mode="json", exclude={"regrow", "neighbourhood"})
    return json.dumps(settings, sort_keys=True)


def _zoom(wanted: int, last: int) -> int | None:
    """Return how many last epochs to enlarge: as wanted, or a tenth of a short training."""
    if last >= 2 * wanted:
        return wanted
    return max(last // 10, 3) if last >= 20 else None


def show(plan: Plan, results: Results, looks: dict[str, Look], out: Path) -> Shown | None:
    """Draw a figure, write its files and return it for the page; None if no run is done."""
    drawn = curves(results.frame, list(plan.cells), plan.column)
    if plan.until is not None:
        drawn = [curve.between(1, plan.until) for curve in drawn]
    drawn = [curve for curve in drawn if curve.counts.any()]
    if not drawn:
        return None
    write_csv(curve_table(drawn), out / f"{plan.stem}.csv")
    title = f"{plan.measure.capitalize()} of the {plan.subject} on {plan.dataset}"
    last = max(int(curve.epochs[-1]) for curve in drawn)
    description = _describe(drawn, plan, last)
    with style(plan.stem):
        figure = _draw(drawn, looks, plan)
        picture = save(figure, plan.stem, out)
    wide = inline(picture, title, description, json.dumps(panels(figure)))
    stem = f"{plan.stem}-column"
    with style(stem):
        column = _draw(drawn, looks, plan, narrow=True)
        picture = save(column, stem, out, formats=("svg", "pdf"))
    narrow = inline(picture, title, description, json.dumps(panels(column)))
    caption = _caption(plan, drawn, last, figure)
    name = f"Figure {plan.number}"
    values = values_of(drawn, looks, plan)
    return Shown(plan.stem, name, title, caption, wide, narrow, column=True, values=values)


def _draw(
    drawn: list[Curve], looks: dict[str, Look], plan: Plan, *, narrow: bool = False
) -> Figure:
    """Draw curves in one panel or, where they are too many, in one panel for each group."""
    if len(drawn) > MOST:
        return draw_multiples(drawn, looks, plan.axis, zoom=plan.zoom, narrow=narrow)
    return draw_curves(drawn, looks, plan.axis, zoom=plan.zoom, narrow=narrow)


def values_of(drawn: list[Curve], looks: dict[str, Look], plan: Plan) -> str:
    """Return the data of curves for a page's script, as JSON: means and half intervals by epoch."""
    form = MEASURES[plan.column].format()

    def plainly(numbers: Iterable[float]) -> list[float | None]:
        return [float(form.plain(n)) if form.plain(n) else None for n in numbers]

    found = [
        {
            "title": curve.cell.brief,
            "first": int(curve.epochs[0]),
            "means": plainly(curve.mean),
            "halves": plainly(curve.half) if curve.n > 1 else [],
            "hue": looks[curve.cell.label].hue.light[1:],
            "dash": looks[curve.cell.label].dash,
        }
        for curve in drawn
    ]
    about = {"decimals": form.decimals, "curves": found}
    return json.dumps(about, separators=(",", ":")).replace("<", "\\u003c")


def _describe(drawn: list[Curve], plan: Plan, last: int) -> str:
    """Say in words where the curves end."""
    form = MEASURES[plan.column].format()
    one = all(curve.epochs[-1] == last for curve in drawn)
    when = f"epoch {last:,}" if one else f"the last epoch, {last:,} where none is given"
    ends = [
        f"{curve.cell.brief} {form.text(float(curve.mean[-1]))}"
        + (f" ± {form.text(float(curve.half[-1]))}" if curve.counts[-1] > 1 else "")
        + (f" (epoch {curve.epochs[-1]:,})" if curve.epochs[-1] != last else "")
        for curve in drawn
    ]
    return f"Mean {plan.measure} in {when}: {'; '.join(ends)}."


def _caption(plan: Plan, drawn: list[Curve], last: int, figure: Figure) -> str:
    of = "Connections" if plan.column == "connections" else f"Test {plan.measure}"
    parts = [f"{of} over {count(last, 'epoch')} on {plan.dataset}."]
    ended = [
        f"{in_a_sentence(curve.cell.brief)} in epoch {curve.epochs[-1]:,}"
        for curve in drawn
        if curve.epochs[-1] != last
    ]
    if ended:
        parts.append(f"Some end earlier: {listing_some(ended)}.")
    if any(curve.n > 1 for curve in drawn):
        bottom, top = figure.axes[0].get_ylim()  # the same in all panels
        cut = any(np.nanmin(c.low) < bottom or np.nanmax(c.high) > top for c in drawn)
        parts.append(
            f"Lines are means over seeds ({runs_a_cell(curve.n for curve in drawn)}), bands their "
            "95 % t intervals"
            + (", cut off where they leave the axes" if cut else "")
            + (", faint lines the single runs." if len(drawn) <= MOST else ".")
        )
    else:
        parts.append("Each line is a single run (n = 1), so there is no band.")
    if len(drawn) > MOST:
        parts.append("Each panel has some cells in colour; grey: the means of all others.")
    if any(axes.child_axes for axes in figure.axes):
        moved = {curve.cell.label for curve in moving(drawn)}
        flat = [in_a_sentence(c.cell.brief) for c in drawn if c.cell.label not in moved]
        same = "which stays the same" if len(flat) == 1 else "which stay the same"
        but = f" of all but {listing_some(flat)}, {same}" if flat else ""
        insets = "The inset enlarges" if len(drawn) <= MOST else "Insets enlarge the means of"
        parts.append(f"{insets} the last {plan.zoom:,} epochs{but}, shaded in the figure.")
    spoilt = [
        f"{count(curve.left_out, 'value')} of {in_a_sentence(curve.cell.brief)}"
        for curve in drawn
        if curve.left_out
    ]
    if spoilt:
        parts.append(f"Not finite, and left out: {listing_some(spoilt)}.")
    shown = {curve.cell.label for curve in drawn}
    lost = [in_a_sentence(cell.brief) for cell in plan.cells if cell.label not in shown]
    if lost:
        parts.append(f"Not shown, as no finished run has finite values: {listing_some(lost)}.")
    return " ".join(parts)
