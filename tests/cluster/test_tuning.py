"""Tuning under Ray: the same winners on one core and on two, and after kill -9."""

from __future__ import annotations

import json
import subprocess

from suite.store.store import RunStore
from tests.cluster.processes import driving
from tests.cluster.studies import SUITE, write_study

TUNE = """
tune:
  search: {zeta: [0.1, 0.5], momentum: {uniform: [0.5, 0.95]}}
  samples: 4
  halving: {from: 2, by: 2}
  validation: 0.2
"""


def winners(path, store, *before):
    words = [*before, *SUITE, "tune", path, "--store", store, "--json"]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=400)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)["winners"]


def test_neither_cores_nor_a_killed_driver_change_the_winner(tmp_path):
    one = write_study(tmp_path, name="one", epochs=4, more=TUNE)
    store = RunStore(tmp_path / "killed")
    with driving(one, "--store", tmp_path / "killed") as driver:
        driver.until(lambda: len(store.keys()) > 2, "some samples")
        driver.kill()
    found = winners(one, tmp_path / "killed")
    assert [winner["cell"] for winner in found] == ["set", "dynset[metric=loss]"]
    assert winners(one, tmp_path / "undisturbed", "taskset", "-c", "0") == found
