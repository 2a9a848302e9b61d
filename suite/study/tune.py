"""The `tune:` block of a study: the budget of each cell, checked before anything runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from suite.errors import UserError
from suite.study.cells import Cell, find_cell
from suite.study.document import Where
from suite.study.expand import Doubt
from suite.study.file import StudyFile, Tune
from suite.study.halving import Rung, chosen, rung_epochs, survivors
from suite.study.mistakes import Mistakes
from suite.study.runs import Run
from suite.study.search import (
    Choices,
    Range,
    Sample,
    check_name,
    contradicts,
    draw,
    fitting,
    has,
    read_range,
    sample_at,
    with_values,
)
from suite.wording import listing

FIRST_SEED = 2**40
"""Tuning's seeds are those of the study plus this much: no study has a seed that large."""


@dataclass(frozen=True)
class CellTuning:
    """How one cell is tuned.

    Attributes:
        cell: The cell as the file writes it.
        space: The ranges of the settings that it is tuned in, by name.
        algorithm: How samples are drawn: sobol, random or optuna.
        count: How many samples there are in the end.
        samples: A value for each of them; fewer than `count` while an algorithm that learns has
            not given the others.
        settings: Of each sample, with held-out images for validation; None where they contradict
            each other, so that the sample is not run.
        epochs: After which epochs samples are compared; the last is the cell's last.
        most: How many samples get to each of them.
        seeds: The seeds of each sample.
        measure: By which samples are compared: val_accuracy or val_loss.
        held_out: The setting by which a sample holds out images, if the cell itself does not.
        root: First seed of the study.
    """

    cell: Cell
    space: Mapping[str, Range]
    algorithm: str
    count: int
    samples: tuple[Sample, ...]
    settings: tuple[Any, ...]
    epochs: tuple[int, ...]
    most: tuple[int, ...]
    seeds: tuple[int, ...]
    measure: str
    held_out: Mapping[str, Any]
    root: int

    @property
    def learns(self) -> bool:
        """Whether samples follow from how good those before were."""
        return self.algorithm == "optuna"

    def with_samples(self, shares: Sequence[Sequence[float]]) -> CellTuning:
        """Return the same with the samples that an algorithm that learns has given.

        Args:
            shares: As `search.sample_at` takes them, a row a sample.
        """
        samples = [sample_at(self.space, row) for row in shares[: self.count]]
        settings = [fitting(self.cell.settings, {**sample, **self.held_out}) for sample in samples]
        return replace(self, samples=tuple(samples), settings=tuple(settings))

    def key(self, fingerprint: str) -> str:
        """Return the hash of all that decides which samples an algorithm that learns gives.

        Not their number: more of them only add to the fewer.
        """
        settings = with_values(self.cell.settings, self.held_out)
        decides = [
            [Run("", settings, seed, fingerprint).key for seed in self.seeds],
            [self.algorithm, self.root, self.cell.label, self.measure, self.epochs[0]],
            sorted((name, repr(of)) for name, of in self.space.items()),
        ]
        return hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]

    @property
    def fitting(self) -> list[int]:
        """The samples that can be run."""
        return [place for place, settings in enumerate(self.settings) if settings is not None]

    @property
    def budget(self) -> tuple[int, int]:
        """The runs and epochs of the whole tuning, if no sample contradicts itself."""
        steps = zip(self.most, (0, *self.epochs), self.epochs, strict=False)
        epochs = sum(most * (now - before) for most, before, now in steps)
        return self.most[0] * len(self.seeds), epochs * len(self.seeds)

    def runs(self, sample: int, fingerprint: str) -> list[Run]:
        """Return the runs of a sample, one a seed."""
        name = f"{self.cell.label}, sample {sample + 1}"
        settings, origin = self.settings[sample], {"sample": sample + 1}
        return [Run(name, settings, seed, fingerprint, origin) for seed in self.seeds]

    def winner(self, rungs: Sequence[Rung]) -> Tuned:
        """Return what tuning has come to."""
        best = chosen(rungs, len(self.epochs))
        if best is None:
            return Tuned(self, tuple(rungs))
        return Tuned(self, tuple(rungs), best, with_values(self.cell.settings, self.samples[best]))


