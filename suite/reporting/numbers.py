"""Numbers as readers see them: estimates over seeds, and the text of each.

A number is turned into text once, here, so that page, CSV, Markdown and TeX cannot differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from suite.measures import MINUS, MISSING, Format, percent, superscript
from suite.wording import count, listing

__all__ = ["MINUS", "MISSING", "Format", "count", "listing", "percent", "superscript"]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean over runs, with its t interval.

    Attributes:
        n: Runs.
        mean: NaN where there is no run.
        half: Half the width of the 95 % t interval; NaN below two runs.
    """

    n: int
    mean: float
    half: float

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.mean - self.half

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.mean + self.half


def t_factor(n: int) -> float:
    """Return half the width of a 95 % t interval over n runs, in standard deviations."""
    from suite.statistics.contrast import Contrast, interval

    if n < 2:
        return math.nan
    return interval(Contrast(0.0, n**-0.5, n - 1.0, math.nan), CONFIDENCE)[1]


def every(runs: int) -> str:
    """Return "all 30 runs are", or "the only run is"."""
    return "the only run is" if runs == 1 else f"all {count(runs, 'run')} are"


def estimate(values: Iterable[float]) -> Estimate:
    """Return the mean of the finite values and its 95 % t interval."""
    array = np.asarray(list(values), dtype=np.float64)
    array = array[np.isfinite(array)]
    n = len(array)
    mean = float(array.mean()) if n else math.nan
    sd = float(array.std(ddof=1)) if n > 1 else math.nan
    return Estimate(n, mean, t_factor(n) * sd)


def seconds_text(seconds: float) -> str:
    """Write a duration with three digits and a unit, e.g. 1.24 s or 3.50 h."""
    if not math.isfinite(seconds):
        return MISSING
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s")):
        if seconds >= size:
            value = seconds / size
            return f"{value:.{2 if value < 10 else 1}f}\u00a0{unit}"
    return f"{1000 * seconds:.0f}\u00a0ms"


def runs_a_cell(counts: Iterable[int]) -> str:
    """Return how many runs the means of several cells are over, e.g. n = 7 to 10 runs a cell."""
    least, *more = sorted(set(counts))
    return f"n = {least} to {more[-1]} runs a cell" if more else f"n = {count(least, 'run')} a cell"


def in_a_sentence(title: str) -> str:
    """Return a cell's title without the commas that a list would be lost in: SET (k=1)."""
    name, comma, rest = title.partition(", ")
    return f"{name} ({rest})" if comma else title


def listing_some(words: Iterable[str], most: int = 4) -> str:
    """Join words as a sentence does; those beyond the first few are only counted."""
    listed = list(words)
    if len(listed) <= most + 1:
        return listing(listed)
    return listing([*listed[:most], f"{len(listed) - most} others"])
