"""The verb for tuning alone: tune."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from suite.cli.app import (
    INTERRUPTED,
    Address,
    Data,
    Json,
    Store,
    StudyPath,
    Takeover,
    Yes,
    app,
    load,
    print_json,
    words_of,
)
from suite.store.store import DEFAULT_STORE

if TYPE_CHECKING:
    from suite.study import Study


@app.command()
def tune(
    study: StudyPath,
    store: Store = DEFAULT_STORE,
    data: Data = None,
    address: Address = None,
    takeover: Takeover = False,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Tune the cells of a study, and print the winners as YAML; suite run does it too."""
    from suite.execution.drive import tune_cells
    from suite.execution.progress import PatientConsole, say
    from suite.store.store import RunStore

    checked, runs_in, console = load(study, many=yes), RunStore(store), PatientConsole(stderr=True)
    words = words_of("tune", study, store, data, address) + ["--yes"] * yes
    try:
        tuned = tune_cells(
            checked, runs_in, data_dir=data, address=address, takeover=takeover, console=console
        )
    except KeyboardInterrupt:  # before anything ran
        tuned = None
    if tuned is None:
        say(console, f"Interrupted. To resume: {shlex.join(words)}")
        raise typer.Exit(INTERRUPTED)
    found = winners(tuned)
    if as_json:
        print_json({"study": tuned.name, "winners": found})
        return
    typer.echo("\n".join(_as_cells(tuned, found)))


def _as_cells(study: Study, found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the lines of a cells block that takes the place of the study's."""
    from suite.study.document import as_yaml
    from suite.study.winners import written_cells

    said = {
        winner["cell"]: f"sample {winner['sample']} of {winner['samples']}, "
        f"{winner['measure']} {as_yaml(winner['mean'])}"
        for winner in found
    }
    return [
        f"# {study.name}, tuned: these cells take the place of its cells and of its tune block.",
        "cells:",
        *(
            f"  - {as_yaml(cell, quoted=True)}  # {said.get(label, 'not tuned')}"
            for label, cell in written_cells(study).items()
        ),
    ]


def winners(study: Study) -> list[dict[str, Any]]:
    """Return the winner of each tuned cell, with its measure and the budget.

    Args:
        study: As tuning returns it.
    """
    found = []
    for label, of in study.tuned.items():
        if of.winner is None or of.best is None:
            continue
        found.append(
            {
                "cell": label,
                "values": of.tuning.samples[of.winner],
                "measure": of.tuning.measure,
                "mean": round(of.best, 6),
                "sample": of.winner + 1,
                "samples": len(of.tuning.samples),
                "epochs": of.tuning.budget[1],
            }
        )
    return found
