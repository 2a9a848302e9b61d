"""Numbers as readers see them: estimates over seeds, and the text of each.

A number is turned into text once, here, so that page, CSV, Markdown and TeX cannot differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

MINUS = "−"
MISSING = "–"
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean over runs, with its t interval.

    Attributes:
        n: Runs.
        mean: NaN where there is no run.
        half: Half the width of the 95 % t interval; NaN below two runs.
        sd: Standard deviation between runs; NaN below two runs.
    """

    n: int
    mean: float
    half: float
    sd: float

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


def estimate(values: Iterable[float]) -> Estimate:
    """Return the mean of the finite values and its 95 % t interval."""
    array = np.asarray(list(values), dtype=np.float64)
    array = array[np.isfinite(array)]
    n = len(array)
    mean = float(array.mean()) if n else math.nan
    sd = float(array.std(ddof=1)) if n > 1 else math.nan
    return Estimate(n, mean, t_factor(n) * sd, sd)


@dataclass(frozen=True)
class Format:
    """How the numbers of one column are written.

    Attributes:
        decimals: Digits after the decimal point.
        exponent: The column is written in units of 10 to this power.
        grouped: Whether thousands are set off by commas.
    """

    decimals: int
    exponent: int = 0
    grouped: bool = False

    def plain(self, value: float) -> str:
        """Write a number without grouping, ASCII only, e.g. -0.0123; empty if not finite."""
        if not math.isfinite(value):
            return ""
        text = f"{value / 10.0**self.exponent:.{self.decimals}f}"
        return text.removeprefix("-") if float(text) == 0 else text

    def text(self, value: float) -> str:
        """Write a number for readers, e.g. −12,345; a dash if not finite."""
        plain = self.plain(value)
        if not plain:
            return MISSING
        sign, digits = (MINUS, plain[1:]) if plain.startswith("-") else ("", plain)
        if self.grouped:
            whole, point, rest = digits.partition(".")
            digits = f"{int(whole):,}{point}{rest}"
        return sign + digits

    def signed(self, value: float) -> str:
        """Write a difference for readers, with its sign."""
        text = self.text(value)
        nothing = text == MISSING or text.startswith(MINUS) or not text.strip("0.,")
        return text if nothing else f"+{text}"


def format_for(column: str, values: Iterable[float]) -> Format:
    """Return how a column of Table 2 is written, given the values that stand in it.

    Accuracies and losses have four decimals as in the paper; alpha three digits in units of one
    power of ten; connections and a large beta none.
    """
    finite = [abs(value) for value in values if math.isfinite(value) and value]
    largest = max(finite, default=1.0)
    if column == "connections":
        return Format(0, grouped=True)
    if column == "alpha":
        return Format(3, exponent=math.floor(math.log10(largest)))
    if column == "beta":
        return Format(0 if largest >= 1e4 else 1, grouped=True)
    return Format(4)


def percent(share: float, decimals: int = 1) -> str:
    """Write a share as a percentage, e.g. 36.3 %, with a no-break space."""
    return f"{Format(decimals).text(100 * share)}\u00a0%"


def seconds_text(seconds: float) -> str:
    """Write a duration with three digits and a unit, e.g. 1.24 s or 3.50 h."""
    if not math.isfinite(seconds):
        return MISSING
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s")):
        if seconds >= size:
            value = seconds / size
            return f"{value:.{2 if value < 10 else 1}f}\u00a0{unit}"
    return f"{1000 * seconds:.0f}\u00a0ms"


def superscript(exponent: int) -> str:
    """Write an exponent in superscript digits, e.g. ⁻⁶."""
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def listing(words: Iterable[str]) -> str:
    """Join words as a sentence does: a, b and c."""
    *most, last = list(words) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def count(n: int, word: str, plural: str = "") -> str:
    """Write a count with its noun: 1 run, 2 runs, 12,000 runs."""
    return f"{n:,} {word if n == 1 else plural or word + 's'}"


def runs_a_cell(counts: Iterable[int]) -> str:
    """Say over how many runs the means of several cells are, e.g. n = 7 to 10 runs a cell."""
    least, *more = sorted(set(counts))
    return f"n = {least} to {more[-1]} runs a cell" if more else f"n = {count(least, 'run')} a cell"


def in_a_sentence(title: str) -> str:
    """Return a cell's title without the commas that a list would be lost in: SET (k=1)."""
    name, comma, rest = title.partition(", ")
    return f"{name} ({rest})" if comma else title


def listing_some(words: Iterable[str], most: int = 4) -> str:
    """Join words as a sentence does, and count those beyond the first few."""
    listed = list(words)
    if len(listed) <= most + 1:
        return listing(listed)
    return listing([*listed[:most], f"{len(listed) - most} others"])
