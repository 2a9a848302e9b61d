"""Dynamic sparse training studies, from a study file to a report.

import suite

study = suite.load_study("studies/quick.yaml")
suite.run(study, store="results")
frame = suite.results(study, store="results")
suite.report(study, store="results", out="reports/quick")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from suite.execution.drive import Outcome
    from suite.study import Study

__version__ = "0.1.0"
__all__ = ["load_study", "report", "results", "run"]


def load_study(path: str | Path, *, many: bool = False) -> Study:
    """Read and check a study file.

    Args:
        path: The YAML file.
        many: Accept 100,000 runs, say; by default so many are taken for an accident.

    Raises:
        suite.errors.UserError: With one sentence for every mistake in the file.
    """
    from suite.study import load_study

    return load_study(path, many=many)


def run(
    study: Study,
    store: str | Path = "results",
    *,
    data: str | Path | None = None,
    address: str | None = None,
) -> Outcome:
    """Run what the store lacks of a study, with Ray Tune.

    Args:
        study: What `load_study` returned.
        store: The run store, a directory or URL.
        data: Where downloaded data sets are; the platform's cache directory by default.
        address: A Ray cluster, "auto" or HOST:PORT; this machine alone by default.

    Returns:
        How many runs are done, and which failed why.

    Raises:
        suite.errors.UserError: If the data cannot be had, or a cell does not fit them.
    """
    from suite.execution.drive import drive
    from suite.execution.progress import PatientConsole
    from suite.store.store import RunStore

    return drive(
        study, RunStore(store), data_dir=data, address=address, console=PatientConsole(stderr=True)
    )


def results(study: Study, store: str | Path = "results") -> pd.DataFrame:
    """Return the tidy table of a study's finished runs: one row a run and epoch."""
    from suite.store.store import RunStore
    from suite.store.table import collect

    return collect(study, RunStore(store)).frame


def report(study: Study, store: str | Path = "results", out: str | Path | None = None) -> Path:
    """Write a study's report.

    Args:
        study: What `load_study` returned.
        store: The run store, a directory or URL.
        out: Folder to write; reports/NAME by default.

    Returns:
        The path of its page, index.html.

    Raises:
        suite.errors.UserError: If no run of the study is done.
    """
    from suite import reporting
    from suite.store.store import RunStore
    from suite.store.table import collect

    folder = Path(out) if out is not None else Path("reports") / study.name
    return reporting.write(collect(study, RunStore(store)), folder).index
