"""Results made up by formula: what a report reads, without training anything."""

from __future__ import annotations

import functools
import tempfile
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from suite import reporting
from suite.methods.budgets import theta_of
from suite.methods.gates import worse
from suite.store.table import Results, RunState
from suite.study import load_study
from suite.study.runs import Run

GAMMA = (141_440, 100_000, 100_000)
FINAL_ACCURACY = {
    ("set", None): 0.668,
    ("accset", "val_accuracy"): 0.649,
    ("lset", "loss"): 0.661,
    ("dynset", "loss"): 0.665,
    ("dynset", "val_loss"): 0.658,
    ("dynset", "val_accuracy"): 0.652,
    ("static", None): 0.61,
    ("dense", None): 0.70,
}
PERFORMANCE = """
  - {method: set}
  - {method: accset, metric: val_accuracy}
  - {method: lset, metric: loss}
  - {method: dynset, grid: {metric: [loss, val_loss, val_accuracy]}}
"""
REGROWTH = """
  - {method: set, grid: {regrow: [random, one_neighbour, most_neighbours]}}
  - {method: accset, metric: val_accuracy, grid: {regrow: [random, one_neighbour, most_neighbours]}}
"""
CLAIMS = """
claims:
  - sentence: AccSET <saves> about 36 % of SET's connections.
    source: section 5.2.1
    parts:
      - {outcome: connections, cells: [accset], against: [set], direction: saves, paper: 0.363}
  - sentence: AccSET has a higher accuracy than SET.
    parts:
      - {cells: [accset], against: [set], direction: higher}
"""
NASTY = "A <script>alert(1)</script> & αβ 中 $x_1$ 100 % #1 \\\\end " + 60 * "long"
TEXT = """
schema: 1
name: {name}
title: {title}
seeds: {{root: 2022, count: {seeds}}}
defaults: {{dataset: cifar10, epochs: {epochs}}}
cells:{cells}
comparisons: {{baseline: {baseline}, equivalence_margin: 0.005}}
{more}
"""


def make_study(
    folder: Path,
    cells: str = PERFORMANCE,
    *,
    epochs: int = 40,
    seeds: int = 3,
    name: str = "made",
    title: str = "Made up",
    baseline: str = "{method: set}",
    more: str = "",
):
    path = folder / f"{name}.yaml"
    text = TEXT.format(
        name=name,
        title=title,
        seeds=seeds,
        epochs=epochs,
        cells=cells,
        baseline=baseline,
        more=more,
    )
    path.write_text(text)
    return load_study(path)


@contextmanager
def only_svg():
    """Leave out the figures' PDF and PNG files, two fifths of a report's time."""
    from matplotlib.figure import Figure  # heavy, and some tests look for it

    savefig = Figure.savefig

    def of_svg(figure, target, *, format, **options):
        if format == "svg":
            savefig(figure, target, format=format, **options)

    with patch.object(Figure, "savefig", of_svg):
        yield


def make_results(study, *, lost=(), failed=(), shift=0.0, provenance=None):
    """Make up a finished run for every cell and seed.

    Args:
        study: Its cells and seeds.
        lost: (cell label, seed) of runs that never ran.
        failed: (cell label, seed) of runs that failed.
        shift: Added to every accuracy.
        provenance: Called with (cell, seed), returns what to put over the usual provenance.
    """
    frames, runs = [], []
    for seed in study.seeds:
        for cell in study.cells:
            key = Run(cell.label, cell.settings, seed, "made").key
            if (cell.label, seed) in lost:
                runs.append(RunState(key, cell.label, seed, "missing", "", None))
            elif (cell.label, seed) in failed:
                reason = "the training loss was not finite in epoch 3"
                runs.append(RunState(key, cell.label, seed, "failed", reason, None))
            else:
                frame = _history(cell.settings, seed, shift)
                front = {
                    "study": study.name,
                    "key": key,
                    "cell": cell.label,
                    "method": cell.settings.method,
                    "metric": cell.settings.metric or "",
                    "regrow": cell.settings.regrow,
                    "seed": seed,
                    "dataset": "cifar10",
                }
                for place, (name, value) in enumerate(front.items()):
                    frame.insert(place, name, value)
                frames.append(frame)
                extra = provenance(cell, seed) if provenance else {}
                record = _record(cell.settings, seed, extra)
                runs.append(RunState(key, cell.label, seed, "done", "", record))
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    return Results(study, frame, runs)


