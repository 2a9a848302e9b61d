"""Verbs that say what a study can name: methods, datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from suite.cli.app import Data, app, load, print_table
from suite.errors import UserError


@app.command()
def methods(
    study: Annotated[
        Path | None, typer.Argument(metavar="[STUDY]", help="List its plug-ins as well.")
    ] = None,
) -> None:
    """List methods, prune rules, regrowth strategies, connectivity rules and gates."""
    from suite.evolution.catalogue import entries

    if study is not None:
        load(study, many=True)
    print_table(
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
        print_table(
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


def _source(name: str) -> Any:
    """Read a data set as people name it on the command line: a name or {parquet: PATH}."""
    import yaml

    return yaml.safe_load(name) if name.startswith("{") else name
