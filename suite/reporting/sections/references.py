"""Figures of other implementations that the study names, compared with those of the runs."""

from __future__ import annotations

import math
from collections.abc import Iterator

from suite.measures import MEASURES, REFERENCES
from suite.reporting.numbers import MISSING, Format, estimate
from suite.reporting.section import Grid, Material, Section, Td, head, number, words
from suite.study import Reference
from suite.study.file import ReferenceEpoch

_FRACTIONS = Format(3)
"""Other implementations' losses and accuracies are published with three decimals."""


def section(material: Material) -> Section | None:
    """Return each reference's figures and those of the runs, by epoch."""
    references = material.results.study.references
    rows = [row for r in references for row in _rows(material, r)]
    if not rows:
        return None
    named = "; ".join(f"{reference.cell.title}: {reference.source}" for reference in references)
    text = f"Published figures of other implementations, as a check on these runs. {named}."
    caption = (
        "Mean over runs ± half the 95 % t interval; the range over runs; the 95 % prediction "
        "interval for one more run (normal values); the reference, a single run where it says so; "
        "and the difference, ours minus the reference."
    )
    heads = head(
        *("Method", "Epoch", "Measure", "n", "Mean", "Range", "One run", "Reference", "Difference"),
        names=(0, 2),
    )
    grid = Grid("references-grid", caption, heads, tuple(rows))
    return Section("references", "Compared with other implementations", (text, grid))


def _rows(material: Material, reference: Reference) -> Iterator[tuple[Td, ...]]:
    frame = material.results.frame
    of_cell = frame[frame["cell"] == reference.cell.label]
    for recorded in reference.epochs:
        at_epoch = of_cell[of_cell["epoch"] == recorded.epoch]
        for name, theirs in _figures(recorded):
            ours = estimate(at_epoch[name].astype("float64"))
            if not ours.n:
                continue
            measure = MEASURES[name]
            form = measure.format() if measure.kind == "whole" else _FRACTIONS
            half = f" ± {form.text(ours.half)}" if ours.n > 1 else ""
            least, most = float(at_epoch[name].min()), float(at_epoch[name].max())
            reach = ours.half * math.sqrt(ours.n + 1)
            difference = ours.mean - theirs
            yield (
                words(reference.cell.title),
                number(recorded.epoch, str(recorded.epoch)),
                words(measure.title),
                number(ours.n, str(ours.n)),
                number(ours.mean, form.text(ours.mean) + half),
                number(least, f"{form.text(least)} to {form.text(most)}"),
                number(ours.mean - reach, _ends(form, ours.mean, reach)),
                number(theirs, form.text(theirs)),
                number(difference, form.signed(difference)),
            )


def _ends(form: Format, mean: float, reach: float) -> str:
    if not math.isfinite(reach):
        return MISSING
    return f"{form.text(mean - reach)} to {form.text(mean + reach)}"


def _figures(recorded: ReferenceEpoch) -> Iterator[tuple[str, float]]:
    for name in REFERENCES:
        if (value := getattr(recorded, name)) is not None:
            yield name, value
