"""One value for each finished run, and the values of two cells matched by seed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from suite import paper
from suite.datasets.sources import title
from suite.measures import MEASURES, Outcome
from suite.study import Cell, Study
from suite.study.cells import published_row, restates_regrowth_figures
from suite.study.file import LastEpochs
from suite.wording import listing

if TYPE_CHECKING:
    import pandas as pd

    from suite.statistics import Sample
    from suite.store.table import Results, RunState


def measure_words(study: Study) -> str:
    """Return which epochs the study compares by, in words."""
    measure = study.file.comparisons.measure
    if isinstance(measure, LastEpochs):
        return f"mean of the last {measure.last} epochs"
    return "last epoch" if measure == "last" else "epoch of the best validation accuracy"


def published(study: Study, cell: Cell) -> paper.Row | None:
    """Return the row of the paper's Table 2 that belongs next to a cell, or None.

    Only cells with the paper's hidden layers on its data set have one, or on a copy that is named
    after it, as CIFAR-10 (JPEG) is. The paper prints no numbers of its Figures 2 and 3.
    """
    named = title(cell.settings.dataset).partition(" (")[0]
    its_own = named == title(paper.DATASET) and cell.settings.hidden == paper.HIDDEN
    if restates_regrowth_figures(study.cells) or not its_own:
        return None
    return published_row(cell)


def values(
    results: Results, outcome: Outcome, measure: Literal["last", "best"] | LastEpochs | None = None
) -> pd.DataFrame:
    """Return one value for each finished run.

    alpha = accuracy / connections and beta = loss * connections are taken from each epoch of each
    run, by the test set, before anything is averaged.

    Args:
        results: The study and its tidy table.
        outcome: What is read.
        measure: Of which epochs; by default those that the study compares by.

    Returns:
        float64, one row a declared seed, one column a cell (by label); NaN where the run is not
        finished, or its value is not finite.
    """
    import numpy as np
    import pandas as pd

    study, frame = results.study, results.frame
    labels = [cell.label for cell in study.cells]
    if frame.empty:
        return pd.DataFrame(np.nan, index=study.seeds, columns=labels)
    runs = frame.assign(value=MEASURES[outcome].of(frame)).sort_values("epoch", kind="stable")
    by_run = runs.groupby(["seed", "cell"], sort=False)
    measure = measure or study.file.comparisons.measure
    if isinstance(measure, LastEpochs):
        # One epoch that is not finite spoils the mean, as it should.
        last = by_run.tail(measure.last)
        one = last.groupby(["seed", "cell"])["value"].agg(lambda epochs: epochs.mean(skipna=False))
    elif measure == "last":
        one = by_run.tail(1).set_index(["seed", "cell"])["value"]
    else:
        validated = runs.dropna(subset="val_accuracy").groupby(["seed", "cell"], sort=False)
        best = runs.loc[validated["val_accuracy"].idxmax()]
        one = best.set_index(["seed", "cell"])["value"]
    table = one.astype("float64").unstack("cell").reindex(index=study.seeds, columns=labels)
    return table.where(np.isfinite(table))


def sample(results: Results, table: pd.DataFrame, cell: Cell, against: Cell) -> Sample:
    """Match two cells' values by seed, and say why seeds are missing.

    Args:
        results: The study and the state of its runs.
        table: What `values` returned.
        cell: The first cell.
        against: The second.
    """
    from suite.statistics import match

    declared = results.study.file.comparisons
    counting, waiting = counted(results, cell, against)
    first, second = (
        {seed: value for seed, value in table[label].items() if seed in counting}
        for label in (cell.label, against.label)
    )
    found = match(
        first, second, design=declared.design, seeds=counting, inference=declared.inference
    )
    failed = [
        f"{of.title} failed with {_seeds(seeds)}"
        for of in (cell, against)
        if (seeds := _failed(results, of.label))
    ]
    spoilt = [
        f"{of.title} has no finite value with {_seeds(seeds)}"
        for of in (cell, against)
        if (seeds := _spoilt(results, table, of.label))
    ]
    notes = [found.note, waiting, *failed, *spoilt, *_unlike(cell, against)]
    return replace(found, note="; ".join(filter(None, notes)))


def _seeds(seeds: list[str]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {listing(seeds)}"


def _failed(results: Results, label: str) -> list[str]:
    """Return the seeds whose run has failed."""
    return [str(run.seed) for run in results.runs if run.state == "failed" and run.cell == label]


def counted(results: Results, *cells: Cell) -> tuple[set[int], str]:
    """Return the seeds that count for some cells, and a remark on those that do not count yet.

    With anytime inference seeds count in their order up to the first that is still to run: the
    order in which runs end must not choose which values are looked at.
    """
    study = results.study
    if study.file.comparisons.inference == "fixed":
        return set(study.seeds), ""
    labels = {cell.label for cell in cells}
    open_ = {run.seed for run in results.runs if run.cell in labels and not ended(run)}
    if not open_:
        return set(study.seeds), ""
    first = min(open_)
    later = sum(seed > first and seed not in open_ for seed in study.seeds)
    remark = f"seed {first} is still to run, so {later} later pairs do not count yet"
    return {seed for seed in study.seeds if seed < first}, remark if later else ""


def ended(run: RunState) -> bool:
    """Whether a run is done, or has failed."""
    return run.state in ("done", "failed")


def _spoilt(results: Results, table: pd.DataFrame, label: str) -> list[str]:
    """Return the seeds whose run is done and whose value is not finite."""
    done = {run.seed for run in results.runs if run.cell == label and run.state == "done"}
    return [str(seed) for seed in table.index[table[label].isna()] if seed in done]


def _unlike(cell: Cell, against: Cell) -> list[str]:
    """Say in what two cells differ besides their methods."""
    one, other = cell.settings, against.settings
    notes = []
    if one.dataset != other.dataset:
        notes.append(
            f"the data sets differ ({title(one.dataset)} and {title(other.dataset)}), so a pair "
            "shares only the number of its seed"
        )
    if one.epochs != other.epochs:
        notes.append(f"the epochs differ ({one.epochs:,} and {other.epochs:,})")
    return notes
