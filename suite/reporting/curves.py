"""Curves over epochs: the mean over seeds, its interval, and each seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suite.reporting.numbers import t_factor
from suite.study.cells import Cell

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """One measure of one cell, epoch by epoch.

    Attributes:
        cell: Which.
        epochs: int (e,), ascending.
        runs: (n, e), one row a seed; NaN where a value is not finite.
        counts: How many runs have a finite value, int (e,).
        mean: Over those, (e,); NaN where there is none.
        half: Half the width of the 95 % t interval, (e,); NaN where fewer than two runs.
    """

    cell: Cell
    epochs: NDArray[np.int64]
    runs: Floats
    counts: NDArray[np.int64]
    mean: Floats
    half: Floats

    @property
    def n(self) -> int:
        """Runs."""
        return len(self.runs)

    @property
    def left_out(self) -> int:
        """How many values are not finite."""
        return int(np.isnan(self.runs).sum())

    @property
    def low(self) -> Floats:
        """Lower edge of the band; the mean where there is none."""
        return self.mean - np.nan_to_num(self.half)

    @property
    def high(self) -> Floats:
        """Upper edge of the band; the mean where there is none."""
        return self.mean + np.nan_to_num(self.half)

    def between(self, first: int, last: int) -> Curve:
        """Return the epochs from first to last, both included."""
        return self._at((self.epochs >= first) & (self.epochs <= last))

    def thinned(self, most: int) -> Curve:
        """Return at most about `most` evenly spaced epochs, the first and last among them."""
        if len(self.epochs) <= most:
            return self
        return self._at(np.unique(np.linspace(0, len(self.epochs) - 1, most).round().astype(int)))

    def _at(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Curve:
        return Curve(
            self.cell,
            self.epochs[chosen],
            self.runs[:, chosen],
            self.counts[chosen],
            self.mean[chosen],
            self.half[chosen],
        )


def curves(frame: pd.DataFrame, cells: list[Cell], column: str) -> list[Curve]:
    """Return the curve of one column for each cell that has finished runs, in the cells' order."""
    found = []
    for cell in cells:
        rows = frame[frame["cell"] == cell.label]
        if rows.empty:
            continue
        table = rows.pivot(index="epoch", columns="seed", values=column).astype(np.float64)
        table = table.where(np.isfinite(table))
        runs = table.to_numpy().T
        counts = np.isfinite(runs).sum(axis=0)
        factors = np.array([t_factor(n) for n in range(table.shape[1] + 1)])
        half = factors[counts] * table.std(axis=1).to_numpy()
        epochs = table.index.to_numpy(dtype=np.int64)
        mean = table.mean(axis=1).to_numpy()
        found.append(Curve(cell, epochs, runs, counts, mean, half))
    return found


def curve_table(drawn: list[Curve]) -> pd.DataFrame:
    """Return curves as a long table: cell, title, epoch, n, mean, low, high."""
    parts = [
        pd.DataFrame(
            {
                "cell": curve.cell.label,
                "title": curve.cell.title,
                "epoch": curve.epochs,
                "n": curve.counts,
                "mean": curve.mean,
                "low": curve.mean - curve.half,
                "high": curve.mean + curve.half,
            }
        )
        for curve in drawn
    ]
    return pd.concat(parts, ignore_index=True)