@dataclass(frozen=True)
class Tuned:
    """The state of one cell's tuning: its rungs so far, and its winner.

    Attributes:
        tuning: How it is tuned.
        rungs: What is known of its samples.
        winner: The best sample, None while it is not known.
        settings: The cell's with the winner's values.
    """

    tuning: CellTuning
    rungs: tuple[Rung, ...]
    winner: int | None = None
    settings: Any = None

    @property
    def due(self) -> tuple[int, ...]:
        """The samples to train next, up to the epoch of the last rung listed."""
        return self.rungs[-1].due if self.rungs else ()

    @property
    def to_ask(self) -> bool:
        """Whether an algorithm that learns has been told all, and is to give more samples."""
        return len(self.tuning.samples) < self.tuning.count and not self.due

    @property
    def best(self) -> float | None:
        """The winner's mean measure at the last epoch, as recorded; None without a winner."""
        if self.winner is None:
            return None
        last = self.rungs[-1]
        value = last.values[last.samples.index(self.winner)] or 0.0
        return -value if self.tuning.measure == "val_loss" else value

    def origin(self, study: str) -> dict[str, Any]:
        """Return what the provenance of a run with the winner's settings says; {} without one.

        Args:
            study: Name of the study that tuned the cell.
        """
        if self.winner is None:
            return {}
        runs, epochs = self.tuning.budget
        return {
            "study": study,
            "cell": self.tuning.cell.label,
            "values": self.tuning.samples[self.winner],
            "sample": self.winner + 1,
            "samples": self.tuning.count,
            "algorithm": self.tuning.algorithm,
            "rungs": list(self.tuning.epochs),
            "seeds": list(self.tuning.seeds),
            "runs": runs,
            "epochs": epochs,
            "measure": self.tuning.measure,
            "mean": self.best,
        }

    @property
    def hopeless(self) -> bool:
        """Whether every sample diverged."""
        complete = len(self.rungs) == len(self.tuning.epochs) and not self.due
        return complete and self.winner is None


def tuning_seeds(file: StudyFile) -> tuple[int, ...]:
    """Return the seeds of tuning; more of them only add to the fewer."""
    count = file.tune.seeds if file.tune else 0
    return tuple(FIRST_SEED + file.seeds.root + place for place in range(count))


def check_tune(
    mistakes: Mistakes, file: StudyFile, cells: Sequence[Cell], doubts: Sequence[Doubt]
) -> tuple[CellTuning, ...]:
    """Note the mistakes of the tune block, and return how each tuned cell is tuned.

    Args:
        mistakes: Those of the file so far.
        file: Its valid part.
        cells: Its valid cells.
        doubts: What is known of the others.
    """
    document = mistakes.document
    if not isinstance(document.get("tune"), dict):
        return ()
    shared = dict(_ranges(mistakes, ("tune", "search")))
    own: dict[str, dict[str, Range | None]] = {}
    for where in document.entries("tune", "cells"):
        found = dict(_ranges(mistakes, (*where, "search"), nullable=True))
        if isinstance(name := document.get(*where, "cell"), str | dict):
            try:
                own.setdefault(find_cell(cells, name).label, {}).update(found)
            except UserError as error:
                if not doubts:
                    mistakes.note((*where, "cell"), str(error))
    _check_fixed(mistakes, shared, own, cells)
    tune = file.tune
    if tune is None or mistakes.sentences:
        return ()
    tunings = []
    for cell in cells:
        of_cell = {**shared, **own.get(cell.label, {})}
        space = {name: of for name, of in of_cell.items() if of is not None}
        if not _check_values(mistakes, cell, space):
            continue
        space = {name: of for name, of in space.items() if has(cell.settings, name, of)}
        if space and _check_halving(mistakes, tune, cell):
            tunings.append(_tuning(mistakes, file, tune, cell, space))
    if not tunings and not mistakes.sentences:
        mistakes.note(("tune", "search"), "no cell has any of these settings.")
    return tuple(tunings)


def _tuning(
    mistakes: Mistakes, file: StudyFile, tune: Tune, cell: Cell, space: Mapping[str, Range]
) -> CellTuning:
    epochs = _rungs(tune, cell)
    by = tune.halving.by if tune.halving else 2
    learns = tune.algorithm == "optuna"
    samples = (
        [] if learns else draw(space, tune.algorithm, tune.samples, file.seeds.root, cell.label)
    )
    held_out = {"validation": tune.validation} if cell.settings.validation == "test" else {}
    settings = tuple(fitting(cell.settings, sample | held_out) for sample in samples)
    if not any(settings) and not learns:
        mistakes.note(
            ("tune", "samples"),
            f"none of the {tune.samples} samples of {cell.label} fits its other settings "
            f"({listing(sorted(space))}); search other ranges.",
        )
    return CellTuning(
        cell=cell,
        space=dict(space),
        algorithm=tune.algorithm,
        count=tune.samples,
        samples=tuple(samples),
        settings=settings,
        epochs=tuple(epochs),
        most=tuple(survivors(tune.samples, by, len(epochs))),
        seeds=tuning_seeds(file),
        measure=tune.measure,
        held_out=held_out,
        root=file.seeds.root,
    )


