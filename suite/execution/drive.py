"""Drive a study: find the missing runs, have them run, report the outcome."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

from rich.console import Console

from suite import decisions
from suite.errors import UserError
from suite.execution import tuning
from suite.execution.data import fingerprints, fitting_images
from suite.execution.deciding import Rounds, check_decidable
from suite.execution.progress import Progress, reading, say
from suite.files import at_once
from suite.store.lock import Lock, hold
from suite.store.status import stand
from suite.store.store import RunStore, usable
from suite.store.table import collect
from suite.study import Study
from suite.study.cells import source_name
from suite.study.chains import Start, starts, with_earlier
from suite.study.file import Keep
from suite.study.runs import Run
from suite.wording import count

if TYPE_CHECKING:
    from suite.decisions import Undecided

SECONDS_OF_LOADING = 5.0
"""Kernels that took longer were compiled; loading compiled ones is much faster."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of driving a study.

    Attributes:
        done: How many of its runs are done now.
        total: How many runs it has.
        executed: How many runs were given to Ray this time, those that others start from included.
        failed: Runs that failed, each with its reason.
        interrupted: Whether an interrupt ended it early.
        undecided: What is still open, where the study is run until it is decided; else None.
    """

    done: int
    total: int
    executed: int
    failed: list[tuple[Run, str]]
    interrupted: bool = False
    undecided: Sequence[Undecided] | None = None

    @property
    def complete(self) -> bool:
        """Whether every run is done, or everything is decided."""
        return self.done == self.total if self.undecided is None else not self.undecided


def drive(
    study: Study,
    store: RunStore,
    *,
    data_dir: str | Path | None = None,
    address: str | None = None,
    takeover: bool = False,
    keep: Literal["nothing", "network"] | None = None,
    console: Console | None = None,
    until_decided: bool = False,
    max_seeds: int | None = None,
) -> Outcome:
    """Run what is missing of a study in its store.

    Args:
        study: The study.
        store: Its run store.
        data_dir: Where downloaded data sets are.
        address: A Ray cluster; this machine alone by default.
        takeover: Take the place of another driver that lives.
        keep: What of a run stays besides its results; what the study says by default.
        console: Where to show progress; by default nothing is shown.
        until_decided: Run seeds only until the comparisons and claims are decided (`deciding`).
        max_seeds: The most of them; by default as many as the study declares.

    Returns:
        What is done and what failed. Runs that are neither were interrupted.

    Raises:
        UserError: If the data are missing or a cell does not fit them, if another driver is alive,
            or if the store or the cluster cannot be used.
        KeyboardInterrupt: At the second interrupt.
    """
    from suite.datasets.known import data_folder

    _check_asked(until_decided, max_seeds, keep)
    most = check_decidable(study, max_seeds) if until_decided else None
    folder, console = data_folder(data_dir), console or Console(quiet=True)
    if keep is not None:
        study = _keeping(study, keep)
    with usable(store):
        store.stand()
    found = fingerprints(study, folder, reading(console))
    with ExitStack() as held:
        lock = _once_held(held, study, store, found, takeover)
        if study.tunings:
            tuned = _tuned(study, store, found, lock, held, folder, address, console)
            if tuned is None:
                with usable(store):
                    runs, states = stand(study, store)
                done = sum(state == "done" for state in states.values())
                return Outcome(done, len(runs), 0, [], interrupted=True)
            study = tuned
        runs = study.runs(found)
        if study.runs_untuned:
            runs += study.untuned_runs(found)
        if most is not None:
            runs = runs[: most * len(study.cells)]  # seeds come outermost
        with usable(store):
            if not (missing := lacking(runs, store)):
                note_fingerprints(study, found, store)
            to_run = with_earlier(missing, lambda start: _is_kept(start, store))
        ended = True
        if most is not None and not _open_runs(study, store, missing, found):
            missing = []
        if missing:
            every = with_earlier(runs)
            ended = _execute(
                study, every, to_run, store, lock(), held, folder, address, console, most, found
            )
    with usable(store):
        store.gather()
        if study.file.execution.keep == "network":
            _say_what_has_no_network(runs, store, console)
        states = store.states(run.key for run in runs)
        failed = [
            (run, (store.failure(run.key) or {}).get("reason", "unknown"))
            for run in runs
            if states[run.key] == "failed"
        ]
    done = sum(states[run.key] == "done" for run in runs)
    if most is None:
        return Outcome(done, len(runs), len(to_run), failed, not ended)
    with usable(store):
        executed = len(to_run) - len(lacking(to_run, store))
        undecided = decisions.undecided(collect(study, store, found))
    return Outcome(done, len(runs), executed, failed, not ended, undecided)


def _check_asked(until_decided: bool, max_seeds: int | None, keep: str | None) -> None:
    """Check what is asked for besides the study file; the command line's words are Python's too."""
    if max_seeds is not None and not until_decided:
        raise UserError("--max-seeds goes with --until-decided.")
    if max_seeds is not None and max_seeds < 1:
        raise UserError(f"--max-seeds must be 1 or more, not {max_seeds}.")
    if keep not in (None, *(known := get_args(Keep))):
        raise UserError(f"--keep must be one of these: {', '.join(known)}; not {keep}.")


def _keeping(study: Study, keep: str) -> Study:
    execution = study.file.execution.model_copy(update={"keep": keep})
    return replace(study, file=study.file.model_copy(update={"execution": execution}))


def _say_what_has_no_network(runs: Sequence[Run], store: RunStore, console: Console) -> None:
    """Say how many runs were finished without keeping their network: they are not run again."""
    states = store.states(run.key for run in runs)
    have = store.with_final_network()
    if bare := [key for key, state in states.items() if state == "done" and key not in have]:
        say(
            console,
            f"{count(len(bare), 'finished run')} did not keep the network; "
            "suite network --retrain trains such a run again.",
        )


def tune_cells(
    study: Study,
    store: RunStore,
    *,
    data_dir: str | Path | None = None,
    address: str | None = None,
    takeover: bool = False,
    console: Console | None = None,
) -> Study | None:
    """Tune the cells of a study, and run none of its seeds; see `drive`.

    Returns:
        The study with the winners' settings; None if an interrupt ended it early.
    """
    from suite.datasets.known import data_folder

    if not study.tunings:
        raise UserError(f"{study.path}: has no tune block, so there is nothing to tune.")
    folder, console = data_folder(data_dir), console or Console(quiet=True)
    with usable(store):
        store.stand()
    found = fingerprints(study, folder, reading(console))
    with ExitStack() as held:
        lock = _once_held(held, study, store, found, takeover)
        return _tuned(study, store, found, lock, held, folder, address, console)


def _once_held(
    held: ExitStack,
    study: Study,
    store: RunStore,
    found: Mapping[str, str],
    takeover: bool,
) -> Callable[[], Lock]:
    """Return what takes the lock on driving a study when it is first asked for."""

    @functools.cache
    def lock() -> Lock:
        with usable(store):
            taken = held.enter_context(hold(store, study.name, file=study.path, takeover=takeover))
            note_fingerprints(study, found, store)
        return taken

    return lock


def _tuned(
    study: Study,
    store: RunStore,
    found: Mapping[str, str],
    lock: Callable[[], Lock],
    held: ExitStack,
    data_dir: Path,
    address: str | None,
    console: Console,
) -> Study | None:
    def train(runs: Sequence[Run], until: Mapping[str, int]) -> bool:
        to_run = with_earlier(runs, lambda start: _is_kept(start, store))
        further = far_enough(to_run, until)
        return _execute(
            *(study, runs, to_run, store, lock(), held, data_dir, address, console),
            most=None,
            found=found,
            until=further,
        )

    return tuning.tune(study, store, found, train, lambda told: say(console, told))


def far_enough(runs: Sequence[Run], until: Mapping[str, int]) -> dict[str, int]:
    """Return up to which epoch runs are trained, where others of them start from a later one."""
    reached = dict(until)
    for start in (start for run in runs for start in starts(run)):
        if start.run.key in reached:
            reached[start.run.key] = max(reached[start.run.key], start.epoch)
    return reached


def _execute(
    study: Study,
    runs: Sequence[Run],
    missing: Sequence[Run],
    store: RunStore,
    lock: Lock,
    held: ExitStack,
    data_dir: Path,
    address: str | None,
    console: Console,
    most: int | None,
    found: Mapping[str, str],
    until: Mapping[str, int] = MappingProxyType({}),
) -> bool:
    images = fitting_images(study, missing, data_dir, reading(console))
    for note in dict.fromkeys(note for data in images.values() for note in data.notes):
        say(console, note)
    _compile(study, console)
    from suite.execution import ray as cluster

    with usable(store):
        behind = _epochs(missing, store)
    shown = runs if most is None else ()
    with Progress(study.name, shown, missing, console, behind, until) as watcher:
        lock.seconds_left = watcher.seconds_left
        rounds = None if most is None else Rounds(study, store, runs, most, watcher.asked, found)
        return cluster.execute(
            missing,
            images,
            store=store,
            lock=lock,
            execution=study.file.execution,
            plugins=study.plugins,
            address=address,
            watcher=watcher,
            choose=rounds,
            until=until,
            stays=held,
        )


def _open_runs(
    study: Study, store: RunStore, missing: Sequence[Run], found: Mapping[str, str]
) -> list[Run]:
    """Return the missing runs of cells that something open needs, on the data that are there."""
    open_ = decisions.undecided(collect(study, store, found))
    needed = {cell.label for it in open_ for cell in it.cells}
    return [run for run in missing if run.cell in needed]


def note_fingerprints(study: Study, found: Mapping[str, str], store: RunStore) -> None:
    """Record the content of data sets in a store; only the driver of the study may."""
    for source in study.sources():
        folder = "" if isinstance(source, str) else str(study.path.parent)
        store.note_fingerprint(source_name(source), found[source_name(source)], folder)


def lacking(runs: Sequence[Run], store: RunStore) -> list[Run]:
    """Return the runs without a valid result, in their order, each once."""
    distinct = {run.key: run for run in runs}  # two names of one data set make the same run twice
    lying = store.lying()
    states = store.states(distinct, lying)
    finished = [key for key, state in states.items() if state == "done"]
    sound = dict(zip(finished, store.sound(finished, lying), strict=True))
    return [run for key, run in distinct.items() if not sound.get(key)]


def _is_kept(start: Start, store: RunStore) -> bool:
    return store.network(start.run.key, start.epoch) is not None


def _epochs(runs: Sequence[Run], store: RunStore) -> dict[str, int]:
    """Return the epochs that earlier attempts have completed."""
    begun = set(store.keys())
    keys = [run.key for run in runs if run.key in begun]
    notes = zip(keys, at_once(store.progress, keys), strict=True)
    return {key: note["epoch"] for key, note in notes if note is not None}


def _compile(study: Study, console: Console) -> None:
    """Compile all kernels before any worker starts, so that none compiles them again."""
    from suite.kernels import compile_kernels

    seconds = compile_kernels(study.file.execution.chosen_engine)
    if seconds > SECONDS_OF_LOADING:
        say(console, f"compiled the engine, once on this machine, in {seconds:.0f} s")
