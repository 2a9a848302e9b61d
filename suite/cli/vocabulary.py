"""Verbs that list what a study can name: methods, datasets."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from suite.cli.app import Data, Json, app, load, print_json, print_table, write_file
from suite.errors import UserError

if TYPE_CHECKING:
    from suite.datasets.sources import Source


@app.command()
def methods(
    which: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|STUDY]",
            help="A method, to print its recipe; or a study file, to list its plug-ins too.",
        ),
    ] = None,
    defaults: Annotated[
        bool,
        typer.Option("--defaults", help="Print the settings with which its authors train instead."),
    ] = False,
    as_json: Json = False,
) -> None:
    """List methods and parts, or print one method's recipe as a cell of a study file."""
    from suite.methods import catalogue

    method = None
    if which is not None and Path(which).suffix in (".yaml", ".yml"):
        load(Path(which), many=True)
    else:
        method = which
    if defaults and method is None:
        raise UserError("--defaults goes with the name of a method: suite methods rigl --defaults.")
    if defaults and as_json:
        print_json(catalogue.defaults_as_records(str(method)))
    elif defaults:
        typer.echo(catalogue.as_defaults(str(method)), nl=False)
    elif as_json:
        print_json(catalogue.as_records(method))
    elif method is not None:
        typer.echo(catalogue.as_yaml(method), nl=False)
    else:
        print_table(
            ["setting", "name", "kind", "what it does", "source", "defined in"],
            [
                [e.setting, e.name, e.kind, e.summary, e.source, e.defined]
                for e in catalogue.entries()
            ],
        )


@app.command()
def datasets(
    show: Annotated[
        str | None, typer.Argument(metavar="[show]", help="show: draw a contact sheet.")
    ] = None,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A data set.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.png", help="The contact sheet.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed for the choice of images and warps.")] = 0,
    data: Data = None,
) -> None:
    """List the data sets and which are on this machine; `show NAME --out FILE.png` draws one."""
    from suite.datasets.known import data_folder, known_here

    folder = data_folder(data)
    if show is None and out is not None:
        raise UserError("--out goes with show: suite datasets show NAME --out FILE.png.")
    if show is None:
        print_table(
            ["dataset", "title", "input", "classes", "train", "test", "on this machine"],
            [
                [
                    entry.source,
                    entry.title,
                    "x".join(map(str, entry.shape)) + " features" * (len(entry.shape) == 1),
                    str(entry.classes),
                    f"{entry.train:,}",
                    f"{entry.test:,}",
                    entry.place,
                ]
                for entry in known_here(folder)
            ],
        )
        typer.echo(f"data folder: {folder}")
        typer.echo(
            "A downloaded set is identified by its archives' checksums, a set from files by its "
            "images. So the same images, downloaded and from files, count as two data sets."
        )
        return
    if show != "show" or name is None or out is None:
        raise UserError("usage: suite datasets show NAME --out FILE.png")
    from suite.datasets.loading import load
    from suite.datasets.sheet import contact_sheet

    source = source_of(name)
    if out.suffix.lower() != ".png":
        raise UserError(f"{out}: the sheet is a PNG image; use a name that ends in .png.")
    if not out.parent.is_dir():
        raise UserError(f"{out}: the folder {out.parent} does not exist.")
    images = load(source, folder)
    for note in images.notes:
        typer.echo(note, err=True)
    content = io.BytesIO()
    contact_sheet(images, seed).save(content, format="png")
    write_file(out, content.getvalue())
    typer.echo(out)


def source_of(name: str) -> Source:
    """Return the source that a name, or a mapping like {parquet: PATH}, stands for."""
    from pydantic import TypeAdapter, ValidationError

    from suite.datasets.sources import KNOWN, Source
    from suite.errors import suggestion
    from suite.study.document import read_value

    try:
        written = read_value(name) if name.startswith("{") else name
        return TypeAdapter(Source).validate_python(written)
    except ValidationError:
        if not name.startswith("{"):
            raise UserError(f'there is no data set "{name}"{suggestion(name, KNOWN)}') from None
        kinds = "{parquet: PATH}, {csv: PATH}, {npz: FILE} or {folder: DIR}"
        raise UserError(f"{name} is not a data set; one from files is written {kinds}.") from None
    except ValueError as error:
        raise UserError(f"{error}.") from None
