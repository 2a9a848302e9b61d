"""A study's report: one folder, written from what the store holds and from nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from suite import decisions
from suite.errors import UserError
from suite.reporting.appearance import looks
from suite.reporting.folder import INDEX, KICKER, report_folder
from suite.reporting.page import render
from suite.reporting.section import Material, Section
from suite.reporting.sections import (
    claims,
    cost,
    curves,
    differences,
    downloads,
    equilibrium,
    pareto,
    references,
    runs,
    setting,
    summary,
    topology,
    tuning,
)
from suite.reporting.sections import results as table_section
from suite.reporting.table2 import table2
from suite.store.table import Results

_SECTIONS: tuple[Callable[[Material], Section | None], ...] = (
    table_section.section,
    claims.section,
    differences.section,
    curves.section,
    pareto.section,
    equilibrium.section,
    references.section,
    topology.section,
    tuning.section,
    cost.section,
    runs.section,
    setting.section,
    downloads.section,
)
"""In the page's order; each writes its own files. The downloads come last and list them."""


class NothingToReportError(UserError):
    """No run of the study is done, so there is nothing to report."""


@dataclass(frozen=True)
class Written:
    """What has been written.

    Attributes:
        index: The page.
        complete: Whether every run of the study is done, or no more are needed to decide it.
    """

    index: Path
    complete: bool


def write(results: Results, out: Path) -> Written:
    """Write a study's report: the same results give the same bytes.

    Args:
        results: What the store holds of the study.
        out: Folder to write to, made if need be; files of an earlier report are replaced.

    Raises:
        NothingToReportError: If no run is done; nothing is written.
        UserError: If the folder cannot be written, or has files that no report wrote.
    """
    study = results.study
    if results.frame.empty:
        raise NothingToReportError(
            f"No run of {study.name} is done ({len(results.runs):,} asked for), so there is "
            "nothing to report."
        )
    with report_folder(out) as folder:
        earlier = _figures(out / INDEX)
        claimed, compared = decisions.claims(results), decisions.comparisons(results)
        look = looks(study.cells)
        material = Material(results, table2(results), look, folder, claimed, compared)
        sections = [made for make in _SECTIONS if (made := make(material)) is not None]
        page = render(
            study.title,
            f"{KICKER} · study {study.name}",
            summary.lede(material),
            sections,
            look,
            summary.progress(material),
        )
        (folder / INDEX).write_text(page, encoding="utf-8")
    for name in earlier - {name for _, files in material.files for name, _ in files}:
        (out / name).unlink(missing_ok=True)  # a figure that this report does not have
    return Written(out / INDEX, results.complete or decisions.decided(results))


_FIGURE = re.compile(
    r"(fig[2-6]|change|comparisons|claims|evidence|ranks|pareto|training|tuning|pauses|degrees|pixels|lifetimes|tails)(-[a-z0-9-]+)?\.(svg|pdf|png|csv)"
)


def _figures(page: Path) -> set[str]:
    """Return the figures' files that an earlier report's page links to; none without a page."""
    if not page.exists():
        return set()
    links = re.findall(r'<a href="([^"]+)"', page.read_text(encoding="utf-8", errors="replace"))
    return {link for link in links if _FIGURE.fullmatch(link)}
