"""Compiled kernels are kept between processes, and compiled once."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from suite.kernels import augment, compiling
from suite.training import train as training


def test_a_kernel_cache_that_cannot_be_written_to_is_passed_over(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(blocked))
    monkeypatch.setattr(compiling.platformdirs, "user_cache_dir", lambda name: str(tmp_path / name))
    folder = compiling.cache_folder()
    assert folder.parent == tmp_path / "regrowth-suite"
    assert folder.is_dir()


def test_a_user_without_a_home_has_a_temporary_kernel_cache(tmp_path, monkeypatch):
    def homeless(name):
        raise RuntimeError("could not determine the home directory")

    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(compiling.tempfile, "gettempdir", lambda: str(tmp_path))
    for cache in (homeless, lambda name: f"~/.cache/{name}"):
        monkeypatch.setattr(compiling.platformdirs, "user_cache_dir", cache)
        assert compiling.cache_folder().is_relative_to(tmp_path)


@pytest.mark.slow
def test_another_process_finds_the_kernels_compiled():
    assert training.compile_kernels("sparse") >= 0
    program = """
from suite.kernels import augment
from suite.training import train as training
from suite.kernels import output, products
training.compile_kernels("sparse")
of_augment = (augment.standardise, augment.standardise_and_warp)
of_sparse = (products.forward, products.backward, products.weight_gradient, products.gradients)
of_output = (output.logits, output.gradients)
for kernel in (*of_augment, *of_sparse, *of_output):
    assert kernel.stats.cache_hits and not kernel.stats.cache_misses, kernel
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_arrays_that_may_be_written_to_take_the_same_code_as_shared_ones():
    training.compile_kernels("masked")
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    scale = np.ones(8 * 8 * 3, np.float32)
    warps = augment.draw(np.random.default_rng(1), 4)
    arguments = (np.arange(4), 0 * scale, scale, warps)
    free = augment.standardise_and_warp(images, *arguments)
    images.setflags(write=False)
    shared = augment.standardise_and_warp(images, *arguments)
    np.testing.assert_array_equal(free, shared)


@pytest.mark.slow
def test_the_process_that_compiles_computes_the_same_bits_as_those_that_load(tmp_path):
    program = """
import hashlib
import numpy as np
from suite.kernels import augment
images = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 1), dtype=np.uint8)
warps = augment.draw(np.random.default_rng(1), 50)
plain = np.zeros(64, np.float32), np.ones(64, np.float32)
batch = augment.standardise_and_warp(images, np.arange(50), *plain, warps)
print(bool(augment.standardise_and_warp.stats.cache_hits), hashlib.sha256(batch).hexdigest())
"""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    compiled, loaded = (
        subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        for _ in range(2)
    )
    assert (compiled[0], loaded[0]) == ("False", "True")
    assert compiled[1] == loaded[1]
