"""Ctrl-C while Ray starts, connects, places the first run and shuts down: real processes."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.cluster.processes import children, command, driving
from tests.cluster.studies import write_study


def raylet(driver):
    return any("raylet/raylet" in command(pid) for pid in children(driver.pid))


@pytest.mark.parametrize("moment", [None, 0.0, 0.75, 1.5, 2.25, 3.0])
def test_one_interrupt_while_ray_starts_ends_with_130(tmp_path, moment):
    """In the midst of connecting it once ended in a segmentation fault.

    Args:
        moment: Seconds after the raylet has started; None before that.
    """
    study = write_study(tmp_path, epochs=400)
    with driving(study, "--store", tmp_path / "store") as driver:
        started = "0 of 4 runs done, starting"
        driver.until(lambda: started in driver.told if moment is None else raylet(driver), started)
        time.sleep(moment or 0.0)
        driver.interrupt()
        assert driver.wait() == 130, driver.told
        assert "To resume: suite run" in driver.told
        assert "Traceback" not in driver.told
        assert not raylet(driver)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_anything_runs_ends_with_130(tmp_path, number):
    """While the data are read: of a pipe that nobody writes to, that takes for ever."""
    study = write_study(tmp_path)
    study.write_text(study.read_text().replace("dataset: digits", "dataset: {npz: pipe.npz}"))
    os.mkfifo(tmp_path / "pipe.npz")
    with driving(study, "--store", tmp_path / "store") as driver:
        driver.until(lambda: (tmp_path / "store").exists(), "the store")
        time.sleep(0.5)
        os.kill(driver.pid, number)
        assert driver.wait() == 130, driver.told
        assert "To resume: suite run" in driver.told
        assert "Traceback" not in driver.told
