"""Verbs that read and move results: export, import, report, compare, power."""

from __future__ import annotations

import shlex
import signal
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from suite.cli import printing
from suite.cli.app import (
    INCOMPLETE,
    SOME_FAILED,
    Json,
    OtherStore,
    ReadStore,
    Store,
    StudyPath,
    TableStore,
    app,
    load,
    print_json,
    stdout,
    store_option,
    write_file,
)
from suite.errors import UserError
from suite.store.store import DEFAULT_STORE
from suite.wording import count

if TYPE_CHECKING:
    from rich.table import Table

    from suite.decisions import Claimed, Compared
    from suite.reporting import Written
    from suite.store.table import Results
    from suite.study import Study

_SECONDS_BETWEEN_LOOKS = 5.0
_NAMES = 8
"""Columns of a terminal that a table's names need beyond their longest word."""


@app.command()
def export(
    study: StudyPath,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE.parquet", help="File to write; FILE.csv for the rows only."
        ),
    ],
    store: ReadStore = DEFAULT_STORE,
) -> None:
    """Write the tidy table of a study's finished runs: one row per run and epoch."""
    from suite.store import exported
    from suite.store.store import RunStore
    from suite.store.table import collect

    exported.check_name(out)
    results = collect(load(study, many=True), RunStore(store))
    _need_runs(results, study, store)
    exported.export(results, out)
    typer.echo(f"{out}: {results.frame['key'].nunique()} of {len(results.runs)} runs.")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.parquet", help="From suite export.")],
    store: Store = DEFAULT_STORE,
) -> None:
    """Merge the finished runs of an exported file into a store."""
    from suite.store.exported import import_file
    from suite.store.store import RunStore, usable

    runs_in = RunStore(store)
    with usable(runs_in):
        imported = import_file(file, runs_in)
    typer.echo(
        f"{count(len(imported.added), 'run')} added; "
        f"{len(imported.known)} were already in the store."
    )
    for remark in imported.remarks():
        typer.echo(remark, err=True)
    if imported.conflicting or imported.unfinished:
        raise typer.Exit(SOME_FAILED)


@app.command()
def report(
    study: StudyPath,
    other: Annotated[
        Path | None,
        typer.Argument(metavar="[STUDY]", help="A second study, to compare with the first."),
    ] = None,
    store: TableStore = DEFAULT_STORE,
    other_store: OtherStore = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder; default reports/NAME.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with code 4 if runs are missing.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Write it again each time runs finish.")
    ] = False,
) -> None:
    """Write a study's report: page, tables, figures, data. Two studies: their differences."""
    from suite import reporting
    from suite.store import table

    if watch and (other is not None or other_store is not None):
        raise UserError("--watch takes one study, not two.")
    if watch and Path(store).is_file():
        raise UserError("--watch takes a store: a file does not change.")
    checked = load(study, many=True)
    try:
        if other is not None or other_store is not None:
            second = checked if other is None else load(other, many=True)
            # Of one study, its store before a change comes first.
            stores = (store, other_store or store) if other else (other_store or store, store)
            both = table.read(checked, stores[0]), table.read(second, stores[1])
            _need_runs(both[0], study, stores[0])
            _need_runs(both[1], other or study, stores[1])
            folder = out or Path("reports") / f"{checked.name}-{second.name}"
            written = reporting.compare_reports(*both, folder, stores)
        elif watch:
            written = _watch_report(checked, store, out or Path("reports") / checked.name)
        else:
            results = table.read(checked, store)
            written = reporting.write(results, out or Path("reports") / checked.name)
    except reporting.NothingToReportError as error:
        raise _nothing_done(str(error), study, store) from None
    typer.echo(written.index)
    if strict and not written.complete:
        typer.echo("The report is incomplete: its page says which runs are missing.", err=True)
        raise typer.Exit(INCOMPLETE)


@app.command()
def compare(
    study: StudyPath,
    cells: Annotated[
        list[str] | None,
        # A bracket would be taken for a style.
        typer.Argument(metavar="[CELL CELL]", help=r"Two cells, e.g. set dynset\[metric=loss]."),
    ] = None,
    store: TableStore = DEFAULT_STORE,
    as_json: Json = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.csv", help="Write the rows as CSV.")
    ] = None,
) -> None:
    """Decide a study's declared comparisons and claims, or compare two of its cells."""
    from suite import decisions
    from suite.store.table import read

    if out is not None and out.suffix.lower() != ".csv":
        raise UserError(f"{out}: the rows are written as CSV; use a name that ends in .csv.")
    if cells and len(cells) != 2:
        raise UserError("compare takes two cells, or none to decide the declared comparisons.")
    results = read(load(study, many=True), store)
    _need_runs(results, study, store)
    if cells:
        compared, claimed = decisions.comparison(results, cells[0], cells[1]), []
    else:
        compared, claimed = decisions.comparisons(results), decisions.claims(results)
    if not compared and not claimed:
        raise UserError(
            f"{study}: declares neither comparisons of two cells nor claims; give two to compare."
        )
    if out is not None:
        _write_csv(decisions.rows(compared, claimed), out)
    if as_json:
        rows: dict[str, list[Any]] = {"comparisons": compared, "claims": claimed}
        print_json({name: [row.row() for row in found] for name, found in rows.items()})
        return
    _print_decided(results, compared, claimed)
    if not cells:
        _echo(printing.ranking_lines(decisions.ranking(results)))
    if len(compared) > 1:
        _echo(printing.tally_lines(decisions.win_tie_loss(compared)))