def _history(settings, seed, shift):
    epochs = np.arange(1, settings.epochs + 1)
    shared = np.random.default_rng([seed, 1])  # what the methods of one seed have in common
    name = f"{settings.method} {settings.metric} {settings.regrow}"
    own = np.random.default_rng([seed, *name.encode()])
    top = FINAL_ACCURACY.get((settings.method, settings.metric), 0.64) + shift
    top += shared.normal(0, 0.004) + own.normal(0, 0.002)
    pace = max(settings.epochs / 12, 3)
    rise = 1 - np.exp(-epochs / pace)
    accuracy = 0.1 + (top - 0.1) * rise + own.normal(0, 0.004, len(epochs))
    loss = 2.303 - (2.303 - 3.03 * (1 - top)) * rise + own.normal(0, 0.01, len(epochs))
    train_loss = loss + 0.05 + own.normal(0, 0.01, len(epochs))
    signals = {"loss": train_loss, "val_loss": loss, "val_accuracy": accuracy}
    columns = {
        "epoch": epochs,
        "train_loss": train_loss,
        "val_loss": loss,
        "val_accuracy": accuracy,
        "test_loss": loss,
        "test_accuracy": accuracy,
    }
    gamma = np.array(GAMMA) + shared.integers(-300, 300, 3)
    counts, theta, evolved, pauses = [], [], [], []
    count = gamma.astype(float)
    for epoch in epochs:
        counts.append(count.round().astype(int))
        evolves = settings.recipe.evolves and epoch < settings.epochs
        signal = signals.get(settings.metric, train_loss)[:epoch].tolist()
        name = settings.metric or "loss"
        rests = evolves and settings.gate == "pauses" and worse(signal, name)
        share = 1.0 if settings.rule == "full" else theta_of(signal, name)
        theta.append(share if evolves else np.nan)
        evolved.append(evolves and not rests)
        pauses.append(rests)
        if evolved[-1]:
            count = 0.7 * count + share * (gamma - 0.7 * count)
    counts = np.array(counts)
    columns["connections"] = counts.sum(axis=1)
    columns |= {f"connections_{n + 1}": counts[:, n] for n in range(3)}
    columns |= {"theta": theta, "evolved": evolved, "paused": pauses}
    columns["multiply_adds"] = 50_000 * 3 * (counts.sum(axis=1) + 40_000)
    columns["seconds"] = 4 + own.uniform(0, 0.1, len(epochs))
    return pd.DataFrame(columns)


def _record(settings, seed, extra):
    rng = np.random.default_rng(seed)
    initial = [_histogram(rng.poisson(20, size)) for size in settings.hidden]
    heavy = [_histogram((rng.pareto(2.5, size) * 20).astype(int)) for size in settings.hidden]
    provenance = {
        "suite": "0.1.0",
        "python": "3.12.1",
        "torch": "2.9.0",
        "numpy": "2.3.0",
        "host": "node-1",
        "cpu": "Made-up CPU",
        "engine": "sparse",
        "threads": 1,
        "commit": "0123abc",
        "dirty": False,
        "seconds": 40.0,
    }
    return {
        "settings": settings.model_dump(mode="json"),
        "seed": seed,
        "dataset": "cifar10",
        "fingerprint": "made",
        "degrees": {
            "initial": [{"inputs": h, "outputs": h} for h in initial],
            "final": [{"inputs": h, "outputs": h} for h in heavy],
        },
        "data": {"kind": "images", "shape": [32, 32, 3], "notes": []},
        "pixels": {
            "initial": rng.poisson(60, 1024).tolist(),
            "final": rng.poisson(60 * (0.4 + 1.2 * np.outer(_HILL, _HILL)).ravel()).tolist(),
        },
        "lifetimes": {
            "initial": {"died": [0, *range(90, 60, -1)], "alive": [*([0] * 30), 2000]},
            "regrown": {"died": [0, *range(60, 30, -1)], "alive": [*range(30, 0, -1)]},
        }
        if settings.recipe.evolves
        else None,
        "provenance": provenance | extra,
    }


_HILL = np.sin(np.linspace(0, np.pi, 32))


def _histogram(degrees):
    return np.bincount(degrees).tolist()


@functools.cache
def shared_report():
    """Return the results of a study with everything in it, and the folder of its report.

    Written once, since most of the time of these tests goes into drawing.
    """
    scratch = tempfile.TemporaryDirectory()
    folder = Path(scratch.name)
    study = make_study(
        folder,
        PERFORMANCE + REGROWTH,
        epochs=60,
        seeds=10,
        title=f'"{NASTY}"',
        more=CLAIMS,
    )
    results = make_results(
        study,
        lost={("accset[regrow=one_neighbour]", 2023)},
        failed={("lset[metric=loss]", 2022), ("lset[metric=loss]", 2023)},
    )
    reporting.write(results, folder / "report")
    _KEPT.append(scratch)
    return results, folder / "report"


_KEPT: list[tempfile.TemporaryDirectory] = []  # until the process ends
