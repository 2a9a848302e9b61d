"""Verbs for running a study: check, plan, run, status, logs; and bench for its cost."""

from __future__ import annotations

import json
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from suite.cli.app import (
    INTERRUPTED,
    SOME_FAILED,
    Address,
    Data,
    Json,
    ReadStore,
    Store,
    StudyPath,
    Takeover,
    Yes,
    app,
    load,
    print_json,
    print_table,
    stdout,
    store_option,
    words_of,
)
from suite.errors import UserError
from suite.store.store import DEFAULT_STORE
from suite.wording import count, span

if TYPE_CHECKING:
    from rich.text import Text

    from suite.decisions import Undecided
    from suite.execution.drive import Outcome

_MOST_SAID = 10
"""Cells that are the same as others, said by name."""


@app.command()
def check(
    study: StudyPath,
    yes: Yes = False,
    estimate: Annotated[
        bool,
        typer.Option("--estimate", help="Measure a few steps to estimate the cost of the study."),
    ] = False,
    data: Data = None,
) -> None:
    """Check a study file, count its runs, and look for its data."""
    from suite.datasets.known import data_folder
    from suite.datasets.loading import absence
    from suite.study.chains import with_earlier

    checked = load(study, many=yes)
    cells, seeds = len(checked.cells), len(checked.seeds)
    counted = (
        count(cells, "cell"),
        f"{count(seeds, 'seed')} ({span(checked.seeds)})",
        count(cells * seeds, "run"),
    )
    earlier = len(with_earlier(checked.runs(defaultdict(str)))) - cells * seeds
    more = f", and {count(earlier, 'earlier run')} that they start from" if earlier else ""
    typer.echo("{}: {} x {} = {}{}.".format(study, *counted, more))
    for label, first in list(checked.again.items())[:_MOST_SAID]:
        typer.echo(f"{label} is the same cell as {first}.")
    if (unsaid := len(checked.again) - _MOST_SAID) > 0:
        typer.echo(f"So {'is' if unsaid == 1 else 'are'} {count(unsaid, 'more cell')}.")
    if checked.tunings:
        tuned = count(len(checked.tunings), "cell")
        of_samples, epochs = map(sum, zip(*(of.budget for of in checked.tunings), strict=True))
        typer.echo(
            f"Tuning comes first: {tuned}, at most {count(of_samples, 'run')} with "
            f"{count(epochs, 'epoch')}."
        )
    if checked.runs_untuned:
        untuned = count(len(checked.tunings) * seeds, "run")
        typer.echo(f"With untuned, {untuned} more: the tuned cells with their own settings.")
    for source in checked.sources():
        if sentence := absence(source, data_folder(data), checked.path.parent):
            place = "" if isinstance(source, str) else f"{checked.data_place(source)}: "
            typer.echo(f"{place}{sentence}")
    if estimate:
        from suite.execution.estimate import estimate as estimate_cost
        from suite.reporting.numbers import seconds_text

        cost = estimate_cost(checked, data_folder(data))
        print_table(
            ["cell", "an epoch", "all its runs"],
            [
                [
                    cell.cell,
                    seconds_text(cell.epoch_seconds),
                    f"{seconds_text(cell.core_seconds)} of a core",
                ]
                for cell in cost.cells
            ],
        )
        typer.echo(
            f"at most {cost.core_seconds / 3600:.3g} core-hours; {seconds_text(cost.wall_seconds)} "
            f"with {count(cost.at_once, 'run')} at once on this machine"
        )


@app.command()
def plan(
    study: StudyPath, store: ReadStore = DEFAULT_STORE, as_json: Json = False, yes: Yes = False
) -> None:
    """List each run of a study as done, partial, missing or failed."""
    from suite.store.known import is_known, known_fingerprints
    from suite.store.status import stand
    from suite.store.store import RunStore, usable
    from suite.store.tuned import progress, standing

    checked, runs_in = load(study, many=yes), RunStore(store)
    with usable(runs_in):
        runs, states = stand(checked, runs_in)
        tuning = progress(standing(checked, runs_in, known_fingerprints(checked, runs_in)))
    counts = Counter(states[run.key] for run in runs)
    keys = [
        run.key if is_known(run) else None for run in runs
    ]  # unknown until its files have been read
    if as_json:
        listed = [
            {"key": key, "cell": run.cell, "seed": run.seed, "state": states[run.key]}
            for key, run in zip(keys, runs, strict=True)
        ]
        tuned = {"tuning": asdict(tuning)} if tuning else {}
        print_json({"study": checked.name, "counts": counts, **tuned, "runs": listed})
        return
    if tuning:
        typer.echo(f"{tuning.sentence}, then {count(len(checked.seeds), 'seed')} of each cell")
    for key, run in zip(keys, runs, strict=True):
        typer.echo(f"{states[run.key]:8} {key or '-':16}  {run.cell}, seed {run.seed}")
    typer.echo(", ".join(f"{number} {state}" for state, number in sorted(counts.items())) + ".")


