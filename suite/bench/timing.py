"""How long calls take.

Sides that are compared take turns in one process, and what counts is the median over the turns: so
a machine that is busy with something else slows down both.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Step = Callable[[], object]


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def alternate(sides: Sequence[Step], turns: int, each: Sequence[int]) -> np.ndarray:
    """Return seconds a call (turns, sides): sides take turns, after a first one that warms up.

    Args:
        sides: What to call.
        turns: How often.
        each: Calls a turn of each side: their median counts.
    """
    for side in sides:
        side()
    return np.array(
        [
            [
                statistics.median(seconds(side) for _ in range(n))
                for side, n in zip(sides, each, strict=True)
            ]
            for _ in range(turns)
        ]
    )


def timed(took: dict[str, float], part: str, work: Callable[[], Any]) -> Any:
    """Return what a call returns, and add the seconds that it takes to a part."""
    began = time.perf_counter()
    result = work()
    took[part] = took.get(part, 0.0) + time.perf_counter() - began
    return result


def in_fresh_process(work: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a separate process, and return its result."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)
