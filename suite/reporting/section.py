"""What a page is made of: sections of text, tables and figures, still without any HTML."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from suite.reporting.appearance import Look
from suite.reporting.drawing import Shown, write_figure
from suite.reporting.table2 import Table2

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from suite.decisions import Claimed, Compared
    from suite.store.table import Results


@dataclass(frozen=True)
class Td:
    """One cell of a table.

    Attributes:
        text: What stands there.
        sort: What the column is sorted by; None sorts last.
        small: A second, smaller line.
        mark: As the style sheet names it: best, same, untested, good, bad, open; often empty.
    """

    text: str
    sort: float | str | None = None
    small: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Th:
    """A column's head.

    Attributes:
        title: What it says.
        numeric: Whether the column is set flush right.
        unit: What the numbers are in; smaller, after it.
        below: What the small lines of the column say.
    """

    title: str
    numeric: bool = True
    unit: str = ""
    below: str = ""


@dataclass(frozen=True)
class Grid:
    """A table that can be sorted.

    Attributes:
        name: Unique on the page.
        caption: What the numbers are.
        head: One a column; the first column names the row.
        rows: Each as long as the head.
        looks: Line samples before the names, by row; empty where rows are not cells.
    """

    name: str
    caption: str
    head: tuple[Th, ...]
    rows: tuple[tuple[Td, ...], ...]
    looks: tuple[Look | None, ...] = ()


@dataclass(frozen=True)
class Links:
    """A list of files.

    Attributes:
        files: What they hold, with the name of each (relative to the page) and its format.
    """

    files: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


Block = str | Grid | Shown | Links
"""A paragraph, a table, a figure or a list of files."""


@dataclass(frozen=True)
class Section:
    """One part of the page.

    Attributes:
        name: Unique on the page.
        title: Its heading.
        blocks: What it shows, in order.
        warnings: Sentences that a reader must not miss.
    """

    name: str
    title: str
    blocks: tuple[Block, ...]
    warnings: tuple[str, ...] = ()


@dataclass
class Material:
    """What sections are made from.

    Attributes:
        results: What the store holds of the study.
        table: Its Table 2.
        looks: How each cell is drawn, by label.
        out: The report's folder: sections write their figures there.
        claims: The study's declared claims, decided.
        comparisons: Its declared comparisons, decided.
        files: What has been written so far, as in `Links`; sections add theirs.
    """

    results: Results
    table: Table2
    looks: dict[str, Look]
    out: Path
    claims: list[Claimed] = field(default_factory=list)
    comparisons: list[Compared] = field(default_factory=list)
    files: list[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=list)

    def draw(
        self, stem: str, figure: Callable[[], Figure], data: pd.DataFrame, *texts: str
    ) -> Shown:
        """Draw a figure, write it and its data, note its files, and return it for the page.

        Args:
            stem: Of its files.
            figure: Draws it.
            data: What its CSV file holds.
            *texts: Its title, caption and description, as in `write_figure`.
        """
        return self.add_figure(write_figure(stem, figure, data, self.out, *texts))

    def add_figure(self, shown: Shown) -> Shown:
        """Note a figure's files, and return it."""
        files = [(f"{shown.stem}.{ending}", ending.upper()) for ending in ("svg", "pdf", "png")]
        if shown.column:
            files.append((f"{shown.stem}-column.svg", "SVG, one column"))
            files.append((f"{shown.stem}-column.pdf", "PDF, one column"))
        self.files.append((shown.full_title, (*files, (f"{shown.stem}.csv", "CSV"))))
        return shown


def number(value: float, text: str, *, small: str = "", mark: str = "") -> Td:
    """Return a number's cell, sorted by value; NaN sorts last."""
    return Td(text, value if math.isfinite(value) else None, small, mark)


def words(text: str, *, small: str = "", mark: str = "") -> Td:
    """Return a text's cell, sorted by its letters."""
    return Td(text, text.casefold(), small, mark)


def head(*titles: str, names: Iterable[int] = (0,)) -> tuple[Th, ...]:
    """Return heads without units.

    Args:
        titles: One a column.
        names: Which columns hold words.
    """
    wordy = set(names)
    return tuple(Th(title, index not in wordy) for index, title in enumerate(titles))
