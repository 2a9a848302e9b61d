"""Figures as files: one look for all, and the same bytes for the same figure."""

from __future__ import annotations

import functools
import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.reporting.appearance import INK, MUTED, PAPER, RULE
from suite.reporting.placement import spread
from suite.store.spreadsheet import as_csv

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TWO_COLUMNS = 7.0
ONE_COLUMN = 3.4
"""Widths in inches that two- and one-column pages hold."""
DPI = 200
SMALL = 7.0
"""Smallest type in a figure, in points."""
_GAP = 10.5
"""From name to name at the right of axes, in points."""


_log = logging.getLogger(__name__)
_PLACES = re.compile(r'(?<=\s)(d|x|y|width|height|transform)="(?!matrix)[^"]*"')
"""Coordinates; those of a matrix are the sizes of an image's dots, far below a tenth of a point."""
_DECIMAL = re.compile(r"-?\d+\.\d+")


@contextmanager
def style(stem: str) -> Iterator[None]:
    """Draw in the report's style; ids in SVG files depend on the figure's name only."""
    import matplotlib as mpl
    import seaborn as sns

    settings: Any = sns.axes_style("ticks") | {
        "axes.edgecolor": MUTED.light,
        "axes.facecolor": "none",
        "axes.labelcolor": INK.light,
        "axes.labelsize": 8,
        "axes.linewidth": 0.6,
        "axes.titlesize": 8,
        "axes.unicode_minus": True,
        "figure.facecolor": PAPER.light,
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so it is the same everywhere
        "font.size": 8,
        "grid.color": RULE.light,
        "grid.linewidth": 0.5,
        "legend.fontsize": SMALL,
        "legend.frameon": False,
        "lines.scale_dashes": False,
        "path.simplify_threshold": 0.2,
        "pdf.fonttype": 42,
        "savefig.dpi": DPI,
        "svg.fonttype": "none",
        "svg.hashsalt": stem,
        "text.color": INK.light,
        "text.parse_math": False,
        "xtick.color": MUTED.light,
        "xtick.labelcolor": INK.light,
        "xtick.labelsize": SMALL,
        "xtick.major.size": 3,
        "xtick.major.width": 0.6,
        "ytick.color": MUTED.light,
        "ytick.labelcolor": INK.light,
        "ytick.labelsize": SMALL,
        "ytick.major.size": 3,
        "ytick.major.width": 0.6,
    }
    with mpl.rc_context(settings), _glyphs_said():
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, in inches, that knows how to measure its text."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def columns_of_legend(width: float, names: Sequence[str], most: int, **looks: Any) -> int:
    """Return how many columns of a legend fit into a figure.

    Args:
        width: Of the figure, in inches.
        names: Of its entries.
        most: Columns at most; where none fits, 1.
        **looks: As given to the figure's `legend`.
    """
    from matplotlib.lines import Line2D

    figure = new_figure(width, 1.0)
    lines = [Line2D([], []) for _ in names]
    for columns in range(min(most, len(names)), 1, -1):
        legend = figure.legend(lines, names, ncols=columns, **looks)
        if legend.get_window_extent().width <= figure.bbox.width:
            return columns
        legend.remove()
    return 1


def widest(figure: Figure, names: Sequence[str]) -> float:
    """Return the width of the longest name in small type, in points."""
    texts = [figure.text(0, 0, name, fontsize=SMALL) for name in names]
    width = max(float(text.get_window_extent().width) for text in texts)
    for text in texts:
        text.remove()
    return width * 72 / figure.dpi


def tidy_axes(axes: Axes) -> None:
    """Remove the box and draw light grid lines."""
    import seaborn as sns

    sns.despine(ax=axes)
    axes.grid(axis="y")
    axes.set_axisbelow(True)


def name_ends(axes: Axes, ends: Sequence[tuple[str, float, float, str]]) -> None:
    """Name each line to the right of the axes, joined to its end by a leader.

    Args:
        axes: With all that they show.
        ends: Name, x, y and colour of each.
    """
    axes.get_ylim()  # settles limits that follow from the data
    where = axes.transData + axes.transAxes.inverted()
    wanted = [float(where.transform((x, y))[1]) for _, x, y, _ in ends]
    points = axes.get_window_extent().height * 72 / axes.figure.dpi
    places = spread(wanted, _GAP / points, 0.02, 0.98)
    for (name, x, y, colour), place in zip(ends, places, strict=True):
        axes.annotate(
            short(name, 40),
            xy=(x, y),
            xytext=(1.04, place),
            textcoords="axes fraction",
            color=colour,
            fontsize=SMALL,
            verticalalignment="center",
            arrowprops={
                "arrowstyle": "-",
                "color": MUTED.light,
                "linewidth": 0.4,
                "shrinkA": 0,
                "shrinkB": 2,
            },
            annotation_clip=False,
        )


@dataclass(frozen=True)
class Picture:
    """A figure that has been written.

    Attributes:
        stem: Name of its files, without the ending.
        svg: Text of the SVG file.
    """

    stem: str
    svg: str


def save(
    figure: Figure, stem: str, out: Path, formats: Sequence[str] = ("svg", "pdf", "png")
) -> Picture:
    """Write a figure in the formats asked for, without dates; SVG is always written."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = _lean(buffer.getvalue())
    (out / f"{stem}.svg").write_text(svg, encoding="utf-8")
    if "pdf" in formats:
        none = {"CreationDate": None, "Creator": None, "Producer": None}
        figure.savefig(out / f"{stem}.pdf", format="pdf", metadata=none)
    if "png" in formats:
        figure.savefig(out / f"{stem}.png", format="png")  # it names the version that drew it
    return Picture(stem, svg)


@contextmanager
def _glyphs_said() -> Iterator[None]:
    """Warn once, in one sentence, if the figures' font lacks some characters."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        if "missing from" in str(warning.message):
            _warn_of_glyphs()
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )


