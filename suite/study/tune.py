"""How cells are tuned, and what tuning them has come to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from suite.study.cells import Cell
from suite.study.file import StudyFile
from suite.study.halving import Rung, chosen
from suite.study.runs import Run
from suite.study.search import Range, Sample, fitting, sample_at, with_values

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

    def turned(self, value: float) -> float:
        """Return a recorded measure as samples are compared by it, higher is better; or back."""
        return -value if self.measure == "val_loss" else value

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
        if best is None or len(self.samples) < self.count:
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
        value = last.values[last.samples.index(self.winner)]
        assert value is not None  # a winner has been measured
        return self.tuning.turned(value)

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
        complete = len(self.rungs) == len(self.tuning.epochs) and not (self.due or self.to_ask)
        return complete and self.winner is None


def tuning_seeds(file: StudyFile) -> tuple[int, ...]:
    """Return the seeds of tuning; more of them only add to the fewer."""
    count = file.tune.seeds if file.tune else 0
    return tuple(FIRST_SEED + file.seeds.root + place for place in range(count))
