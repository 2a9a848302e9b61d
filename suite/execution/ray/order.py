"""In which order Tune starts trials: first to last, at a cost a trial that is the same for all.

Tune's own grid search copies the whole grid for each trial, and its own scheduler looks through
all trials at each step: with 10,000 runs either takes longer than short runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite.study.runs import Run


def in_turn(tune: Any, runs: Sequence[Run]) -> Any:
    """Return a parameter that gives each new trial the next run."""

    class InTurn(tune.search.sample.Domain):
        def __init__(self) -> None:
            self._left = iter([_named(run) for run in runs])

        def sample(self, *_: Any, **__: Any) -> Any:
            return next(self._left)

        def __deepcopy__(self, _: Any) -> Any:
            return self  # Tune copies its parameters for each trial; what is left is left once

    return InTurn()


def _named(run: Run) -> dict[str, Any]:
    """Return what a trial is known by: its key, and for trackers what people call it."""
    name = f"{run.cell} seed {run.seed}"
    return {"key": run.key, "cell": run.cell, "seed": run.seed, "name": name}


def first_come(tune: Any) -> Any:
    """Return a scheduler that starts trials in the order in which they came, retried ones last."""

    class FirstCome(tune.schedulers.FIFOScheduler):
        def __init__(self) -> None:
            super().__init__()
            self._open: dict[Any, None] = {}

        def on_trial_add(self, _: Any, trial: Any) -> None:
            self._open.pop(trial, None)
            self._open[trial] = None

        def choose_trial_to_run(self, _: Any) -> Any:
            for trial in [trial for trial in self._open if trial.is_finished()]:
                del self._open[trial]
            return next((trial for trial in self._open if trial.status == trial.PENDING), None)

    return FirstCome()