@app.command()
def run(
    study: StudyPath,
    store: Store = DEFAULT_STORE,
    data: Data = None,
    address: Address = None,
    takeover: Takeover = False,
    report: Annotated[
        bool, typer.Option("--report", help="Write the study's report at the end.")
    ] = False,
    until_decided: Annotated[
        bool,
        typer.Option(
            "--until-decided", help="Add seeds only until comparisons and claims are decided."
        ),
    ] = False,
    max_seeds: Annotated[
        int | None, typer.Option(min=1, help="With --until-decided: the most seeds of a cell.")
    ] = None,
    keep: Annotated[
        Literal["nothing", "network"] | None,
        typer.Option("--keep", help="network: keep the trained network of each run as well."),
    ] = None,
    yes: Yes = False,
) -> None:
    """Run what is missing of a study; also to resume it or to add seeds or cells."""
    from suite.execution.drive import drive
    from suite.execution.progress import PatientConsole, say
    from suite.store.store import RunStore

    checked, runs_in, console = load(study, many=yes), RunStore(store), PatientConsole(stderr=True)
    words = words_of("run", study, store, data, address)
    words += [] if keep is None else ["--keep", keep]
    words += ["--until-decided"] * until_decided
    words += [] if max_seeds is None else ["--max-seeds", str(max_seeds)]
    words += ["--report"] * report + ["--yes"] * yes
    resume = f"To resume: {shlex.join(words)}"
    try:
        outcome = drive(
            checked,
            runs_in,
            data_dir=data,
            address=address,
            takeover=takeover,
            console=console,
            until_decided=until_decided,
            max_seeds=max_seeds,
            keep=keep,
        )
    except KeyboardInterrupt:
        kept = f"What the last checkpoints hold is kept in {runs_in.location}."
        say(console, f"Interrupted. {kept} {resume}")
        raise typer.Exit(INTERRUPTED) from None
    for sentence in _sentences(outcome, checked.name, runs_in.location, store_option(store)):
        say(console, sentence)
    if outcome.interrupted:
        say(console, f"Interrupted. {resume}")
        raise typer.Exit(INTERRUPTED)
    failed = not outcome.complete and (bool(outcome.failed) or outcome.undecided is None)
    if report and outcome.done:
        from suite import reporting
        from suite.store.table import read

        try:
            written = reporting.write(read(checked, store), Path("reports") / checked.name)
            say(PatientConsole(), str(written.index))
        except UserError as error:
            if not failed:
                raise
            for sentence in error.sentences:  # and the exit code says what is worse
                say(console, sentence)
    if failed:
        raise typer.Exit(SOME_FAILED)


def _sentences(outcome: Outcome, study: str, location: str, option: str) -> Iterator[str]:
    """Yield what has come of driving a study."""
    done = f"{outcome.done} of {outcome.total} runs are done in {location}"
    what = "complete" if outcome.undecided is None else "decided"
    if outcome.complete:
        how = "; nothing was missing" if outcome.executed == 0 else ""
        yield f"{study} is {what}: {done}{how}."
        return
    yield f"{study} is not {what}: {done}."
    yield from (it.sentence for it in outcome.undecided or ())
    for run, reason in outcome.failed:
        shown = f"suite logs {run.key}{option}"
        yield f"failed: {run.cell}, seed {run.seed}: {reason} ({shown})"


