"""Verbs about trained networks: network, evaluate."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from suite.cli.app import (
    Data,
    Json,
    ReadStore,
    StudyPath,
    app,
    load,
    print_json,
    store_option,
    write_file,
)
from suite.cli.vocabulary import source_of
from suite.errors import UserError
from suite.store.store import DEFAULT_STORE

if TYPE_CHECKING:
    from suite.store.store import RunStore
    from suite.study import Study
    from suite.study.runs import Run


@app.command()
def network(
    study: StudyPath,
    cell: Annotated[
        str,
        # A bracket would be taken for a style.
        typer.Argument(metavar="CELL", help=r"A cell, e.g. dynset\[metric=loss]."),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FILE", help="File to write, .safetensors or .npz."),
    ],
    seed: Annotated[
        int | None, typer.Option("--seed", help="The run's seed. Default: the study's first.")
    ] = None,
    store: ReadStore = DEFAULT_STORE,
    retrain: Annotated[
        bool,
        typer.Option(
            "--retrain",
            help="Retrain a run whose network was not kept; the bits are the same.",
        ),
    ] = False,
    data: Data = None,
) -> None:
    """Write the trained network of a run: weights, connections, standardisation, class names."""
    from suite.store.store import RunStore, usable
    from suite.training import network_file

    if out.suffix.lower() not in network_file.SUFFIXES:
        raise UserError(f"{out}: end the name in {' or '.join(network_file.SUFFIXES)}.")
    checked, runs_in = load(study, many=True), RunStore(store)
    with usable(runs_in):
        run = _run(checked, cell, seed, runs_in)
        record = runs_in.result(run.key)
        named = f"{run.cell}, seed {run.seed}"
        if record is None:
            words = f"suite run {shlex.quote(str(study))}{store_option(store)} --keep network"
            raise UserError(f"{named}: is not done in {runs_in.location}; run it: {words}")
        kept = _kept(runs_in, run, record)
        if kept is None and retrain:
            from suite.datasets.known import data_folder
            from suite.execution.retrain import retrain as train_again

            train_again(checked, run, runs_in, data_folder(data))
            kept = _kept(runs_in, run, record)
        if kept is None:
            words = (
                f"suite network {shlex.quote(str(study))} {shlex.quote(run.cell)} --seed {run.seed}"
                f"{store_option(store)} --out {shlex.quote(str(out))} --retrain"
            )
            raise UserError(
                f"{named}: was run without keeping its network; to train it again, to the same "
                f"bits: {words}"
            )
    write_file(out, network_file.pack(kept, out.suffix.lower()))
    typer.echo(f"{out}: {named}, test accuracy {record['history'][-1]['test_accuracy']:.4f}.")


@app.command()
def evaluate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="From suite network.")],
    dataset: Annotated[
        str,
        typer.Argument(
            metavar="DATASET", help="A name, or {parquet: PATH}, {csv: PATH}, {npz: FILE}, ..."
        ),
    ],
    engine: Annotated[
        Literal["masked", "sparse"] | None,
        typer.Option("--engine", help="Default: that of the run."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Evaluate a trained network on the test part of a data set."""
    source = source_of(dataset)
    from suite.datasets.known import data_folder
    from suite.datasets.loading import load as load_data
    from suite.training.network import evaluate as evaluate_on
    from suite.training.network import load_network

    loaded = load_network(file, engine)
    tested = load_data(source, data_folder(data))
    found = evaluate_on(loaded, tested)
    count = int(found.confusion.sum())
    if as_json:
        print_json(
            {
                "file": str(file),
                "dataset": tested.name,
                "count": count,
                "loss": found.loss,
                "accuracy": found.accuracy,
                "classes": list(loaded.classes),
                "confusion": found.confusion.tolist(),
            }
        )
        return
    typer.echo(f"{tested.name}: {count:,} test {tested.rows}")
    typer.echo(f"loss {found.loss:.4f}, accuracy {found.accuracy:.4f}")
    typer.echo("\nConfusion matrix: true classes in rows, predicted classes in columns.")
    for line in _matrix(loaded.classes, found.confusion.tolist()):
        typer.echo(line)


def _run(study: Study, cell: str, seed: int | None, store: RunStore) -> Run:
    """Return the run of a cell and a seed.

    Raises:
        UserError: If the study has no such cell or seed.
    """
    from suite.store.known import known_runs

    label = study.cell(cell).label
    seed = study.seeds[0] if seed is None else seed
    if seed not in study.seeds:
        first, last = study.seeds[0], study.seeds[-1]
        known = f"seeds {first} to {last}" if last > first else f"seed {first}"
        raise UserError(f"seed {seed}: {study.name} has the {known}.")
    runs = known_runs(study, store)
    return next(run for run in runs if (run.cell, run.seed) == (label, seed))


def _kept(store: RunStore, run: Run, record: dict[str, Any]) -> Any:
    """Return the network that a run kept, None where there is none or it is another result's."""
    from suite.training.network_file import unpack

    if (content := store.final_network(run.key)) is None:
        return None
    kept = unpack(content, f"the network of {run.key}")
    last = record["history"][-1]
    agrees = all(kept.about[name] == last[name] for name in ("test_loss", "test_accuracy"))
    return kept if agrees else None


def _matrix(classes: Sequence[str], counts: list[list[int]]) -> list[str]:
    """Return a confusion matrix as lines of text."""
    names = max(map(len, classes))
    widths = [
        max(len(name), *(len(str(row[place])) for row in counts))
        for place, name in enumerate(classes)
    ]

    def line(name: str, values: Sequence[Any]) -> str:
        cells = (f"{value!s:>{width}}" for value, width in zip(values, widths, strict=True))
        return f"{name:{names}}  {'  '.join(cells)}"

    return [line("", classes), *(line(*row) for row in zip(classes, counts, strict=True))]