def _rungs(tune: Tune, cell: Cell) -> list[int]:
    epochs = cell.settings.epochs
    if tune.halving is None:
        return [epochs]
    return rung_epochs(epochs, tune.halving.from_, tune.halving.by)


def _ranges(
    mistakes: Mistakes, where: Where, *, nullable: bool = False
) -> Iterator[tuple[str, Any]]:
    """Yield the valid ranges of a mapping, and note what is wrong with the others."""
    written = mistakes.document.get(*where)
    for name, value in written.items() if isinstance(written, dict) else ():
        try:
            check_name(name)
            yield name, None if nullable and value is None else read_range(value)
        except UserError as error:
            mistakes.note((*where, name), str(error))


def _check_fixed(
    mistakes: Mistakes,
    shared: Mapping[str, Range],
    own: Mapping[str, Mapping[str, Range | None]],
    cells: Sequence[Cell],
) -> None:
    """Note settings that are both searched and fixed."""
    document = mistakes.document
    for where in [("defaults",), *document.entries("cells")]:
        written = document.get(*where)
        if not isinstance(written, dict):
            continue
        grid = written.get("grid")
        fixed = {**written, **(grid if isinstance(grid, dict) else {})}
        method = fixed.get("method", "set")
        ours = [
            of
            for cell in cells
            for label, of in own.items()
            if label == cell.label and cell.settings.method == method and where != ("defaults",)
        ]
        kept = {name for of in ours for name, value in of.items() if value is None}
        names = {*shared, *(name for of in ours for name in of)}
        for name in sorted(names - kept):
            if (way := _fixed_at(fixed, name)) is not None:
                inside = () if way[0] in written else ("grid",)
                mistakes.note(
                    (*where, *inside, *way),
                    f"is fixed here and searched in tune; keep one of them, or write "
                    f"{{cell: ..., search: {{{name}: null}}}} in tune: cells.",
                )


def _fixed_at(fixed: Mapping[str, Any], name: str) -> Where | None:
    """Return where a setting or part option is fixed, None where it is not."""
    kind, dot, option = name.partition(".")
    if name in fixed:
        return (name,)
    if dot and isinstance(part := fixed.get(kind), dict) and len(part) == 1:
        ((chosen_part, options),) = part.items()
        if isinstance(options, dict) and option in options:
            return (kind, chosen_part, option)
    return None


def _check_values(mistakes: Mistakes, cell: Cell, space: Mapping[str, Range]) -> bool:
    """Note values that a setting cannot have."""
    right = True
    for name, values in space.items():
        written = values.values if isinstance(values, Choices) else (values.at(0.0), values.at(1.0))
        for value in written:
            try:
                fitting(cell.settings, {name: value})
            except ValidationError as error:
                if contradicts(error):
                    continue
                problem = error.errors()[0]["msg"].replace("Input should be", "must be")
                mistakes.note(("tune", "search", name), f"{value!r}: {problem}.".replace("..", "."))
                right = False
    return right


def _check_halving(mistakes: Mistakes, tune: Tune, cell: Cell) -> bool:
    """Note a halving for which a cell has too few epochs, or that leaves no sample."""
    if tune.halving is None:
        return True
    start, by = tune.halving.from_, tune.halving.by
    if start >= cell.settings.epochs:
        mistakes.note(
            ("tune", "halving", "from"),
            f"must be below the {cell.settings.epochs} epochs of {cell.label}, not {start}.",
        )
        return False
    epochs = _rungs(tune, cell)
    left = survivors(tune.samples, by, len(epochs))
    if left[-1] >= 1:
        return True
    mistakes.note(
        ("tune", "halving"),
        f"leaves none of {tune.samples} samples for epoch {epochs[-1]} of {cell.label}: the best "
        f"1/{by} go on after the epochs {listing(map(str, epochs[:-1]))}, so it needs "
        f"{by ** (len(epochs) - 1)} samples or more.",
    )
    return False
