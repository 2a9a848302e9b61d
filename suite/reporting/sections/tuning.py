"""How the cells were tuned: budget, winners, samples, and what more samples might change."""

from __future__ import annotations

import math

import pandas as pd

from suite.reporting.section import Grid, Material, Section, head, number, words
from suite.statistics.tuning import expected_best
from suite.store.table import as_csv
from suite.study.document import as_yaml
from suite.study.tune import Tuned

FILE = "tuning.csv"


def section(material: Material) -> Section | None:
    """Return the budget and winner of each tuned cell, and the expected best of n samples."""
    tuned = {label: of for label, of in material.results.study.tuned.items() if _measured(of)}
    if not tuned:
        return None
    rows = [row for label, of in tuned.items() for row in _samples(label, of)]
    (material.out / FILE).write_text(as_csv(pd.DataFrame(rows)), encoding="utf-8")
    material.files.append(("Samples of tuning", ((FILE, "CSV"),)))
    first = next(iter(tuned.values())).tuning
    text = (
        "Every cell was tuned with the same number of samples, and with seeds of its own, before "
        f"it was run over the study's seeds. Samples were compared by {first.measure} of held-out "
        "training images; no test image was looked at. The winner's values are the cell's "
        "settings in the rest of this report."
    )
    expected = (
        "The best measure that n samples are expected to reach in the first rung, to which all of "
        "them were trained, with the interval that holds 95 % of the draws (Dodge et al. 2019). "
        "Where intervals of two methods overlap at the largest n, a larger budget may change their "
        "order."
    )
    blocks = (text, _winners(material, tuned), expected, _expected(material, tuned))
    return Section("tuning", "Tuning", blocks)


def _measured(of: Tuned) -> bool:
    return of.winner is not None and any(math.isfinite(value) for value in _first(of))


def _first(of: Tuned) -> list[float]:
    return [-math.inf if value is None else value for value in of.rungs[0].values]


def _shown(of: Tuned, value: float) -> float:
    return -value if of.tuning.measure == "val_loss" else value


def _known(of: Tuned, value: float | None) -> float | None:
    """Return a measure as it was recorded, None for a sample that diverged."""
    return _shown(of, value) if value is not None and math.isfinite(value) else None


def _samples(label: str, of: Tuned) -> list[dict[str, object]]:
    """Return one row a sample and rung."""
    return [
        {
            "cell": label,
            "sample": sample + 1,
            "epoch": rung.epoch,
            of.tuning.measure: None
            if not math.isfinite(value or 0.0)
            else _shown(of, value or 0.0),
            "winner": sample == of.winner,
            **of.tuning.samples[sample],
        }
        for rung in of.rungs
        for sample, value in zip(rung.samples, rung.values, strict=True)
    ]


def _winners(material: Material, tuned: dict[str, Tuned]) -> Grid:
    titles = {cell.label: cell.title for cell in material.results.study.cells}
    rows = []
    for label, of in tuned.items():
        assert of.winner is not None
        last = of.rungs[-1]
        value = _shown(of, last.values[last.samples.index(of.winner)] or 0.0)
        runs, epochs = of.tuning.budget
        chosen = of.tuning.samples[of.winner]
        rows.append(
            (
                words(titles[label]),
                words(", ".join(f"{name} {as_yaml(chosen[name])}" for name in chosen)),
                number(value, f"{value:.4f}"),
                number(of.winner + 1, str(of.winner + 1)),
                number(runs, f"{runs:,}"),
                number(epochs, f"{epochs:,}"),
            )
        )
    heads = head("Method", "Winner", "Held out", "Sample", "Runs", "Epochs", names=(0, 1))
    looks = tuple(material.looks[label] for label in tuned)
    return Grid("tuning-grid", "Budget and winner of each cell.", heads, tuple(rows), looks)


def _expected(material: Material, tuned: dict[str, Tuned]) -> Grid:
    titles = {cell.label: cell.title for cell in material.results.study.cells}
    most = max(len(of.tuning.samples) for of in tuned.values())
    counts = [n for n in (1, 2, 4, 8, 16, 32, 64, 128, 256) if n < most] + [most]
    rows = []
    for label, of in tuned.items():
        cells = [words(titles[label])]
        for n in counts:
            best = expected_best(_first(of), n)
            ends = sorted((_shown(of, best.low), _shown(of, best.high)))
            mean = _shown(of, best.mean)
            cells.append(number(mean, f"{mean:.4f}", small=f"{ends[0]:.4f} to {ends[1]:.4f}"))
        rows.append(tuple(cells))
    heads = head("Method", *(f"n = {n}" for n in counts))
    looks = tuple(material.looks[label] for label in tuned)
    caption = "Expected best held-out measure of n samples in the first rung."
    return Grid("tuning-expected", caption, heads, tuple(rows), looks)
