"""The example of tuning under Ray: killed with all workers, resumed with one, the same winners."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from suite.datasets.digits import digits
from suite.execution.attempt import attempt
from suite.execution.tuning import tune
from suite.store.store import RunStore
from suite.store.table import collect
from suite.study import load_study
from tests.cluster.processes import driving
from tests.cluster.studies import SUITE
from tests.command import suite

EXAMPLE = Path(__file__).parents[2] / "studies" / "tuned-quick.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the example was killed in its first rung, and resumed with one worker to its report."""
    folder = tmp_path_factory.mktemp("tuned")
    store = RunStore(folder / "store")
    with driving(EXAMPLE, "--store", folder / "store") as driver:
        driver.until(lambda: any(map(store.so_far, store.keys())), "the first samples")
        driver.kill()
    resume = [*SUITE, "run", EXAMPLE, "--store", "store", "--report"]
    one = {**os.environ, "LOKY_MAX_CPU_COUNT": "1"}
    ended = subprocess.run(resume, cwd=folder, env=one, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What one process that trains one run after another, without Ray, makes of the example."""
    study, images = load_study(EXAMPLE), digits()
    store = RunStore(tmp_path_factory.mktemp("alone"))
    store.stand()

    def train(runs, until):
        for run in runs:
            attempt(run, images, store, study.file.execution, until=until[run.key])
        return True

    return tune(study, store, {"digits": images.fingerprint}, train)


def test_neither_cores_nor_a_killed_driver_change_a_winner(folder, alone):
    results = collect(load_study(EXAMPLE), RunStore(folder / "store"))
    assert results.complete
    found = results.study.tuned
    assert {label: of.winner for label, of in found.items()} == {
        label: of.winner for label, of in alone.tuned.items()
    }
    assert {label: of.rungs for label, of in found.items()} == {
        label: of.rungs for label, of in alone.tuned.items()
    }


def test_the_report_shows_how_cells_were_tuned(folder):
    page = (folder / "reports" / "tuned-quick" / "index.html").read_text()
    assert 'id="tuning"' in page


def test_the_winners_are_printed_as_cells_that_have_been_run(folder):
    printed = suite("tune", EXAMPLE, "--store", folder / "store")
    assert printed.code == 0, printed.err
    text = EXAMPLE.read_text()
    before, _, rest = text.partition("cells:\n")
    after = rest[rest.index("comparisons:") :]
    pasted = folder / "pasted.yaml"
    pasted.write_text(f"{before}{printed.out}{after}")
    plan = suite("plan", pasted, "--store", folder / "store")
    assert plan.out.splitlines()[-1] == "9 done.", plan.out + plan.err
