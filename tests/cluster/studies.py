"""Small studies on handwritten digits, and what an undisturbed process makes of them."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from suite.datasets.digits import digits
from suite.study import load_study
from suite.training import train as training
from suite.training.network import to_file
from suite.training.network_file import NetworkFile

WITH_TRACKERS = (sys.executable, "-c", "from suite.cli import main; main()")
"""The command line, whatever is on PATH."""


def command_line(first: str = "pass") -> tuple[str, ...]:
    """Return the command line of an installation without trackers, which does something first.

    Ray imports trackers wherever they are installed: 1.6 s of each start.
    """
    without = "import sys; sys.modules |= {'mlflow': None, 'wandb': None}"
    return (sys.executable, "-c", f"{without}; {first}; from suite.cli import main; main()")


SUITE = command_line()

TEXT = """
schema: 1
name: {name}
seeds: {{root: 1, count: {seeds}}}
defaults:
  dataset: digits
  hidden: [24, 16]
  epsilon: 4
  dropout: 0.1
  augment: false
  epochs: {epochs}
  batch_size: 50
  learning_rate: 0.02
cells:
{cells}
execution:
  {{engine: masked, checkpoint_seconds: {checkpoint_seconds}, retries: {retries}, keep: {keep},
    track: {track}}}
{more}
"""
CELLS = """
  - {method: set}
  - {method: dynset, metric: loss}
"""
DIVERGING = "  - {method: set, learning_rate: 1.0e+30}\n"


def write_study(
    folder: Path,
    cells: str = CELLS,
    *,
    name: str = "small",
    seeds: int = 2,
    epochs: int = 8,
    checkpoint_seconds: float = 0.3,
    retries: int = 3,
    keep: str = "nothing",
    track: str = "{}",
    more: str = "",
) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(
        TEXT.format(
            name=name,
            seeds=seeds,
            epochs=epochs,
            cells=cells,
            checkpoint_seconds=checkpoint_seconds,
            retries=retries,
            keep=keep,
            track=track,
            more=more,
        )
    )
    return path


def suite(
    *arguments: str | Path, command: tuple[str, ...] = SUITE, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end, with one worker: a second would come too late to help."""
    return subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=400,
        env={**os.environ, "LOKY_MAX_CPU_COUNT": "1", **variables},
    )


def undisturbed(path: Path) -> dict[str, list[dict[str, object]]]:
    """Return each run's history, by key, as one process without Ray computes it."""
    return {key: timeless(trained.history) for key, (trained, _) in _alone(path).items()}


def undisturbed_networks(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """Return the arrays of each run's final network, by key, likewise."""
    return {key: network.arrays for key, (_, network) in _alone(path).items()}


def _alone(path: Path) -> dict[str, tuple[training.Trained, NetworkFile]]:
    runs = load_study(path).runs({"digits": digits().fingerprint})
    return {run.key: _trained(run.settings, run.seed) for run in runs}


@functools.cache
def _trained(settings, seed):
    kept = []

    def keep(finished, _):
        batches = finished.batches
        kept.append(to_file(finished.network, batches.mean, batches.scale, {}))

    return training.train(settings, seed, digits(), on_final=keep), kept[0]


def timeless(history):
    """Drop what a clock decides."""
    return [{k: v for k, v in record.items() if k != "seconds"} for record in history]
