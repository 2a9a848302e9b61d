"""The application, and what its verbs share: options, exit codes, printing."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from suite.errors import UserError, nearest
from suite.files import MARK
from suite.store.store import DEFAULT_STORE
from suite.version import __version__

if TYPE_CHECKING:
    from rich.console import Console

    from suite.study import Study

BAD_INPUT, SOME_FAILED, INCOMPLETE, INTERRUPTED = 2, 3, 4, 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"suite {__version__}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Dynamic sparse training studies: train, compare and report."""


def _note_missing(store: str | None) -> str | None:
    """Say so where a store to read does not exist: a misspelt one looks like an empty one."""
    if not store or store == DEFAULT_STORE or "://" in store:
        return store
    if not os.path.exists(store):  # noqa: PTH110  pathlib raises for a name that is too long
        folder = Path(store)
        meant = nearest(folder.name, (mark.parent.name for mark in folder.parent.glob(f"*/{MARK}")))
        guess = f"; did you mean {folder.parent / meant}?" if meant else "."
        typer.echo(f"There is no store {store}{guess}", err=True)
    return store


def _note_missing_of_tables(store: str | None) -> str | None:
    """Say so as well, but for a file: that one is missing is an error."""
    return store if (store or "").lower().endswith(".parquet") else _note_missing(store)


StudyPath = Annotated[Path, typer.Argument(metavar="STUDY", help="A study file (YAML).")]
Store = Annotated[
    str, typer.Option("--store", metavar="DIR_OR_URL", help="The run store.", show_default=True)
]
ReadStore = Annotated[
    str,
    typer.Option("--store", metavar="DIR_OR_URL", help="The run store.", callback=_note_missing),
]
TableStore = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="DIR_OR_URL",
        help="The run store, or a .parquet file from suite export.",
        callback=_note_missing_of_tables,
    ),
]
OtherStore = Annotated[
    str | None,
    typer.Option(
        metavar="DIR_OR_URL",
        help="The store of the second study. With one study: its store before a change.",
        callback=_note_missing_of_tables,
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        envvar="SUITE_DATA",
        help="The data folder: downloads, decoded images, and what relative paths name.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        help="A Ray cluster, or auto. Default: this machine only.",
    ),
]
Takeover = Annotated[bool, typer.Option("--takeover", help="Replace another driver of this study.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Yes = Annotated[bool, typer.Option("--yes", help="Accept a study of more than 10,000 runs.")]


def load(path: Path, *, many: bool = False) -> Study:
    """Read and check a study file."""
    from suite.study import load_study

    return load_study(path, many=many)


def stdout() -> Console:
    """Return the console for tables; wide if the output is not a terminal."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160)


def write_file(file: Path, content: bytes) -> None:
    """Write a file that the user named.

    Raises:
        UserError: If it cannot be written.
    """
    from suite.files import write_whole

    try:
        write_whole(file, content)
    except OSError as error:
        raise UserError(f"{file}: cannot be written ({error.strerror or error}).") from None


def store_words(store: str) -> list[str]:
    """Return the option that names a store, none for the default one."""
    return [] if store == DEFAULT_STORE else ["--store", store]


def words_of(
    verb: str, study: Path, store: str, data: Path | None, address: str | None
) -> list[str]:
    """Return a verb that executes runs as it was typed, with the options that all such have."""
    words = ["suite", verb, str(study), *store_words(store)]
    for option, value in (("--data", data), ("--address", address)):
        words += [option, str(value)] if value else []
    return words


def store_option(store: str) -> str:
    """Return the option that names a store as it is typed after a verb's argument."""
    return "".join(f" {shlex.quote(word)}" for word in store_words(store))


def print_table(headings: list[str], rows: list[list[str]]) -> None:
    """Print rows below headings on standard output, without lines."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    stdout().print(table)


def print_json(value: Any) -> None:
    """Print one JSON document on standard output; what is not finite is null in it."""
    from suite.measures import plain

    typer.echo(json.dumps(plain(value), indent=2, allow_nan=False))
