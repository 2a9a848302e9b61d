"""Every compiled loop, kept between processes; knows no network."""

from __future__ import annotations

from typing import Literal


def compile_kernels(engine: Literal["masked", "sparse"]) -> float:
    """Compile what an engine trains with, or load it where an earlier process has compiled it.

    One process compiles while others wait.

    Returns:
        Seconds it took.
    """
    from suite.kernels import augment, output, products

    seconds = augment.compile_kernels()
    if engine == "sparse":
        seconds += products.compile_kernels() + output.compile_kernels()
    return seconds
