"""Figures of other implementations that the study names, beside the runs' own."""

from __future__ import annotations

import math
from collections.abc import Iterator

from suite.reporting.numbers import MISSING, Format, estimate
from suite.reporting.section import Grid, Material, Section, Td, head, number, words
from suite.study import Reference
from suite.study.file import ReferenceEpoch

_MEASURES = {
    "train_loss": "training loss",
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy",
    "test_loss": "test loss",
    "test_accuracy": "test accuracy",
    "connections": "connections",
}


def section(material: Material) -> Section | None:
    """Return each reference's figures beside those of the runs, by epoch."""
    references = material.results.study.references
    rows = [row for r in references for row in _rows(material, r)]
    if not rows:
        return None
    named = "; ".join(f"{reference.cell.title}: {reference.source}" for reference in references)
    text = f"The study names figures of other implementations to check its runs with. {named}."
    caption = (
        "Mean over runs ± half the 95 % t interval, the range over runs, where one more run would "
        "lie with 95 % (a prediction interval, for normal values), and the reference, which is "
        "one run where it says so; the difference is ours less the reference."
    )
    heads = head(
        *("Method", "Epoch", "Measure", "n", "Mean", "Range", "One run", "Reference", "Difference"),
        names=(0, 2),
    )
    grid = Grid("references-grid", caption, heads, tuple(rows))
    return Section("references", "Beside other implementations", (text, grid))


def _rows(material: Material, reference: Reference) -> Iterator[tuple[Td, ...]]:
    frame = material.results.frame
    of_cell = frame[frame["cell"] == reference.cell.label]
    for recorded in reference.epochs:
        at_epoch = of_cell[of_cell["epoch"] == recorded.epoch]
        for name, theirs in _figures(recorded):
            ours = estimate(at_epoch[name].astype("float64"))
            if not ours.n:
                continue
            form = Format(0, grouped=True) if name == "connections" else Format(3)
            half = f" ± {form.text(ours.half)}" if ours.n > 1 else ""
            least, most = float(at_epoch[name].min()), float(at_epoch[name].max())
            reach = ours.half * math.sqrt(ours.n + 1)
            difference = ours.mean - theirs
            yield (
                words(reference.cell.title),
                number(recorded.epoch, str(recorded.epoch)),
                words(_MEASURES[name]),
                number(ours.n, str(ours.n)),
                number(ours.mean, form.text(ours.mean) + half),
                number(least, f"{form.text(least)} to {form.text(most)}"),
                number(ours.mean - reach, _ends(form, ours.mean, reach)),
                number(theirs, form.text(theirs)),
                number(difference, ("+" if difference > 0 else "") + form.text(difference)),
            )


def _ends(form: Format, mean: float, reach: float) -> str:
    if not math.isfinite(reach):
        return MISSING
    return f"{form.text(mean - reach)} to {form.text(mean + reach)}"


def _figures(recorded: ReferenceEpoch) -> Iterator[tuple[str, float]]:
    for name in _MEASURES:
        if (value := getattr(recorded, name)) is not None:
            yield name, value
