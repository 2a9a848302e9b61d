"""One value a finished run, and two cells' values brought together by seed."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any, get_args

from suite.study import Cell, Study
from suite.study.file import LastEpochs, Outcome

if TYPE_CHECKING:
    import pandas as pd

    from suite.statistics import Sample
    from suite.store.table import Results

HIGHER_IS_BETTER: dict[str, bool] = {
    outcome: outcome in ("test_accuracy", "val_accuracy", "alpha") for outcome in get_args(Outcome)
}
"""The direction of each outcome: accuracies and alpha up, losses, connections and beta down."""


def measure_words(study: Study) -> str:
    """Return which epochs the study compares by, in words."""
    measure = study.file.comparisons.measure
    if isinstance(measure, LastEpochs):
        return f"mean of the last {measure.last} epochs"
    return "last epoch" if measure == "last" else "epoch of the best validation accuracy"


def values(results: Results, outcome: Outcome) -> pd.DataFrame:
    """Return one value for each finished run.

    alpha = accuracy / connections and beta = loss * connections are taken from each epoch of each
    run, by the test set, before anything is averaged.

    Args:
        results: The study and its tidy table.
        outcome: What is read.

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
    runs = frame.assign(value=_outcome(frame, outcome)).sort_values("epoch", kind="stable")
    by_run = runs.groupby(["seed", "cell"], sort=False)
    measure = study.file.comparisons.measure
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


def _outcome(frame: pd.DataFrame, outcome: Outcome) -> pd.Series:
    if outcome == "alpha":
        return frame["test_accuracy"] / frame["connections"]
    if outcome == "beta":
        return frame["test_loss"] * frame["connections"]
    return frame[outcome]


def sample(results: Results, table: pd.DataFrame, cell: Cell, against: Cell) -> Sample:
    """Bring two cells' values together by seed, and say why seeds are missing.

    Args:
        results: The study and the state of its runs.
        table: What `values` returned.
        cell: The first cell.
        against: The second.
    """
    from suite.statistics import match

    study = results.study
    first, second = (
        dict(zip(study.seeds, table[label].tolist(), strict=True))
        for label in (cell.label, against.label)
    )
    design = study.file.comparisons.design
    found = match(first, second, design=design, seeds=study.seeds)
    failed = [
        f"{label} failed with seed {', '.join(seeds)}"
        for label in (cell.label, against.label)
        if (seeds := [str(r.seed) for r in results.runs if r.state == "failed" and r.cell == label])
    ]
    return replace(found, note="; ".join(filter(None, [found.note, *failed])))


def plain(value: Any) -> Any:
    """Return plain values that JSON knows: numbers that are not finite become None."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if isfinite(value) else None
    return value
