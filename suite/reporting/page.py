"""Sections as one HTML file that needs no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from suite.reporting.appearance import INK, MUTED, PAPER, RULE, Hue, Look
from suite.reporting.drawing import DIGITS
from suite.reporting.section import Grid, Section

_WARNING = Hue("#c44d00", "#ff8f4d")
_FOCUS = Hue("#0069a6", "#5ab4ee")


def render(
    title: str,
    kicker: str,
    lede: Sequence[str],
    sections: Sequence[Section],
    looks: Mapping[str, Look],
    progress: Mapping[str, str] | None = None,
) -> str:
    """Return a page.

    Args:
        title: Its heading; plain text, like all that follows.
        kicker: The line above the heading.
        lede: The first sentences.
        sections: What follows, in order.
        looks: Every look that samples or figures on the page have.
        progress: "text" and "share" (percent) of what is done.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("suite.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html.j2").render(
        title=title,
        kicker=kicker,
        lede=list(lede),
        sections=sections,
        progress=progress,
        variables=_variables(looks),
        css=_template("page.css"),
        script=_template("page.js"),
        curves=_template("curves.js"),
        kind=lambda block: type(block).__name__,
        numbered=_numbered,
        sortable=_sortable,
        scaled=lambda dash: " ".join(f"{1.4 * length:g}" for length in dash),
    )


def _template(name: str) -> str:
    return resources.files("suite.reporting").joinpath("templates", name).read_text("utf-8")


def _numbered(grid: Grid) -> list[tuple[Look | None, Any]]:
    """Return each row of a table with its line sample."""
    looks = grid.looks or (None,) * len(grid.rows)
    return list(zip(looks, grid.rows, strict=True))


def _sortable(value: float | str | None) -> str:
    """Return what a column is sorted by; no digits of which the processor decides."""
    if value is None:
        return ""
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else str(value)


def _variables(looks: Mapping[str, Look]) -> dict[str, str]:
    """Return the CSS variable of every colour, for a light and for a dark page."""
    hues = {hue.light: hue for hue in (PAPER, INK, MUTED, RULE, _WARNING, _FOCUS)}
    hues |= {look.hue.light: look.hue for look in looks.values()}
    return {
        tone: " ".join(f"--h-{light[1:]}: {getattr(hue, tone)};" for light, hue in hues.items())
        for tone in ("light", "dark")
    }
