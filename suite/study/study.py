"""A checked study, and its runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from suite.methods.plugins import Plugin
from suite.study.cells import Cell, find_cell, source_name
from suite.study.file import CellName, StudyFile
from suite.study.resolved import Claim, Pair, Reference
from suite.study.runs import Run
from suite.study.tune import CellTuning, Tuned

UNTUNED = ", untuned"
"""Follows a tuned cell's label in the name of its runs with its own settings."""


@dataclass(frozen=True)
class Study:
    """A checked study.

    Attributes:
        path: The file that it was read from.
        file: The contents of the file.
        cells: The distinct cells, in the file's order.
        pairs: The declared comparisons: each cell with the one that it is compared with.
        claims: The declared claims.
        references: Figures of other implementations.
        plugins: The code of the study's own parts, for every process that runs it.
        tunings: How each cell that is tuned is tuned.
        tuned: What tuning has come to, by the cell's label; see `suite.store.tuned`.
        again: Cells of the file that are the same as an earlier one: their labels, and its.
    """

    path: Path
    file: StudyFile
    cells: tuple[Cell, ...]
    pairs: tuple[Pair, ...] = ()
    claims: tuple[Claim, ...] = ()
    references: tuple[Reference, ...] = ()
    plugins: tuple[Plugin, ...] = ()
    tunings: tuple[CellTuning, ...] = ()
    tuned: Mapping[str, Tuned] = field(default_factory=dict)
    again: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Short name; names the report's folder."""
        return self.file.name

    @property
    def title(self) -> str:
        """The title for readers, or else the name."""
        return self.file.title or self.file.name

    @property
    def seeds(self) -> list[int]:
        """The seeds of every cell."""
        return list(self.file.seeds)

    def with_winners(self, tuned: Mapping[str, Tuned]) -> Study:
        """Return the study with the settings that tuning has chosen in place of its cells' own.

        Args:
            tuned: What tuning has come to, by the cell's label.
        """
        now = {
            cell.label: replace(cell, settings=tuned[cell.label].settings or cell.settings)
            if cell.label in tuned
            else cell
            for cell in self.cells
        }
        claims = [
            replace(
                claim,
                statements=tuple(
                    replace(it, cell=now[it.cell.label], against=now[it.against.label])
                    for it in claim.statements
                ),
            )
            for claim in self.claims
        ]
        return replace(
            self,
            cells=tuple(now.values()),
            pairs=tuple((now[one.label], now[other.label]) for one, other in self.pairs),
            claims=tuple(claims),
            references=tuple(replace(it, cell=now[it.cell.label]) for it in self.references),
            tuned=dict(tuned),
        )

    def sources(self) -> list[Any]:
        """Return the distinct data sets of the cells, as the user wrote them."""
        distinct = {
            source_name(cell.settings.dataset): cell.settings.dataset for cell in self.cells
        }
        return list(distinct.values())

    def data_place(self, source: Any) -> str:
        """Return where the file first names a data set, e.g. "study.yaml:5: cells[2].dataset".

        Args:
            source: One of `sources`; of another, the file alone.
        """
        name = source_name(source)
        places = (it.data_place for it in self.cells if source_name(it.settings.dataset) == name)
        return next(places, str(self.path))

    def runs(self, fingerprints: Mapping[str, str]) -> list[Run]:
        """Return every run, seeds outermost: seed 1 of every cell, then seed 2.

        Args:
            fingerprints: Content of each data set, by `source_name`.
        """
        origins = {label: of.origin(self.name) for label, of in self.tuned.items()}
        return [
            Run(
                cell.label,
                cell.settings,
                seed,
                fingerprints[source_name(cell.settings.dataset)],
                origins.get(cell.label, {}),
            )
            for seed in self.seeds
            for cell in self.cells
        ]

    def untuned_runs(self, fingerprints: Mapping[str, str]) -> list[Run]:
        """Return the runs of the tuned cells with their own settings, seeds outermost.

        They are not cells of the study; the file may ask for them (`tune: untuned`).

        Args:
            fingerprints: Content of each data set, by `source_name`.
        """
        cells = [tuning.cell for tuning in self.tunings]
        return [
            Run(
                f"{cell.label}{UNTUNED}",
                cell.settings,
                seed,
                fingerprints[source_name(cell.settings.dataset)],
            )
            for seed in self.seeds
            for cell in cells
        ]

    @property
    def runs_untuned(self) -> bool:
        """Whether the file asks for the runs of the tuned cells with their own settings too."""
        return self.file.tune is not None and self.file.tune.untuned

    def cell(self, name: CellName) -> Cell:
        """Return the cell that a name means.

        Args:
            name: A label (dynset[metric=loss]), a shorter form of one that still fits a single
                cell, or a mapping of settings.

        Raises:
            UserError: If no cell or more than one fits; the sentence lists the candidates.
        """
        return find_cell(self.cells, name)
