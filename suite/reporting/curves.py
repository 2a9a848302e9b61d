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
        runs: (n, e), one row a seed.
        mean: (e,).
        half: Half the width of the 95 % t interval, (e,); NaN where fewer than two runs.
        n: Runs.
    """

    cell: Cell
    epochs: NDArray[np.int64]
    runs: Floats
    mean: Floats
    half: Floats
    n: int

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
        chosen = (self.epochs >= first) & (self.epochs <= last)
        return Curve(
            self.cell,
            self.epochs[chosen],
            self.runs[:, chosen],
            self.mean[chosen],
            self.half[chosen],
            self.n,
        )

    def thinned(self, most: int) -> Curve:
        """Return at most about `most` evenly spaced epochs, the first and last among them."""
        if len(self.epochs) <= most:
            return self
        index = np.unique(np.linspace(0, len(self.epochs) - 1, most).round().astype(int))
        return Curve(
            self.cell,
            self.epochs[index],
            self.runs[:, index],
            self.mean[index],
            self.half[index],
            self.n,
        )


def curves(frame: pd.DataFrame, cells: list[Cell], column: str) -> list[Curve]:
    """Return the curve of one column for each cell that has finished runs, in the cells' order."""
    found = []
    for cell in cells:
        rows = frame[frame["cell"] == cell.label]
        if rows.empty:
            continue
        table = rows.pivot(index="epoch", columns="seed", values=column).astype(np.float64)
        runs = table.to_numpy().T
        n = len(runs)
        mean = runs.mean(axis=0)
        spread = runs.std(axis=0, ddof=1) if n > 1 else np.full(len(mean), np.nan)
        epochs = table.index.to_numpy(dtype=np.int64)
        found.append(Curve(cell, epochs, runs, mean, t_factor(n) * spread, n))
    return found


def curve_table(drawn: list[Curve]) -> pd.DataFrame:
    """Return curves as a long table: cell, title, epoch, n, mean, low, high."""
    parts = [
        pd.DataFrame(
            {
                "cell": curve.cell.label,
                "title": curve.cell.title,
                "epoch": curve.epochs,
                "n": curve.n,
                "mean": curve.mean,
                "low": curve.mean - curve.half,
                "high": curve.mean + curve.half,
            }
        )
        for curve in drawn
    ]
    return pd.concat(parts, ignore_index=True)