@functools.cache
def _warn_of_glyphs() -> None:
    _log.warning(
        "the font of the figures lacks some characters of the names: they are boxes in PDF and "
        "PNG files, and right in SVG files and on the page."
    )


def _lean(svg: str) -> str:
    """Round coordinates to a tenth of a point, and drop what has no effect."""
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="(curve-\d+)"', r'class="\1"', svg)  # of many elements
    svg = re.sub(r'(<image\b[^>]*?) id="[^"]*"', r"\1", svg)  # equal images have equal ids
    svg = _PLACES.sub(lambda places: _DECIMAL.sub(_rounded, places[0]), svg)
    svg = re.sub(r"\s*\n([LMzCQ])", r"\1", svg)
    return re.sub(r"\n\s+", "\n", svg)


def _rounded(number: re.Match[str]) -> str:
    return f"{round(float(number[0]), 1) + 0.0:g}"  # + 0.0 makes 0 of -0


DIGITS = 8
"""Significant digits in a report's files: the last ones of more depend on the processor."""


def write_csv(table: pd.DataFrame, file: Path) -> None:
    """Write a figure's or table's data."""
    file.write_text(as_csv(table, DIGITS), encoding="utf-8")


def short(text: str, most: int = 46) -> str:
    """Return a name that fits next to a figure: the middle of a long one is left out."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2 - 1]}…{text[-(most - most // 2) :]}"


def shortened(names: Sequence[str], most: int = 46) -> list[str]:
    """Return names that fit next to a figure, each with what tells it from those like it."""
    found = [short(name, most) for name in names]
    for text in {text for text in found if found.count(text) > 1}:
        alike = [place for place, shown in enumerate(found) if shown == text]
        letters = enumerate(zip(*(names[place] for place in alike), strict=False))
        differs = next((at for at, those in letters if len(set(those)) > 1), len(text))
        for place in alike:
            rest = names[place][differs:][: most - most // 2]
            found[place] = f"{text[: most // 2 - 1]}…{rest}" if rest else text
    return found


def inline(picture: Picture, title: str, description: str, panels: str = "") -> str:
    """Return a figure's SVG for a page: its ids its own, its colours the page's.

    Every colour becomes a CSS variable named after it (--h-0069a6), which the page sets for light
    and for dark.

    Args:
        picture: The figure.
        title: Its name for screen readers.
        description: What it shows, for screen readers.
        panels: Where its curves are, as JSON.
    """
    from markupsafe import escape

    svg = picture.svg[picture.svg.index("<svg") :]
    stem = picture.stem
    svg = re.sub(r"<[^>]*>", lambda tag: _of_page(tag[0], stem), svg)
    head, body = svg.split(">", 1)
    box = re.search(r'viewBox="[^"]*"', head)
    assert box is not None  # matplotlib always writes one
    where = f'data-panels="{escape(panels)}" ' if panels else ""
    return (
        f'<svg {box[0]} {where}role="img" aria-labelledby="{stem}-title {stem}-desc" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<title id="{stem}-title">{escape(title)}</title>'
        f'<desc id="{stem}-desc">{escape(description)}</desc>{body.strip()}'
    )


def _of_page(tag: str, stem: str) -> str:
    """Return a tag of a figure with its ids its own and its colours the page's."""
    tag = re.sub(r'\bid="', f'id="{stem}-', tag)
    tag = re.sub(r'(xlink:href|href)="#', rf'\1="#{stem}-', tag)
    tag = tag.replace("url(#", f"url(#{stem}-")
    return re.sub(r"#([0-9a-f]{6})(?=[;\"])", r"var(--h-\1)", tag)


@dataclass(frozen=True)
class Shown:
    """A figure as the page shows it.

    Attributes:
        stem: Its files are STEM.svg, STEM.pdf, STEM.png and STEM.csv.
        name: Its name in the paper, e.g. Figure 4; empty where the paper has none.
        title: What it shows, in a few words.
        caption: What lines, bands and n are.
        wide: SVG for wide screens and paper.
        narrow: SVG for narrow screens, empty where the wide one serves.
        column: Whether STEM-column.pdf is there, to fit one column.
        values: What its curves are at each epoch, as JSON for the page; empty where it has none.
    """

    stem: str
    name: str
    title: str
    caption: str
    wide: str
    narrow: str = ""
    column: bool = False
    values: str = ""

    @property
    def full_title(self) -> str:
        """Name and title."""
        return f"{self.name}. {self.title}" if self.name else self.title


def write_figure(
    stem: str,
    draw: Callable[[], Figure],
    data: pd.DataFrame,
    out: Path,
    title: str,
    caption: str,
    description: str,
) -> Shown:
    """Draw a figure in the report's style, and write it and its data.

    Args:
        stem: Of its files.
        draw: Returns it.
        data: What its CSV file holds.
        out: Folder to write to.
        title: What it shows, in a few words.
        caption: What lines, bands and n are.
        description: What it shows, for screen readers.
    """
    write_csv(data, out / f"{stem}.csv")
    with style(stem):
        picture = save(draw(), stem, out)
    return Shown(stem, "", title, caption, inline(picture, title, description))
