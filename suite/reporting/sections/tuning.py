"""How the cells were tuned: budget, winners, samples, and what more samples might change."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd

from suite.decisions.values import values
from suite.measures import MEASURES
from suite.reporting.drawing import Shown
from suite.reporting.numbers import estimate, listing_some
from suite.reporting.section import Block, Grid, Material, Section, head, number, words
from suite.reporting.tuning_figures import (
    best_table,
    draw_best,
    draw_samples,
    first_values,
)
from suite.study.document import as_yaml
from suite.study.tune import Tuned


def section(material: Material) -> Section | None:
    """Return the budget and winner of each tuned cell, and the expected best of n samples."""
    tuned = {label: of for label, of in material.results.study.tuned.items() if _measured(of)}
    if not tuned:
        return None
    first = next(iter(tuned.values())).tuning
    text = (
        f"{_who(material)} was tuned with {_how_many(tuned)}, on separate seeds, before it was run "
        f"over the study's seeds. Samples were compared by {first.measure} on held-out training "
        "images; tuning used no test image. In the rest of this report each tuned cell has the "
        "settings of its winner."
    )
    blocks: tuple[Block, ...] = (
        text,
        _winners(material, tuned),
        *_untuned(material, tuned),
        _show_samples(material, tuned),
        # Where an algorithm learns, later samples are better by design: n of them are not n drawn.
        *(() if first.learns else _show_best(material, tuned)),
    )
    return Section("tuning", "Tuning", blocks)


def _who(material: Material) -> str:
    """Return which cells are tuned: those that have any of the settings that are searched."""
    study = material.results.study
    others = [cell.brief for cell in study.cells if cell.label not in study.tuned]
    if not others:
        return "Every cell"
    has, its = ("has", "its") if len(others) == 1 else ("have", "their")
    return (
        f"{listing_some(others)} {has} none of the settings that are searched, and {its} own "
        "settings are used. Every other cell"
    )


def _how_many(tuned: dict[str, Tuned]) -> str:
    """Return how many samples a cell was tuned with; one that contradicts its cell is not run."""
    numbers = sorted({len(of.tuning.fitting) for of in tuned.values()})
    if len(numbers) == 1:
        return "the same number of samples"
    return f"{numbers[0]} to {numbers[-1]} samples, as many of those drawn as its settings allow"


def _untuned(material: Material, tuned: dict[str, Tuned]) -> tuple[Grid, ...]:
    """Return the outcome of each cell with the winner's settings and with its own, if both ran."""
    results, outcome = material.results, material.results.study.file.comparisons.outcome
    if results.untuned is None:
        return ()
    tuned_values = values(results, outcome)
    own_values = values(replace(results, frame=results.untuned), outcome)
    both = {
        label: pd.concat([tuned_values[label], own_values[label]], axis=1).dropna()
        for label in tuned
    }
    both = {label: of_cell for label, of_cell in both.items() if not of_cell.empty}
    form = MEASURES[outcome].format(v for of in both.values() for v in of.to_numpy().ravel())
    rows = []
    for label, of_cell in both.items():
        with_winner, with_own = of_cell.to_numpy().T
        gained = estimate(with_winner - with_own)
        ends = f"{form.signed(gained.low)} to {form.signed(gained.high)}" if gained.n > 1 else ""
        rows.append(
            (
                words(_titles(material)[label]),
                *(number(of.mean(), form.text(of.mean())) for of in (with_winner, with_own)),
                number(gained.mean, form.signed(gained.mean), small=ends),
                number(gained.n, str(gained.n)),
            )
        )
    title = MEASURES[outcome].title
    caption = (
        f"{title.capitalize()} with the winner's settings and with the cell's own, which were run "
        "over the same seeds: means, and the mean difference with its 95 % t interval."
    )
    heads = head("Method", "Tuned", "Untuned", "Difference", "n")
    looks = tuple(material.looks[label] for label in both)
    return (Grid("tuning-untuned", caption, heads, tuple(rows), looks),) if rows else ()


