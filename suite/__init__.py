"""Dynamic sparse training studies, from a study file to a report.

import suite

study = suite.load_study("studies/quick.yaml")
suite.run(study, store="results")
frame = suite.results(study, store="results")
suite.report(study, store="results", out="reports/quick")

What this module offers is public (`__all__`); everything else may change between two versions.
Nothing is loaded before it is used.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from suite.version import __version__ as __version__

if TYPE_CHECKING:
    import pandas as pd

    from suite import statistics
    from suite.errors import UserError
    from suite.execution.drive import Outcome
    from suite.methods import part, regrowth
    from suite.methods.budgets import Budgeted
    from suite.methods.layer import LayerView
    from suite.methods.moment import Moment
    from suite.methods.positions import draw_outside
    from suite.settings import Settings
    from suite.sparse.linear import SparseLinear
    from suite.store.status import Status
    from suite.study import Study
    from suite.training.network import Network, load_network
    from suite.training.rewiring import Rewiring

__all__ = [
    "Budgeted",
    "LayerView",
    "Moment",
    "Network",
    "Rewiring",
    "Settings",
    "SparseLinear",
    "UserError",
    "compare",
    "draw_outside",
    "load_network",
    "load_study",
    "part",
    "power",
    "regrowth",
    "report",
    "results",
    "run",
    "statistics",
    "status",
]

_HOMES = {
    "Budgeted": "suite.methods.budgets",
    "LayerView": "suite.methods.layer",
    "Moment": "suite.methods.moment",
    "Network": "suite.training.network",
    "Rewiring": "suite.training.rewiring",
    "Settings": "suite.settings",
    "SparseLinear": "suite.sparse.linear",
    "UserError": "suite.errors",
    "draw_outside": "suite.methods.positions",
    "load_network": "suite.training.network",
    "part": "suite.methods",
    "regrowth": "suite.methods",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name == "statistics":
        return importlib.import_module("suite.statistics")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'suite' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_study(path: str | Path, *, many: bool = False) -> Study:
    """Read and check a study file.

    Args:
        path: The YAML file.
        many: Accept more than 10,000 runs, which by default count as a mistake.

    Raises:
        UserError: With one sentence for every mistake in the file.
    """
    from suite.study import load_study

    return load_study(path, many=many)


def run(
    study: Study,
    store: str | Path = "results",
    *,
    data: str | Path | None = None,
    address: str | None = None,
    until_decided: bool = False,
    max_seeds: int | None = None,
    keep: Literal["nothing", "network"] | None = None,
) -> Outcome:
    """Run what the store lacks of a study, with Ray Tune.

    Args:
        study: What `load_study` returned.
        store: The run store, a directory or URL.
        data: Where downloaded data sets are; the platform's cache directory by default.
        address: A Ray cluster, "auto" or HOST:PORT; this machine alone by default.
        until_decided: Run seeds only until comparisons and claims are decided; the study's
            inference must be anytime.
        max_seeds: The most of them; by default as many as the study declares.
        keep: "network" keeps the trained network of each run; by default the study file decides.

    Returns:
        How many runs are done, which failed why, and what is still undecided.

    Raises:
        UserError: If the data are missing, or a cell does not fit them.
    """
    from suite.execution.drive import drive
    from suite.execution.progress import PatientConsole
    from suite.store.store import RunStore

    return drive(
        study,
        RunStore(store),
        data_dir=data,
        address=address,
        console=PatientConsole(stderr=True),
        until_decided=until_decided,
        max_seeds=max_seeds,
        keep=keep,
    )


def status(study: Study, store: str | Path = "results") -> Status:
    """Return how far a study is, going by its store: counts, driver, time left."""
    from suite.store.status import look
    from suite.store.store import RunStore, usable

    opened = RunStore(store)
    with usable(opened):
        return look(study, opened)


def results(study: Study, store: str | Path = "results") -> pd.DataFrame:
    """Return the tidy table of a study's finished runs: one row per run and epoch.

    Args:
        study: What `load_study` returned.
        store: The run store, a directory or URL, or a file that `suite export` wrote.

    Raises:
        UserError: If the store cannot be read.
    """
    from suite.store.table import read

    return read(study, store).frame


def compare(
    study: Study,
    cell: str | None = None,
    against: str | None = None,
    *,
    store: str | Path = "results",
) -> pd.DataFrame:
    """Decide a study's declared comparisons and claims, or compare two of its cells.

    Args:
        study: What `load_study` returned.
        cell: A cell's label, e.g. "dynset[metric=loss]"; None for what the study declares.
        against: The cell that it is compared with.
        store: The run store, or a file that `suite export` wrote.

    Returns:
        One row per comparison and, with other columns, one per statement of a claim (`kind` says
        which): means, difference, interval, p values, verdict and its reason.

    Raises:
        UserError: If a cell does not exist, only one is named, or the store cannot be read.
    """
    import pandas as pd

    from suite import decisions
    from suite.errors import UserError
    from suite.store.table import read

    found = read(study, store)
    if cell is None and against is None:
        rows = decisions.rows(decisions.comparisons(found), decisions.claims(found))
    elif cell is None or against is None:
        raise UserError("compare needs two cells, or none for what the study declares.")
    else:
        rows = decisions.rows(decisions.comparison(found, cell, against), [])
    return pd.DataFrame(rows)


def power(
    study: Study,
    store: str | Path = "results",
    *,
    effect: float | None = None,
    sd: float | None = None,
    power: float = 0.8,
) -> pd.DataFrame:
    """Return how many seeds each declared comparison needs, one row per comparison.

    Args:
        study: What `load_study` returned.
        store: The run store, or a file that `suite export` wrote; its runs give the spread.
        effect: Difference to detect, above 0, in the outcome's unit.
        sd: Standard deviation of that difference over seeds; that of the runs by default.
        power: Chance of detection, below 1.

    Raises:
        UserError: If an argument is out of range, or the store cannot be read.
    """
    import pandas as pd

    from suite import decisions
    from suite.store.table import read

    planned = decisions.seeds_needed(read(study, store), effect=effect, sd=sd, power=power)
    return pd.DataFrame([row.row() for row in planned])


def report(study: Study, store: str | Path = "results", out: str | Path | None = None) -> Path:
    """Write a study's report.

    Args:
        study: What `load_study` returned.
        store: The run store, or a file that `suite export` wrote.
        out: Folder to write; reports/NAME by default.

    Returns:
        The path of its page, index.html.

    Raises:
        UserError: If no run of the study is done.
    """
    from suite import reporting
    from suite.store.table import read

    folder = Path(out) if out is not None else Path("reports") / study.name
    return reporting.write(read(study, store), folder).index
