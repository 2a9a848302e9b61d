"""Loops over the columns of a batch, block by block, and panel by panel where rows are far apart.

A loop is a compiled function that computes a block of columns of all units. How a batch is cut into
blocks decides in which order a sum over the batch is taken.
"""

# Types are inferred by the compiler, and arguments of intrinsics are not those of their definition.
# mypy: ignore-errors

from __future__ import annotations

import numpy as np

from suite.kernels.blocks import CACHE_LINE, LANES, filled, load, store
from suite.kernels.compiling import inner

NEAR = np.uint64(12)
"""Connections between a prefetch and its use."""

AHEAD = np.uint64(24)
"""The same in a panel, where a connection takes less time."""

PANEL = 4 * LANES
"""Columns of a panel: two cache lines."""

FAR = 2 << 20
"""Numbers of an array that is read in panels if it is larger: 8 MB."""


def in_blocks(loop):
    """Return `loop(zero, first, last, repeated, *arguments)` for all blocks that cover a batch.

    The block `zero` is zero; `first`, `last` and `repeated` are as in `blocks.load`. A batch
    narrower than a vector goes column by column.
    """
    covered = _covered(loop)

    @inner
    def loops(batch, zero, arguments):
        covered(0, batch, zero, arguments)

    return loops


def in_panels(loop):
    """Return `in_blocks` for a loop that reads the rows of an array in no order.

    Where that array is too large to stay in a cache, a few of its columns are copied at a time to a
    panel, whose rows lie closer together. So it is
    `loop(zero, first, last, repeated, far, shift, ahead, *arguments)`, where `far` is the array or
    a panel, column c of the batch is its column c - `shift`, and `ahead` is `NEAR` or `AHEAD`.
    """
    covered = _covered(loop)

    @inner
    def loops(batch, zero, far, arguments):
        if far.size <= FAR:
            covered(0, batch, zero, (far, 0, NEAR, *arguments))
            return
        memory = _cache_lines(2 * len(far), far)
        for first in range(0, batch, PANEL):
            stop = min(first + PANEL, batch)
            shift = max(min(first, stop - LANES), 0)  # a last vector may reach back
            panel = _copied(far, shift, stop, memory)
            covered(first, stop, zero, (panel, shift, AHEAD, *arguments))

    return loops


def _covered(loop):
    """Return `loop` for all blocks that cover columns `first` to `stop`."""

    @inner
    def loops(first, stop, zero, arguments):
        while first < stop:
            left = stop - first
            if left > 12 * LANES:
                last, repeated = last_of(first, 13, stop)
                loop(filled(zero, 13, LANES), first, last, repeated, *arguments)
                first += 13 * LANES
            elif left > 7 * LANES:
                last, repeated = last_of(first, 8, stop)
                loop(filled(zero, 8, LANES), first, last, repeated, *arguments)
                first += 8 * LANES
            elif left > 3 * LANES:
                last, repeated = last_of(first, 4, stop)
                loop(filled(zero, 4, LANES), first, last, repeated, *arguments)
                first += 4 * LANES
            elif left > LANES:
                last, repeated = last_of(first, 2, stop)
                loop(filled(zero, 2, LANES), first, last, repeated, *arguments)
                first += 2 * LANES
            elif stop >= LANES:
                last, repeated = last_of(first, 1, stop)
                loop(filled(zero, 1, LANES), first, last, repeated, *arguments)
                first += LANES
            else:
                loop(filled(zero, 1, 1), first, first, 0, *arguments)
                first += 1

    return loops


@inner
def _cache_lines(count, like):
    """Return an empty array of whole cache lines."""
    flat = np.empty((count + 1) * CACHE_LINE, like.dtype)
    start = -(flat.ctypes.data // flat.itemsize) % CACHE_LINE
    return flat[start : start + count * CACHE_LINE]


@inner
def _copied(far, start, stop, memory):
    """Return columns of an array as an array of its own, which lies in `memory`."""
    width = -(-(stop - start) // LANES) * LANES
    panel = memory[: len(far) * width].reshape((len(far), width))
    block = filled(far.dtype.type(0), 4, LANES)
    for unit in range(len(far)):
        if width == PANEL:
            last = stop - start - LANES
            store(load(block, far, unit, start, start + last), panel, unit, 0, last)
        else:
            for column in range(start, stop):
                panel[unit, column - start] = far[unit, column]
    return panel


@inner
def last_of(first, count, batch):
    """Return the column of a block's last vector, and how many of its lanes repeat columns."""
    repeated = max(first + count * LANES - batch, 0)
    return first + (count - 1) * LANES - repeated, repeated
