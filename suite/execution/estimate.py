"""Estimates the cost of a study on this machine from a few measured steps."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from statistics import fmean
from typing import Any

from suite import machine
from suite.datasets.dataset import DataSet
from suite.execution.data import images_of
from suite.settings import MADE_INTO_PARTS, Settings
from suite.study import Study
from suite.study.cells import source_name
from suite.study.chains import starts, with_earlier
from suite.study.runs import Run
from suite.study.search import draw, fitting, with_values
from suite.study.tune import CellTuning

SAMPLES_MEASURED = 8
"""Samples measured per tuned cell: as many of a Sobol sequence lie evenly in its space."""


@dataclass(frozen=True)
class Cost:
    """What the runs of one cell cost, its tuning, or the earlier runs that its runs start from.

    Attributes:
        cell: The cell's label.
        epoch_seconds: Seconds an epoch at the initial number of connections, measured; of tuning
            the mean over samples.
        core_seconds: Of all its seeds and epochs; of tuning all of its budget.
    """

    cell: str
    epoch_seconds: float
    core_seconds: float


@dataclass(frozen=True)
class Estimate:
    """The cost of a study.

    Attributes:
        cells: Each cell's cost.
        at_once: How many runs go on at once with the resources given.
        wall_seconds: From start to end, with as many runs at once as possible.
    """

    cells: list[Cost]
    at_once: int
    wall_seconds: float

    @property
    def core_seconds(self) -> float:
        """Of the whole study."""
        return sum(cost.core_seconds for cost in self.cells)


def estimate(study: Study, data_dir: Path, at_hand: int | None = None) -> Estimate:
    """Estimate the cost of a study from a few measured steps of each cell.

    Args:
        study: The study.
        data_dir: The data folder.
        at_hand: Available cores; by default those that this process may use.

    Returns:
        An upper estimate: connections are counted as at initialisation, and most methods lose
        some on the way.
    """
    from suite.training.device import gpus

    images = images_of(study, study.sources(), data_dir)
    execution = study.file.execution
    at_once = execution.at_once(at_hand or machine.at_hand(), gpus())
    seeds = len(study.seeds)
    costs: list[Cost] = []
    each: list[float] = []
    until: dict[str, float] = {}  # a run's seconds with those of all that it waits for
    measured: dict[str, float] = {}

    def epoch_seconds(settings: Settings) -> float:
        same_cost = repr(_what_costs(settings))
        if same_cost not in measured:
            measured[same_cost] = _measure(settings, images, study)
        return measured[same_cost]

    rungs = []
    for tuning in study.tunings:
        an_epoch, chain = _of_a_sample(tuning, epoch_seconds)
        rungs.append(_rungs(tuning, an_epoch, chain))
        seconds = sum(seconds for _, seconds in rungs[-1])
        costs.append(Cost(f"{tuning.cell.label}, tuning", an_epoch, seconds * execution.cpu))
    contents = {name: name for name in images}  # whatever they are
    every = study.runs(contents) + (study.untuned_runs(contents) if study.runs_untuned else [])
    of_a_seed = [run for run in every if run.seed == study.seeds[0]]
    for run in with_earlier(of_a_seed):
        an_epoch = epoch_seconds(run.settings)
        each.append(an_epoch * run.settings.epochs)
        until[run.key] = each[-1] + max(
            (until[start.run.key] for start in starts(run)), default=0.0
        )
        costs.append(Cost(run.cell, an_epoch, each[-1] * seeds * execution.cpu))
    in_turns = seeds * sum(each) / min(at_once, seeds * len(study.cells))
    wall_seconds = max(in_turns, *until.values())
    for of_cells in zip_longest(*rungs, fillvalue=(0, 0.0)):  # a rung waits for the one before
        runs, seconds = map(sum, zip(*of_cells, strict=True))
        wall_seconds += seconds / min(at_once, runs)
    return Estimate(costs, at_once, wall_seconds)


def _of_a_sample(
    tuning: CellTuning, epoch_seconds: Callable[[Settings], float]
) -> tuple[float, float]:
    """Return the mean seconds of a sample's epoch, and of all that a sample's run starts from."""
    drawn = draw(tuning.space, "sobol", SAMPLES_MEASURED, tuning.root, tuning.cell.label)
    found = (fitting(tuning.cell.settings, {**sample, **tuning.held_out}) for sample in drawn)
    some = [of for of in found if of] or [with_values(tuning.cell.settings, tuning.held_out)]
    runs = [Run(tuning.cell.label, settings, tuning.seeds[0], "") for settings in some]
    chains = [start for run in runs for start in with_earlier([run]) if start.key != run.key]
    chain = sum(epoch_seconds(start.settings) * start.settings.epochs for start in chains)
    return fmean(epoch_seconds(settings) for settings in some), chain / len(some)


def _rungs(tuning: CellTuning, an_epoch: float, chain: float) -> list[tuple[int, float]]:
    """Return how many runs each rung trains, and their seconds in all."""
    found, since = [], 0
    for most, until in zip(tuning.most, tuning.epochs, strict=True):
        runs = most * len(tuning.seeds)
        found.append((runs, runs * ((until - since) * an_epoch + (0 if since else chain))))
        since = until
    return found


def _measure(settings: Settings, images: dict[str, DataSet], study: Study) -> float:
    from suite.training.fits import check_fits
    from suite.training.timing import epoch_seconds

    execution = study.file.execution
    image_set = images[source_name(settings.dataset)]
    check_fits(settings, image_set)
    with redirect_stdout(sys.stderr):  # what a plug-in prints is no estimate
        return epoch_seconds(
            settings,
            image_set,
            engine=execution.chosen_engine,
            device=execution.device,
            threads=execution.threads,
        )


def _what_costs(settings: Settings) -> dict[str, Any]:
    """Return what an epoch's cost depends on: not how many connections go and return."""
    free = {*MADE_INTO_PARTS, "epochs", "learning_rate"}
    recipe = settings.recipe
    costly = (recipe.initial, recipe.schedule, recipe.prune, recipe.share, recipe.regrow)
    return {
        "dataset": source_name(settings.dataset),
        "recipe": costly if recipe.evolves else costly[:2],
        **settings.model_dump(exclude=free),
    }