def _show_samples(material: Material, tuned: dict[str, Tuned]) -> Shown:
    rows = [row for label, of in tuned.items() for row in _samples(label, of)]
    first = next(iter(tuned.values()))
    measure = MEASURES[first.tuning.measure].title
    caption = (
        "Each line is a sample: its values on the axes of the settings, and on the last axis its "
        f"{measure} in the first rung, the mean over tuning's seeds (n = "
        f"{len(first.tuning.seeds)}). The better, the darker; thick with markers: the winner, "
        "which was chosen in the last rung. Dotted: it diverged."
    )
    return material.draw(
        "tuning-samples",
        lambda: draw_samples(tuned, _titles(material), material.looks, measure),
        pd.DataFrame(rows),
        "Samples of tuning",
        caption,
        "; ".join(_chosen(label, of) for label, of in tuned.items()),
    )


def _show_best(material: Material, tuned: dict[str, Tuned]) -> tuple[Shown, Grid]:
    table = best_table(tuned)
    measure = MEASURES[next(iter(tuned.values())).tuning.measure].title
    caption = (
        f"The best {measure} in the first rung, to which all samples were trained, that n samples "
        "are expected to reach; the band holds 95 % of the draws of n samples from those measured "
        "(Dodge et al. 2019). Where the bands of two methods overlap at the largest n, a larger "
        "budget may change their order."
    )
    shown = material.draw(
        "tuning-best",
        lambda: draw_best(table, _titles(material), material.looks, measure),
        table,
        "Expected best of n samples",
        caption,
        caption,
    )
    return shown, _expected(material, table)


def _titles(material: Material) -> dict[str, str]:
    return {cell.label: cell.title for cell in material.results.study.cells}


def _chosen(label: str, of: Tuned) -> str:
    assert of.winner is not None
    values = of.tuning.samples[of.winner]
    return f"{label}: {', '.join(f'{name} {as_yaml(value)}' for name, value in values.items())}"


def _measured(of: Tuned) -> bool:
    return of.winner is not None and any(math.isfinite(value) for value in first_values(of))


def _known(of: Tuned, value: float | None) -> float | None:
    """Return a measure as it was recorded, None for a sample that diverged."""
    return of.tuning.turned(value) if value is not None and math.isfinite(value) else None


def _samples(label: str, of: Tuned) -> list[dict[str, object]]:
    """Return one row a sample and rung."""
    return [
        {
            "cell": label,
            "sample": sample + 1,
            "epoch": rung.epoch,
            of.tuning.measure: _known(of, value),
            "winner": sample == of.winner,
            **of.tuning.samples[sample],
        }
        for rung in of.rungs
        for sample, value in zip(rung.samples, rung.values, strict=True)
    ]


def _winners(material: Material, tuned: dict[str, Tuned]) -> Grid:
    titles = _titles(material)
    rows = []
    for label, of in tuned.items():
        assert of.winner is not None and of.best is not None
        runs, epochs = of.tuning.budget
        chosen = of.tuning.samples[of.winner]
        rows.append(
            (
                words(titles[label]),
                words(", ".join(f"{name} {as_yaml(chosen[name])}" for name in chosen)),
                number(of.best, f"{of.best:.4f}"),
                number(of.winner + 1, str(of.winner + 1)),
                number(runs, f"{runs:,}"),
                number(epochs, f"{epochs:,}"),
            )
        )
    heads = head("Method", "Winner", "Held out", "Sample", "Runs", "Epochs", names=(0, 1))
    looks = tuple(material.looks[label] for label in tuned)
    return Grid("tuning-grid", "Budget and winner of each cell.", heads, tuple(rows), looks)


def _expected(material: Material, table: pd.DataFrame) -> Grid:
    titles, most = _titles(material), int(table["n"].max())
    counts = [n for n in (1, 2, 4, 8, 16, 32, 64, 128, 256) if n < most] + [most]
    rows = []
    for label, of_cell in table.groupby("cell", sort=False):
        cells = [words(titles[str(label)])]
        for n in counts:
            found = of_cell[of_cell["n"] == n]
            if found.empty:
                cells.append(number(math.nan, "–"))
                continue
            mean, low, high = found[["mean", "low", "high"]].iloc[0]
            cells.append(number(mean, f"{mean:.4f}", small=f"{low:.4f} to {high:.4f}"))
        rows.append(tuple(cells))
    heads = head("Method", *(f"n = {n}" for n in counts))
    looks = tuple(material.looks[str(label)] for label in table["cell"].unique())
    caption = "Expected best held-out measure of n samples in the first rung."
    return Grid("tuning-expected", caption, heads, tuple(rows), looks)
