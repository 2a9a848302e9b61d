"""Several nodes on one machine: one dies, one joins, one sees another store."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.disturbed import Disturbed
from tests.cluster.processes import children, driving, kill, lives, until
from tests.cluster.studies import command_line, suite, write_study

HASTY = command_line(
    "from suite.execution.ray import callbacks, trial;"
    "trial.SECONDS_TO_SEE_THE_STORE = 3; callbacks.SECONDS_WITHOUT_ROOM = 1"
)
"""The command line, less patient."""


@pytest.fixture
def cluster(monkeypatch):
    """A cluster with a head that takes no runs."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        yield made
    finally:
        made.shutdown()


def pids_on(node, ledger):
    """Return the processes on a node that have executed epochs."""
    raylet = node.all_processes["raylet"][0].process.pid
    return ledger.pids() & set(children(raylet))


def test_a_cluster_grows_a_node_of_two_dies_and_another_takes_work(tmp_path, cluster):
    study = Disturbed(tmp_path, seeds=3)
    study.ledger.slow_down(2)
    with driving(*study.arguments, "--address", cluster.address, command=HASTY) as driver:
        driver.until(lambda: "waiting: no node" in driver.told, "word of a cluster without room")
        lost, kept = cluster.add_node(num_cpus=1), cluster.add_node(num_cpus=1)
        driver.until(
            lambda: pids_on(lost, study.ledger) and pids_on(kept, study.ledger), "two nodes"
        )
        orphans = pids_on(lost, study.ledger)
        cluster.remove_node(lost, allow_graceful=False)
        joined = cluster.add_node(num_cpus=1)
        driver.until(lambda: pids_on(joined, study.ledger), "work on the node that joined")
        study.ledger.slow_down(0)
        assert driver.wait() == 0, driver.told
    until(lambda: not any(map(lives, orphans)), "the end of the lost node's workers")
    assert "trying again: " in driver.told
    assert study.histories() == study.expected


def test_a_node_with_a_private_file_system_stops_the_study(tmp_path, cluster):
    """The node's mount name space hides the store's folder behind an empty one."""
    if shutil.which("unshare") is None or not _can_unshare():
        pytest.skip("no right to mount in a name space of its own")
    study = Disturbed(tmp_path)
    Path(study.store).mkdir()
    hidden = (
        f"mount -t tmpfs none {study.store} && exec {sys.executable} -m ray.scripts.scripts start "
        f"--address {cluster.address} --num-cpus 1 --block"
    )
    node = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", hidden],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        with driving(*study.arguments, "--address", cluster.address, command=HASTY) as driver:
            assert driver.wait() == 2, driver.told
        assert f"does not see the same store at {study.store} as the driver on" in driver.told
        assert study.ledger.lines() == []
    finally:
        family = children(node.pid)
        node.send_signal(signal.SIGTERM)
        until(lambda: node.poll() is not None, "the end of a node")
        for pid in family:
            kill(pid)


def _can_unshare() -> bool:
    tried = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere", "ray://127.0.0.1:10001"])
def test_an_address_without_a_cluster_is_the_users_mistake(tmp_path, address):
    ended = suite("run", write_study(tmp_path), "--store", tmp_path / "s", "--address", address)
    assert ended.returncode == 2, ended.stderr
    assert f"--address {address}: " in ended.stderr


def test_a_token_that_is_missing_is_the_users_mistake(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as cluster:
        address = f"127.0.0.1:{cluster.getsockname()[1]}"
        variables = {"RAY_AUTH_MODE": "token", "HOME": str(tmp_path), "RAY_AUTH_TOKEN": ""}
        study = write_study(tmp_path)
        ended = suite("run", study, "--store", tmp_path / "s", "--address", address, **variables)
    assert ended.returncode == 2, ended.stderr
    assert "set the same token here, and RAY_AUTH_MODE=token" in ended.stderr
    assert "Traceback" not in ended.stderr
