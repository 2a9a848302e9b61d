"""A small study whose runs are done, without Ray."""

from __future__ import annotations

from suite.datasets.digits import digits
from suite.execution.attempt import attempt
from suite.store.store import RunStore
from suite.study import load_study

STUDY = """\
name: tiny
seeds: {root: 1, count: 2}
defaults: {dataset: digits, hidden: [16, 12], epsilon: 4, train_samples: 300, epochs: 3}
cells:
  - {method: set}
  - {method: dynset, metric: val_accuracy, regrow: one_neighbour}
  - {method: dense, hidden: [10]}
execution: {engine: masked}
"""


def finished(folder, text=STUDY, *, lost=()):
    """Write a study, and a store with all its runs but the first of the cells in `lost`.

    Returns:
        The study, its file and the store.
    """
    path = folder / "study.yaml"
    path.write_text(text)
    study, images, store = load_study(path), digits(), RunStore(folder / "store")
    store.stand()
    store.note_fingerprint("digits", images.fingerprint)
    for run in study.runs({"digits": images.fingerprint}):
        if run.cell not in lost or run.seed != study.seeds[0]:
            assert attempt(run, images, store, study.file.execution) == "done"
    return study, path, store