@app.command()
def status(
    study: StudyPath,
    store: ReadStore = DEFAULT_STORE,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Keep updating until the study is complete; with --json, a document a line.",
        ),
    ] = False,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Show the progress of a study, from its store, wherever the study runs."""
    from rich.console import Group
    from rich.live import Live

    from suite import decisions
    from suite.execution.progress import PatientConsole, say
    from suite.store import status as of_store
    from suite.store.store import RunStore, UnusableError, usable
    from suite.store.table import collect

    checked, runs_in, console = load(study, many=yes), RunStore(store), stdout()
    anytime = checked.file.comparisons.inference == "anytime"

    def looks() -> Iterator[tuple[of_store.Status, list[Undecided]]]:
        with usable(runs_in):
            once = [] if watch else [of_store.look(checked, runs_in)]
            for found in once or of_store.watch(checked, runs_in):
                try:
                    open_ = decisions.undecided(collect(checked, runs_in)) if anytime else []
                except UnusableError as error:
                    if not watch:
                        raise
                    say(PatientConsole(stderr=True), str(error))
                    continue
                yield found, open_
                if anytime and not open_ and found.driver == "none":
                    return  # seeds that nothing needs are not waited for

    if as_json:
        for found, open_ in looks():
            rows = {"undecided": [it.row() for it in open_]} if anytime else {}
            typer.echo(json.dumps(found.document() | rows, indent=None if watch else 2))
    elif watch and console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            for found, open_ in looks():
                shown = Group(of_store.as_text(found), *_open_lines(open_, anytime))
                live.update(shown, refresh=True)
    else:
        for found, open_ in looks():
            console.print(of_store.as_text(found), soft_wrap=True)  # a path stays whole
            for line in _open_lines(open_, anytime):
                console.print(line, soft_wrap=True)


def _open_lines(open_: list[Undecided], anytime: bool) -> list[Text]:
    """Return what a study with anytime inference still waits for."""
    from rich.text import Text

    if not anytime:
        return []
    lines = [it.sentence for it in open_] or ["All comparisons and claims are decided."]
    return [Text(line) for line in ["", *lines]]


@app.command()
def logs(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="The key of a run, or the beginning of it.")
    ],
    store: ReadStore = DEFAULT_STORE,
) -> None:
    """Show a run's log, and why it failed if it did."""
    from suite.store.store import RunStore, usable

    runs_in = RunStore(store)
    with usable(runs_in):
        fitting = [key for key in runs_in.keys() if key.startswith(run)]  # noqa: SIM118
        if not fitting:
            raise UserError(
                f"{run}: no run in {store} has such a key; suite plan STUDY lists the keys."
            )
        if len(fitting) > 1:
            raise UserError(f"{run}: fits the keys {', '.join(fitting[:5])}; give more of it.")
        (key,) = fitting
        logged, failure = "".join(runs_in.logs(key)), runs_in.failure(key)
    typer.echo(logged, nl=False)
    if failure is not None:
        if failure["traceback"] not in logged:
            typer.echo(failure["traceback"])
        typer.echo(f"failed: {failure['reason']}")


@app.command()
def bench(
    measures: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MEASURE...]", help="What to measure. Default: all."),
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Only show how a step's time is spent.")
    ] = False,
    turns: Annotated[
        int, typer.Option(min=1, help="How many times the compared sides alternate.")
    ] = 15,
    history: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Add the figures to a history file.")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Report what is worse than in a history file; if so, exit with 1."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure engines and scheduling on this machine, with the paper's network.

    Measures: engines, sparselab, sparse_linear, profile, limit, halved_epsilon, fourfold_width,
    growth, evaluation, update, methods, side_by_side, memory, scheduling.
    """
    from suite.bench import MEASURES, rows, run_bench
    from suite.bench import history as histories
    from suite.bench.measures import machine
    from suite.errors import suggestion

    for name in measures or []:
        if name not in MEASURES:
            raise UserError(f'there is no measure "{name}"{suggestion(name, MEASURES)}')
    if profile and measures:
        raise UserError("--profile measures nothing else; leave out the names of measures.")
    chosen = ["profile"] if profile else measures or []
    before = histories.latest(against, machine()) if against else {}
    if history:
        histories.check(history)
    figures = run_bench(
        turns=turns,
        measures=chosen,
        progress=lambda name: typer.echo(f"measuring: {name}", err=True),
    )
    if history:
        histories.add(history, figures)
    if as_json:
        print_json(figures)
    else:
        print_table(["measured", "figure", "wanted"], rows(figures))
    if against:
        for sentence in histories.verdict(figures, before):
            typer.echo(sentence, err=True)
        if any(histories.worse(figures, before)):
            raise typer.Exit(1)