@app.command()
def power(
    study: StudyPath,
    store: TableStore = DEFAULT_STORE,
    effect: Annotated[
        float | None, typer.Option(help="Difference to detect, in the unit of the outcome.")
    ] = None,
    sd: Annotated[
        float | None,
        typer.Option(
            help="Standard deviation of the difference over seeds. Default: that of the runs."
        ),
    ] = None,
    power: Annotated[float, typer.Option(help="Probability of detecting it.")] = 0.8,
    as_json: Json = False,
) -> None:
    """Compute how many seeds each declared comparison needs."""
    from suite import decisions
    from suite.store.table import read

    results = read(load(study, many=True), store)
    planned = decisions.seeds_needed(results, effect=effect, sd=sd, power=power)
    if not planned:
        raise UserError(f"{study}: declares no comparison of two cells; there is nothing to plan.")
    if all(row.need is None for row in planned):  # given figures need no runs
        _need_runs(results, study, store)
    if as_json:
        print_json([row.row() for row in planned])
        return
    _echo(printing.power_lines(planned))


def _need_runs(results: Results, study: Path, store: str) -> None:
    """Exit with code 4 if no run is done: there are no results to read."""
    if results.frame.empty:
        raise _nothing_done(f"No run of {results.study.name} is done.", study, store)


def _nothing_done(sentence: str, study: Path, store: str) -> typer.Exit:
    """Print that there are no results, and how to get them; return the exit."""
    of_file = store.lower().endswith(".parquet")  # which no run can write to
    words = f"{shlex.quote(str(study))}{'' if of_file else store_option(store)}"
    typer.echo(f"{sentence} Run the study first: suite run {words}", err=True)
    return typer.Exit(INCOMPLETE)


def _print_table(table: Table) -> None:
    """Print a table, or one line for each figure if the terminal is too narrow."""
    console = stdout()
    if console.measure(table).minimum + _NAMES <= console.width:
        console.print(table)
    else:
        _echo(printing.table_lines(table))


def _print_decided(results: Results, compared: list[Compared], claimed: list[Claimed]) -> None:
    """Print the comparisons and reasons, then the claims and the statements behind them."""
    from suite.decisions import columns as of

    declared = results.study.file.comparisons
    if compared:
        _echo([printing.comparison_heading(compared), ""])
        shown = of.shown(of.COMPARISON_TABLE, of.COMPARISON, declared)
        _print_table(printing.decided_table(compared, shown, declared))
        _echo(["", *printing.comparison_lines(compared, shown, declared)])
    if claimed:
        _echo([*([""] if compared else []), *printing.claim_lines(claimed), ""])
        shown = of.shown(of.STATEMENT_TABLE, of.STATEMENT, declared)
        statements = [statement for row in claimed for statement in row.statements]
        _print_table(printing.decided_table(statements, shown, declared))
        _echo(["", *printing.statement_lines(claimed, shown, declared)])


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _watch_report(study: Study, store: str, folder: Path) -> Written:
    """Write a report each time more runs are done, until all are."""
    from suite import reporting
    from suite.store import table
    from suite.store.store import UnusableError

    before = None
    for _ in _again_and_again(_SECONDS_BETWEEN_LOOKS):
        try:
            results = table.read(study, store)
        except UnusableError as error:
            if before is None:
                raise
            typer.echo(str(error), err=True)
            continue
        done = {run.key for run in results.runs if run.state == "done"}
        now = (done, results.lacking)
        if not done and before is None:
            typer.echo(f"No run of {study.name} is done yet; waiting for one.", err=True)
        if done and now != before:
            written = reporting.write(results, folder)
            typer.echo(f"{len(done)} of {len(results.runs)} runs: {written.index}", err=True)
            if written.complete:
                break
        before = now
    return written


def _again_and_again(seconds: float) -> Iterator[None]:
    """Yield at once and then every few seconds, until Ctrl-C.

    Python answers Ctrl-C with an exception, which a finalizer or a callback may swallow; here it
    is noted as well.
    """
    pressed = threading.Event()

    def interrupt(*_: Any) -> None:
        pressed.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
        while not pressed.wait(seconds):
            yield
        raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)


def _write_csv(rows: list[dict[str, Any]], file: Path) -> None:
    import pandas as pd

    from suite.store.spreadsheet import as_csv

    write_file(file, as_csv(pd.DataFrame(rows)).encode())
