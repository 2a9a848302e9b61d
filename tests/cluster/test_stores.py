"""A store in trouble under a study, and a store behind a URL."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cluster.disturbed import EPOCHS, Disturbed
from tests.cluster.processes import driving
from tests.cluster.studies import suite
from tests.object_storage import bucket


@pytest.fixture
def small_disk(tmp_path):
    """A file system that holds a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(ballast: Path) -> None:
    """Write until nothing more fits."""
    with ballast.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def test_a_full_disk_and_a_store_that_is_away_for_a_while(tmp_path, small_disk):
    study = Disturbed(tmp_path, store=small_disk / "store")
    ballast = small_disk / "ballast"
    with driving(*study.arguments) as driver:
        study.until_executed(4, driver)
        fill(ballast)
        driver.until(lambda: study.ledger.last(EPOCHS) >= 1, "a run that cannot end")
        ballast.unlink()
        study.until_executed(4, driver)
        study.store.rename(small_disk / "away")
        driver.until(lambda: study.ledger.last(EPOCHS) >= 3, "another run that cannot end")
        assert not study.store.exists()
        (small_disk / "away").rename(study.store)
        assert driver.wait() == 0, driver.told
    study.check()
    told = "".join(suite("logs", key, "--store", study.store).stdout for key in study.expected)
    assert "No space left on device" in told


def test_object_storage(tmp_path, monkeypatch):
    with bucket(monkeypatch) as url:
        study = Disturbed(tmp_path, store=url, seeds=1)
        with driving(*study.arguments) as driver:
            assert driver.wait() == 0, driver.told
        study.check()
        assert "small: 2 of 2 runs done." in suite("status", *study.arguments).stdout
