"""The command line: parse, call, print."""

from __future__ import annotations

import json
import logging
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from suite.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from suite.reporting import Written
    from suite.study import Study

BAD_INPUT, SOME_FAILED, INCOMPLETE, INTERRUPTED = 2, 3, 4, 130

app = typer.Typer(
    help="Dynamic sparse training studies: train, compare and report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

StudyPath = Annotated[Path, typer.Argument(metavar="STUDY", help="A study file (YAML).")]
Store = Annotated[
    str, typer.Option("--store", metavar="DIR_OR_URL", help="The run store.", show_default=True)
]
TableStore = Annotated[
    str,
    typer.Option(
        "--store", metavar="DIR_OR_URL", help="The run store, or a file from suite export."
    ),
]
Data = Annotated[
    Path | None,
    typer.Option("--data", envvar="SUITE_DATA", help="Folder of downloaded data sets."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Yes = Annotated[bool, typer.Option("--yes", help="So very many runs are meant.")]
_STORE = "results"
_SECONDS_BETWEEN_LOOKS = 5.0


def main() -> None:
    """Run the command line; say a user's mistakes without a traceback."""
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    try:
        app()
    except UserError as error:
        for sentence in error.sentences:
            sys.stderr.write(f"{sentence}\n")
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@app.command()
def check(
    study: StudyPath,
    yes: Yes = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Measure a few steps: what will the study cost?")
    ] = False,
    data: Data = None,
) -> None:
    """Check a study file and count its runs."""
    checked = _load(study, many=yes)
    cells, seeds = len(checked.cells), len(checked.seeds)
    counted = (_count(cells, "cell"), _count(seeds, "seed"), _count(cells * seeds, "run"))
    typer.echo("{}: {} x {} = {}.".format(study, *counted))
    if estimate:
        from suite.datasets.known import data_folder
        from suite.estimate import estimate as estimate_cost

        cost = estimate_cost(checked, data_folder(data))
        for cell in cost.cells:
            typer.echo(
                f"{cell.epoch_seconds:8.2f} s an epoch {cell.core_hours:10.2f} h  {cell.cell}"
            )
        typer.echo(
            f"at most {cost.core_hours:.2f} core-hours, {cost.wall_hours:.2f} hours with "
            f"{cost.at_once} runs at once on this machine"
        )


@app.command()
def plan(study: StudyPath, store: Store = _STORE, as_json: Json = False, yes: Yes = False) -> None:
    """List each run of a study as done, partial, missing or failed."""
    from suite.store import RunStore
    from suite.tidy import known_runs

    checked, runs_in = _load(study, many=yes), RunStore(store)
    runs = known_runs(checked, runs_in)
    states = runs_in.states(run.key for run in runs)
    counts = Counter(states.values())
    if as_json:
        listed = [
            {"key": run.key, "cell": run.cell, "seed": run.seed, "state": states[run.key]}
            for run in runs
        ]
        _print_json({"study": checked.name, "counts": counts, "runs": listed})
        return
    for run in runs:
        typer.echo(f"{states[run.key]:8} {run.key}  {run.cell}, seed {run.seed}")
    typer.echo(", ".join(f"{number} {state}" for state, number in sorted(counts.items())) + ".")


@app.command()
def run(
    study: StudyPath,
    store: Store = _STORE,
    data: Data = None,
    address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="A Ray cluster, or auto; else this machine alone."),
    ] = None,
    takeover: Annotated[
        bool, typer.Option("--takeover", help="Take the place of another driver of this study.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Run what the store lacks of a study; also the way to resume and to add seeds or cells."""
    from suite.driver import drive
    from suite.store import RunStore

    checked, runs_in, console = _load(study, many=yes), RunStore(store), _stderr()
    go_on = f"To go on: suite run {study}{_store_option(store)}"
    try:
        outcome = drive(
            checked, runs_in, data_dir=data, address=address, takeover=takeover, console=console
        )
    except KeyboardInterrupt:
        typer.echo(f"Interrupted; what was kept is in {runs_in.location}. {go_on}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    told = f"{outcome.done} of {outcome.total} runs are done in {runs_in.location}"
    if outcome.complete:
        how = "; nothing was left to run" if outcome.executed == 0 else ""
        typer.echo(f"{checked.name} is complete: {told}{how}.", err=True)
        return
    typer.echo(f"{checked.name} is not complete: {told}.", err=True)
    for failed, reason in outcome.failed:
        typer.echo(
            f"failed: {failed.cell}, seed {failed.seed}: {reason} (suite logs {failed.key}"
            f"{_store_option(store)})",
            err=True,
        )
    if outcome.interrupted:
        typer.echo(f"Interrupted. {go_on}", err=True)
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(SOME_FAILED)


@app.command()
def status(
    study: StudyPath,
    store: Store = _STORE,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again until the study is complete.")
    ] = False,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Show how a study is getting on, from its store, wherever it runs."""
    from rich.console import Console
    from rich.live import Live

    from suite import status as stands
    from suite.store import RunStore, usable

    checked, runs_in, console = _load(study, many=yes), RunStore(store), Console()
    with usable(runs_in):
        looks = stands.watch(checked, runs_in) if watch else [stands.look(checked, runs_in)]
        if as_json:
            for found in looks:
                typer.echo(json.dumps(found.document(), indent=None if watch else 2))
        elif watch and console.is_terminal:
            with Live(console=console, auto_refresh=False) as live:
                for found in looks:
                    live.update(stands.as_text(found), refresh=True)
        else:
            for found in looks:
                console.print(stands.as_text(found))


@app.command()
def logs(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's key, or its beginning.")],
    store: Store = _STORE,
) -> None:
    """Show a run's log, and why it failed if it did."""
    from suite.store import RunStore, usable

    runs_in = RunStore(store)
    with usable(runs_in):
        fitting = [key for key in runs_in.keys() if key.startswith(run)]  # noqa: SIM118
        if len(fitting) != 1:
            found = ", ".join(fitting[:5]) or "none"
            raise UserError(f"{run}: is not the beginning of one run's key in {store} ({found}).")
        (key,) = fitting
        told, failure = "".join(runs_in.logs(key)), runs_in.failure(key)
    typer.echo(told, nl=False)
    if failure is not None:
        if failure["traceback"] not in told:
            typer.echo(failure["traceback"])
        typer.echo(f"failed: {failure['reason']}")


@app.command()
def export(
    study: StudyPath,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.parquet", help="File to write.")],
    store: Store = _STORE,
) -> None:
    """Write the tidy table of a study's finished runs: one row a run and epoch."""
    from suite import tidy
    from suite.store import RunStore

    results = tidy.collect(_load(study, many=True), RunStore(store))
    if results.frame.empty:
        raise UserError(f"{store}: holds no finished run of {study}; suite run {study} first.")
    tidy.export(results, out)
    typer.echo(f"{out}: {results.frame['key'].nunique()} of {len(results.runs)} runs.")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.parquet", help="From suite export.")],
    store: Store = _STORE,
) -> None:
    """Merge the finished runs of an exported file into a store."""
    from suite import tidy
    from suite.store import RunStore, usable

    runs_in = RunStore(store)
    with usable(runs_in):
        imported = tidy.import_file(file, runs_in)
    typer.echo(f"{len(imported.added)} runs added, {len(imported.known)} were there already.")
    if imported.conflicting:
        for key in imported.conflicting:
            typer.echo(f"{key}: the store holds another history; it was kept.", err=True)
        raise typer.Exit(SOME_FAILED)


@app.command()
def report(
    study: StudyPath,
    other: Annotated[
        Path | None, typer.Argument(metavar="[STUDY]", help="Lay it beside the first.")
    ] = None,
    store: TableStore = _STORE,
    other_store: Annotated[
        str | None,
        typer.Option(metavar="DIR_OR_URL", help="The other study's store, e.g. before a change."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder; default reports/NAME.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 4 where runs are missing.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Write it again whenever runs finish.")
    ] = False,
) -> None:
    """Write a study's report: page, tables, figures, data. Two studies: what moved."""
    from suite import reporting, tidy

    checked = _load(study, many=True)
    try:
        if other is not None or other_store is not None:
            second = checked if other is None else _load(other, many=True)
            results = tidy.read(checked, store)
            others = tidy.read(second, other_store or store)
            folder = out or Path("reports") / f"{checked.name}-{second.name}"
            written = reporting.compare_reports(results, others, folder)
        elif watch:
            written = _watch_report(checked, store, out or Path("reports") / checked.name)
        else:
            results = tidy.read(checked, store)
            written = reporting.write(results, out or Path("reports") / checked.name)
    except reporting.NothingToReportError as error:
        typer.echo(f"{error} Run it first: suite run {study}{_store_option(store)}", err=True)
        raise typer.Exit(INCOMPLETE) from None
    typer.echo(written.index)
    if strict and not written.complete:
        raise typer.Exit(INCOMPLETE)


@app.command()
def compare(
    study: StudyPath,
    cells: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CELL CELL]", help="Two cells, e.g. set dynset[metric=loss]."),
    ] = None,
    store: TableStore = _STORE,
    as_json: Json = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.csv", help="Write the rows as CSV.")
    ] = None,
) -> None:
    """Decide a study's declared comparisons and claims, or compare two of its cells."""
    from suite import hypotheses
    from suite.printing import claim_lines, comparison_lines, ranking_lines, tally_lines
    from suite.tidy import read

    if cells and len(cells) != 2:
        raise UserError("compare takes two cells, or none for the declared comparisons.")
    results = read(_load(study, many=True), store)
    if cells:
        compared, claimed = hypotheses.comparison(results, cells[0], cells[1]), []
    else:
        compared, claimed = hypotheses.comparisons(results), hypotheses.claims(results)
    if not compared and not claimed:
        raise UserError(f"{study}: declares neither comparisons nor claims; name two cells.")
    if out is not None:
        _write_csv([row.row() for row in compared], out)
    if as_json:
        rows: dict[str, list[Any]] = {"comparisons": compared, "claims": claimed}
        _print_json({name: [row.row() for row in found] for name, found in rows.items()})
        return
    lines = [*comparison_lines(compared), *claim_lines(claimed)]
    if not cells:
        lines += ranking_lines(hypotheses.ranking(results))
    if len(compared) > 1:
        lines += tally_lines(hypotheses.win_tie_loss(compared))
    for line in lines:
        typer.echo(line)


@app.command()
def power(
    study: StudyPath,
    store: TableStore = _STORE,
    effect: Annotated[
        float | None, typer.Option(help="Difference to detect, in the outcome's unit.")
    ] = None,
    sd: Annotated[
        float | None, typer.Option(help="Its standard deviation over seeds, if no runs are done.")
    ] = None,
    power: Annotated[float, typer.Option(help="Chance of detection.")] = 0.8,
    as_json: Json = False,
) -> None:
    """Say how many seeds each declared comparison needs."""
    from suite import hypotheses
    from suite.printing import power_lines
    from suite.tidy import read

    results = read(_load(study, many=True), store)
    planned = hypotheses.seeds_needed(results, effect=effect, sd=sd, power=power)
    if not planned:
        raise UserError(f"{study}: declares no comparisons.")
    if as_json:
        _print_json([row.row() for row in planned])
        return
    for line in power_lines(planned):
        typer.echo(line)


@app.command()
def methods(
    study: Annotated[
        Path | None, typer.Argument(metavar="[STUDY]", help="List its plug-ins as well.")
    ] = None,
) -> None:
    """List methods, prune rules, regrowth strategies, connectivity rules and gates."""
    from suite.evolution.catalogue import entries

    if study is not None:
        _load(study, many=True)
    _print_table(
        ["setting", "name", "kind", "what it does", "source", "defined in"],
        [[e.setting, e.name, e.kind, e.summary, e.source, e.defined] for e in entries()],
    )


@app.command()
def datasets(
    show: Annotated[
        str | None, typer.Argument(metavar="[show]", help="show: draw a contact sheet.")
    ] = None,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Of a data set.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.png", help="The contact sheet.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Chooses images and warps.")] = 0,
    data: Data = None,
) -> None:
    """List the data sets and which are on this machine; `show NAME --out FILE.png` draws one."""
    from suite.datasets.known import data_folder, known_here

    folder = data_folder(data)
    if show is None:
        _print_table(
            ["dataset", "title", "image", "classes", "train", "test", "on this machine"],
            [
                [
                    entry.source,
                    entry.title,
                    "x".join(map(str, entry.shape)),
                    str(entry.classes),
                    f"{entry.train:,}",
                    f"{entry.test:,}",
                    entry.place,
                ]
                for entry in known_here(folder)
            ],
        )
        typer.echo(f"data folder: {folder}")
        return
    if show != "show" or name is None or out is None:
        raise UserError("say: suite datasets show NAME --out FILE.png")
    from pydantic import TypeAdapter, ValidationError

    from suite.datasets.loading import load
    from suite.datasets.sheet import contact_sheet
    from suite.datasets.sources import KNOWN, Source
    from suite.spelling import suggestion

    try:
        source = TypeAdapter(Source).validate_python(_source(name))
    except ValidationError:
        raise UserError(f'there is no data set "{name}"{suggestion(name, KNOWN)}') from None
    contact_sheet(load(source, folder), seed).save(out)
    typer.echo(out)


@app.command()
def bench(
    measures: Annotated[
        list[str] | None, typer.Argument(metavar="[MEASURE...]", help="Only these; default: all.")
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Only where the time of a step goes.")
    ] = False,
    turns: Annotated[int, typer.Option(min=1, help="How often compared sides take turns.")] = 15,
    as_json: Json = False,
) -> None:
    """Measure the engines on this machine, on the paper's network and one thread."""
    from suite.bench import MEASURES, run_bench
    from suite.spelling import suggestion

    for name in measures or []:
        if name not in MEASURES:
            raise UserError(f'there is no measure "{name}"{suggestion(name, MEASURES)}')
    chosen = ["profile"] if profile else measures or []
    figures = run_bench(
        turns=turns,
        measures=chosen,
        progress=lambda name: typer.echo(f"measuring: {name}", err=True),
    )
    if as_json:
        _print_json(figures)
        return
    for name, found in figures.items():
        typer.echo(name.replace("_", " "))
        for part, value in found.items() if isinstance(found, dict) else [("", found)]:
            shown = f"{value:.3g}" if isinstance(value, float) else value
            typer.echo(f"  {shown!s:>10}  {part.replace('_', ' ')}")


def _source(name: str) -> Any:
    """Read a data set as people name it on the command line: a name or {parquet: PATH}."""
    import yaml

    return yaml.safe_load(name) if name.startswith("{") else name


def _watch_report(study: Study, store: str, folder: Path) -> Written:
    """Write a report again whenever more runs are done, until all are."""
    import time

    from suite import reporting, tidy

    before = None
    while True:
        results = tidy.read(study, store)
        done = {run.key for run in results.runs if run.state == "done"}
        if done and done != before:
            written = reporting.write(results, folder)
            typer.echo(f"{len(done)} of {len(results.runs)} runs: {written.index}", err=True)
            if written.complete:
                return written
        before = done
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _load(path: Path, *, many: bool = False) -> Study:
    from suite.study import load_study

    return load_study(path, many=many)


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _store_option(store: str) -> str:
    return "" if store == _STORE else f" --store {store}"


def _write_csv(rows: list[dict[str, Any]], file: Path) -> None:
    import pandas as pd

    try:
        pd.DataFrame(rows).to_csv(file, index=False)
    except OSError as error:
        raise UserError(f"{file}: cannot be written ({error.strerror or error}).") from None


def _print_table(headings: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))
