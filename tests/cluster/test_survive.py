"""Whatever dies, the study finishes: real processes, really killed.

After each disturbance the histories are bit for bit those of an undisturbed study, what was
finished is not run again, and with a checkpoint after every epoch no attempt repeats more than the
one epoch that its predecessor died in.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster.disturbed import EPOCHS, Disturbed
from tests.cluster.processes import children, command, driving, kill, lives, until
from tests.cluster.studies import SUITE, command_line, suite

KNOCKING = command_line(
    "from suite.execution.ray import connection; connection.SECONDS_BETWEEN_KNOCKS = 0.2"
)
"""The command line, sooner to miss a head."""

SOON_UNREAD = ("bash", "-c", 'exec "$@" 2> >(exec head -n 1 > /dev/null)', "bash", *SUITE)
"""The command line, of which nobody reads more than a line."""


@pytest.fixture
def study(tmp_path):
    return Disturbed(tmp_path, seeds=3)


def test_a_workers_death_is_made_good_and_retries_are_counted(tmp_path):
    study = Disturbed(tmp_path, retries=1)
    with driving(*study.arguments) as driver:
        study.until_executed(4, driver)
        once = study.ledger.lines()[-1]
        kill(once.pid)  # this run is tried again

        def worker():  # and another's worker is killed at each attempt
            lines = study.ledger.lines()
            last = {line.pid: line for line in lines if line.pid in study.ledger.pids()}
            chosen = [line for line in last.values() if line.run == ("set", 2) and line.epoch > 1]
            return chosen[0].pid if chosen else None

        for _ in range(2):
            driver.until(lambda: worker() is not None, "set, seed 2")
            if (pid := worker()) is not None:
                kill(pid)
                until(lambda pid=pid: not lives(pid), "a worker's end")
        assert driver.wait() == 3, driver.told
    assert "trying again: " in driver.told
    assert "failed: set, seed 2: its worker process has died; tried 2 times" in driver.told
    key = driver.told.rpartition("(suite logs ")[2].split()[0]
    shown = suite("logs", key, "--store", study.store).stdout
    assert "epoch 1: training loss" in shown
    assert "failed: its worker process has died" in shown
    finished = study.done()
    assert ("set", 2) not in finished
    assert len(finished) == 3
    before = study.executed()
    assert suite("run", *study.arguments).returncode == 0
    assert {line.run for line in study.ledger.lines()[before:]} == {("set", 2)}
    study.check()


def test_a_killed_driver_is_resumed_and_killed_while_it_resumes_and_then_the_head(study):
    for _ in range(2):
        with driving(*study.arguments) as driver:
            study.until_executed(EPOCHS + 4, driver)
            driver.kill()
    away = {"command": KNOCKING, "RAY_gcs_rpc_server_reconnect_timeout_s": "5"}
    with driving(*study.arguments, **away) as driver:
        study.until_executed(4, driver)
        kill(next(pid for pid in children(driver.pid) if "gcs_server" in command(pid)))
        assert driver.wait() != 0
        assert "Ray ends this driver; the same suite run then resumes" in driver.told
        assert "Traceback" not in driver.told
        until(lambda: not study.ledger.pids(), "the end of the headless workers")
    finished, before = study.done(), study.executed()
    with driving(*study.arguments) as driver:
        assert driver.wait() == 0, driver.told
    assert not finished & {line.run for line in study.ledger.lines()[before:]}
    study.check()


def test_interrupts_once_and_twice(study):
    with driving(*study.arguments) as driver:
        study.until_executed(4, driver)
        driver.interrupt()
        assert driver.wait() == 130
    assert "Stopping: runs finish their epoch" in driver.told
    assert f"To resume: suite run {study.path} --store {study.store}" in driver.told
    with driving(*study.arguments) as driver:
        study.until_executed(4, driver)
        driver.interrupt()
        driver.until(lambda: "Stopping: " in driver.told, "the first interrupt's sentence")
        driver.interrupt()
        assert driver.wait() == 130
    assert f"To resume: suite run {study.path} --store {study.store}" in driver.told
    assert "Traceback" not in driver.told
    finished, before = study.done(), study.executed()
    with driving(*study.arguments) as driver:
        assert driver.wait() == 0, driver.told
    assert not finished & {line.run for line in study.ledger.lines()[before:]}
    study.check()


def test_an_interrupt_lets_epochs_end_where_nobody_reads_what_is_said(study):
    """As Ctrl-C does to `suite run STUDY 2>&1 | tee log`: it ends tee too."""
    with driving(*study.arguments, command=SOON_UNREAD) as driver:
        study.until_executed(4, driver)
        driver.interrupt()
        assert driver.wait() == 130
    with driving(*study.arguments) as driver:
        assert driver.wait() == 0, driver.told
    assert not study.ledger.repeated()
    study.check()


def test_a_second_driver_refuses_or_takes_over(study):
    study.ledger.slow_down(2)
    with driving(*study.arguments) as first:
        study.until_executed(2, first)
        refused = suite("run", *study.arguments)
        assert refused.returncode == 2
        assert f"by process {first.pid} on " in refused.stderr
        assert "started 0:0" in refused.stderr
        assert "--takeover" in refused.stderr
        with driving(*study.arguments, "--takeover") as second:
            assert first.wait() == 2
            assert f"has been taken over by process {second.pid} on " in first.told
            study.ledger.slow_down(0)
            assert second.wait() == 0, second.told
    assert study.histories() == study.expected


def test_a_node_that_runs_out_of_memory_ends_no_study(tmp_path):
    """Ray kills workers, and Tune gives up: the driver starts it again."""
    study = Disturbed(tmp_path, retries=50)
    before, total = used_memory()
    threshold = (before + 4e9) / total
    if threshold > 0.9:
        pytest.skip("too little memory is free here to fill some of it")
    memory = {
        "RAY_memory_usage_threshold": f"{threshold:.4f}",
        "RAY_memory_monitor_refresh_ms": "100",
    }
    study.ledger.slow_down(0.5)
    with driving(*study.arguments, **memory) as driver:
        study.until_executed(2, driver)
        with filled(6_000_000_000):
            driver.until(lambda: "ran out of memory" in driver.told, "a full memory")
        study.ledger.slow_down(0)
        assert driver.wait() == 0, driver.told
    assert "trying again: " in driver.told
    assert "Traceback" not in driver.told
    assert study.histories() == study.expected


def used_memory():
    """Return the bytes that are in use on this machine, and all bytes."""
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    told = {line[0]: 1024 * int(line[1]) for line in lines if len(line) == 3}
    return told["MemTotal:"] - told["MemAvailable:"], told["MemTotal:"]


@contextmanager
def filled(size):
    """Have a process hold so many bytes."""
    code = f"import time; held = bytearray(b'1') * {size}; time.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        yield
    finally:
        process.kill()
        process.wait()
