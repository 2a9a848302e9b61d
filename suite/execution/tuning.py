"""Tune the cells of a study: rung by rung over all cells at once, until each has a winner.

Once a rung is complete, the store alone decides what is trained next: an interrupted tuning resumes
where it stopped, and the number of cores affects only the time.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

from suite.errors import RunsFailedError, UserError
from suite.execution.ray.learning import next_batch
from suite.store.store import RunStore, usable
from suite.store.tuned import standing
from suite.study import Study
from suite.study.cells import source_name
from suite.study.runs import Run
from suite.study.tune import Tuned

Train = Callable[[Sequence[Run], Mapping[str, int]], bool]
"""Trains runs, each up to an epoch given by its key; returns whether all have ended."""


def tune(
    study: Study,
    store: RunStore,
    fingerprints: Mapping[str, str],
    train: Train,
    tell: Callable[[str], None] = lambda _: None,
) -> Study | None:
    """Return the study with the winners' settings in place of its cells' own.

    Args:
        study: The study, with the cells as its file writes them.
        store: Its run store.
        fingerprints: Content of each data set, by `source_name`.
        train: Called with the runs of each rung.
        tell: Called with a sentence about each rung.

    Returns:
        None if an interrupt ended it early.

    Raises:
        RunsFailedError: If a run failed for another reason than a loss that is not finite, or every
            sample of a cell diverged.
        UnusableError: If the store cannot be used now.
    """
    while True:
        with usable(store):
            tuned = standing(study, store, fingerprints)
        if hopeless := [label for label, of in tuned.items() if of.hopeless]:
            raise RunsFailedError(
                f"{study.path}: tune: no sample of {', '.join(hopeless)} could be trained without "
                "diverging; search other ranges."
            )
        if asking := [of for of in tuned.values() if of.to_ask]:
            for of in asking:
                with usable(store):
                    _ask(study, of, store, fingerprints)
            continue
        due = due_runs(tuned, fingerprints)
        if not due:
            return study.with_winners(tuned)
        runs = {run.key: run for run, _ in due}
        until = {run.key: epoch for run, epoch in due}
        tell(_sentence(tuned))
        if not train(list(runs.values()), until):
            return None
        with usable(store):
            _check_trained(study, store, runs)


def due_runs(tuned: Mapping[str, Tuned], fingerprints: Mapping[str, str]) -> list[tuple[Run, int]]:
    """Return the runs that every cell's present rung lacks, and its epoch; samples outermost."""
    found = [
        (sample, run, of.rungs[-1].epoch)
        for of in tuned.values()
        for sample in of.due
        for run in of.tuning.runs(
            sample, fingerprints[source_name(of.tuning.cell.settings.dataset)]
        )
    ]
    return [(run, epoch) for _, run, epoch in sorted(found, key=lambda it: it[0])]


def _ask(study: Study, of: Tuned, store: RunStore, fingerprints: Mapping[str, str]) -> None:
    """Keep one more batch of samples of a cell, as the algorithm gives it."""
    key = of.tuning.key(fingerprints[source_name(of.tuning.cell.settings.dataset)])
    known = store.samples(key)[: len(of.tuning.samples)]
    try:
        store.keep_samples(key, [*known, *next_batch(of, known)])
    except ImportError as error:
        raise UserError(f"{study.path}: tune: algorithm: {error}") from None


def _sentence(tuned: Mapping[str, Tuned]) -> str:
    parts = [
        f"{label} {len(of.due)} of {len(of.rungs[-1].samples)} samples up to epoch "
        f"{of.rungs[-1].epoch}"
        for label, of in tuned.items()
        if of.due
    ]
    return f"tuning: {'; '.join(parts)}"


def _check_trained(study: Study, store: RunStore, runs: Mapping[str, Run]) -> None:
    """Check that no run failed for a reason by which a winner must not be chosen."""
    for key, run in runs.items():
        failure = store.failure(key)
        if failure is not None and not failure.get("diverged"):
            shown = f"suite logs {key} --store {shlex.quote(store.location)}"
            raise RunsFailedError(
                f"{study.path}: tune: {run.cell}, seed {run.seed} failed, so no winner can be "
                f"chosen: {failure['reason']} ({shown}); run it again."
            )
