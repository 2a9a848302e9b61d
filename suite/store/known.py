"""Which runs a study has, as far as its store knows its data and its winners."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from suite.datasets.sources import KNOWN, title
from suite.errors import UserError
from suite.store.store import RunStore
from suite.store.tuned import standing
from suite.study import Study
from suite.study.cells import source_name
from suite.study.runs import Run

_log = logging.getLogger(__name__)

UNKNOWN = "unknown"
"""Stands for the content of files that the store has never seen."""


def known_runs(study: Study, store: RunStore) -> list[Run]:
    """Return the study's runs, its data sets being what they were when last run into the store.

    The content of a set with a name of its own is known before it ever ran. A path may name other
    files in another folder: where the store knows it only from elsewhere, the files that lie here
    decide. A cell whose winner is not chosen yet has runs of which no key is known.
    """
    fingerprints = known_fingerprints(study, store)
    runs = resolved_runs(study, store, fingerprints)[1]
    if study.runs_untuned:
        runs += study.untuned_runs(fingerprints)
    return runs


def resolved_runs(
    study: Study, store: RunStore, fingerprints: Mapping[str, str]
) -> tuple[Study, list[Run]]:
    """Return the study with what tuning has come to on some data, and its runs on them."""
    tuned = standing(study, store, fingerprints)
    study = study.with_winners(tuned)
    open_ = {label for label, of in tuned.items() if of.winner is None}
    runs = study.runs(fingerprints)
    if open_:
        runs = [
            replace(run, fingerprint=f"{UNKNOWN} winner") if run.cell in open_ else run
            for run in runs
        ]
    return study, runs


def known_fingerprints(study: Study, store: RunStore) -> dict[str, str]:
    """Return the content of a study's data sets when it was last run into the store."""
    fingerprints = {}
    for source in study.sources():
        name = source_name(source)
        known: str | None
        if isinstance(source, str):
            known = store.fingerprint(name) or KNOWN[source].fingerprint
        else:
            known = store.fingerprint(name, str(study.path.parent))
            known = known or _known_elsewhere(study, source, store)
        fingerprints[name] = known or f"{UNKNOWN} {name}"
    return fingerprints


def _known_elsewhere(study: Study, source: Any, store: RunStore) -> str | None:
    """Return the content of files that studies of other folders have run on by this name."""
    from suite.datasets.known import data_folder
    from suite.datasets.loading import fingerprint

    noted = store.contents(source_name(source))
    if not noted:
        return None
    try:
        here = fingerprint(source, data_folder(), base=study.path.parent)
    except UserError:  # the files are not on this machine
        here = None
    name, folder = title(source), study.path.parent
    if here not in {*noted, None}:
        _warn_once(
            f"{name}: the data in {folder} differ from those that the runs by that name were "
            "given elsewhere; those runs are not shown."
        )
    if here is None and len(noted) > 1:
        _warn_once(
            f"{name}: studies in other folders ran on different data by that name, and it is not "
            f"in {folder}; no run is shown until suite run has read it."
        )
    return here or (noted.pop() if len(noted) == 1 else None)


@functools.cache
def _warn_once(sentence: str) -> None:
    _log.warning("%s", sentence)


def is_known(run: Run) -> bool:
    """Whether a run's data, and so its key, are known; until its files are read they are not."""
    return not run.fingerprint.startswith(UNKNOWN)
