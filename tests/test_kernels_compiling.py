"""Compiled kernels are kept between processes, and compiled once."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

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


def test_another_process_finds_the_kernels_compiled():
    assert training.compile_kernels("sparse") >= 0
    program = """
from suite.kernels import augment
from suite.training import train as training
from suite.kernels import products
training.compile_kernels("sparse")
of_augment = (augment.standardise, augment.standardise_and_warp)
of_sparse = (products.forward, products.backward, products.weight_gradient, products.gradients)
for kernel in (*of_augment, *of_sparse):
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
