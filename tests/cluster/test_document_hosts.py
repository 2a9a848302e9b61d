"""What docs/clusters.md says of two hosts by hand and of SLURM, done as it stands there."""

from __future__ import annotations

import os
import re
import stat

import pytest

from suite.store.store import RunStore
from tests import documents
from tests.cluster import hosts
from tests.cluster.studies import timeless, undisturbed, write_study

pytestmark = pytest.mark.skipif(not hosts.can_be_made(), reason="no right to make name spaces")

RUNS = 2 * max(4, os.cpu_count() or 1)
"""More than one host takes at once."""


@pytest.fixture
def study(tmp_path):
    """A small study by the name that the document uses."""
    (tmp_path / "studies").mkdir()
    return write_study(tmp_path / "studies", name="table2", seeds=RUNS // 2, epochs=30)


def block(holding):
    return documents.block("docs/clusters.md", "bash", holding)


def put_command(folder, name, script):
    """Put a command on the hosts' path that is not there on this machine."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def check(study, store):
    """Return the hosts that ran the study, all of whose histories are as one process's."""
    expected = undisturbed(study)
    results = {key: RunStore(store).result(key) for key in expected}
    for key, history in expected.items():
        assert timeless(results[key]["history"]) == history
    return {result["provenance"]["host"] for result in results.values()}


def test_two_hosts_by_hand_with_a_token(tmp_path, study):
    put_command(tmp_path, "scp", f'cp "$1" "{tmp_path}/second/${{2#second:}}"')
    steps = re.split(r"^# .*\n", block("ray start --head"), flags=re.MULTILINE)
    head, joining, driving, stopping = (
        step.replace("/shared", str(tmp_path)) for step in steps[1:]
    )
    path = f"export PATH={tmp_path}/bin:$PATH\n"
    until = "until [ -e {} ]; do sleep 0.2; done\n".format
    told = hosts.run(
        {
            "first": f"{path}{head}touch up\n{until('joined')}{driving}touch over\n{stopping}",
            "second": f"{path}{until('up')}{joining}touch joined\n{until('over')}{stopping}",
        },
        tmp_path,
    )
    assert f"table2 is complete: {RUNS} of {RUNS} runs are done" in told["first"]
    assert check(study, tmp_path / "results") == {"first", "second"}


def test_the_slurm_script_on_a_node_of_its_own(tmp_path, study):
    put_command(tmp_path, "scontrol", "echo node")
    put_command(tmp_path, "srun", 'while [[ $1 == -* ]]; do shift; done; exec "$@"')
    activate = tmp_path / ".venv" / "bin" / "activate"
    activate.parent.mkdir(parents=True)
    activate.write_text(f"PATH={tmp_path}/bin:$PATH\n")
    slurm = {
        "SLURM_SUBMIT_DIR": tmp_path,
        "SLURM_JOB_NODELIST": "node",
        "SLURM_JOB_NUM_NODES": 1,
        "SLURM_CPUS_PER_TASK": 2,
    }
    settings = "".join(f"export {name}={value}\n" for name, value in slurm.items())
    told = hosts.run({"node": settings + block("#SBATCH")}, tmp_path)
    assert f"table2 is complete: {RUNS} of {RUNS} runs are done" in told["node"]
    assert check(study, tmp_path / "results") == {"node"}
