"""All measures by name, what is wanted of each, and their figures as a table."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from suite.bench.engines import engines, evaluation, sparse_linear, sparselab, update
from suite.bench.growth import fourfold_width, growth, halved_epsilon, memory, side_by_side
from suite.bench.limit import limit
from suite.bench.methods import methods
from suite.bench.profile import profile
from suite.bench.scheduling import scheduling
from suite.bench.workload import Bench, synthetic_images
from suite.kernels import compile_kernels
from suite.machine import provenance

MEASURES: dict[str, Callable[[Bench, int], Any]] = {
    "engines": engines,
    "sparselab": sparselab,
    "sparse_linear": sparse_linear,
    "profile": profile,
    "limit": limit,
    "halved_epsilon": halved_epsilon,
    "fourfold_width": fourfold_width,
    "growth": growth,
    "evaluation": evaluation,
    "update": update,
    "methods": methods,
    "side_by_side": side_by_side,
    "memory": memory,
    "scheduling": scheduling,
}
"""What `run_bench` measures, by name."""

WANTED = {
    ("engines", "times_faster"): "at least 45",
    ("sparselab", "times_faster"): "at least 5",
    ("sparse_linear", "times_faster"): "at least 1",
    ("halved_epsilon", "saved"): "at least 25 %",
    ("fourfold_width", "time"): "at most 6",
    ("fourfold_width", "memory"): "at most 6",
    **{("growth", figure): "at most 2" for figure in ("step", "update", "memory")},
    ("evaluation", "share_of_epoch"): "at most 4 %",
    ("update", "share_of_epoch"): "at most 5 %",
    ("update", "gradient"): "at most 3 %",  # RigL updates every 100 steps: 15 % of an epoch
    ("side_by_side", "throughput"): "at least 1.8",
    ("memory", "added_mb"): "at most 200 MB",
    ("scheduling", "share_of_core_time"): "at least 90 %",
}
"""What the suite is meant to reach, by measure and figure, or by measure and part of it."""


def run_bench(
    *,
    turns: int = 15,
    measures: Sequence[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure the suite on the paper's network, one thread per run.

    Args:
        turns: How often sides that are compared take turns, 1 or more.
        measures: Names out of `MEASURES`; all by default.
        progress: Called with what is measured next.

    Returns:
        JSON-able figures by measure; times are in milliseconds, memory in MB.
    """
    torch.set_num_threads(1)
    progress("compiling")
    figures: dict[str, Any] = {
        "machine": machine(),
        "compiling_ms": 1000 * compile_kernels("sparse"),
    }
    bench = Bench(synthetic_images())
    for name in measures or MEASURES:
        progress(name.replace("_", " "))
        figures[name] = MEASURES[name](bench, turns)
    return figures


def rows(figures: dict[str, Any]) -> list[list[str]]:
    """Return figures as rows of a table: what was measured, the figure, and what is wanted."""
    table: list[list[str]] = []
    for name, found in figures.items():
        if name == "machine":
            continue
        for part, value in (found if isinstance(found, dict) else {"": found}).items():
            what = f"{name}: {part}" if part else name
            if isinstance(value, dict) and "share_of_epoch" in value:  # of a regrowth strategy
                share = value["share_of_epoch"]
                table.append(_row(name, what, "share_of_epoch", share, WANTED.get((name, part))))
            elif isinstance(value, dict):
                table += [_row(name, f"{what}: {of}", of, each) for of, each in value.items()]
            else:
                table.append(_row(name, what, part or name, value))
    return table


RATIOS = {
    *("times_faster", "throughput", "connections", "time", "memory"),
    *("build", "step", "update", "checkpoint"),
}
"""Figures that say how many times as much one side has as the other."""


def _row(
    name: str, what: str, figure: str, value: float | str, wanted: str | None = None
) -> list[str]:
    wanted = WANTED.get((name, figure), "") if wanted is None else wanted
    return [what.replace("_", " "), _shown(figure, value), wanted]


def _shown(figure: str, value: float | str) -> str:
    if isinstance(value, str | int):
        return str(value)
    if figure in {"share_of_epoch", "share_of_core_time", "first_cache_share", "saved"}:
        return f"{100 * value:.1f} %"
    if figure.endswith("_mb"):
        return f"{value:.0f} MB"
    if figure in RATIOS:
        return f"{value:.2f} x"
    return f"{value:.2f} ms"


def machine() -> dict[str, str]:
    """Return what the figures depend on besides the suite."""
    return {
        "cpu": provenance()["cpu"],
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
