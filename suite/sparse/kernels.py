"""Compiled loops of the sparse engine, one thread each.

Arrays are C-contiguous; activations are (units, batch). A layer's connections are stored twice: by
row (`starts`, `columns`: the connections of unit i are starts[i] to starts[i + 1]) and by column
(`starts`, `rows`, and `order`, where each of them stands by row). Each sum has a fixed order.
"""

# Types are inferred by the compiler, and arguments of intrinsics are not those of their definition.
# mypy: ignore-errors

from __future__ import annotations

import time

import numpy as np
from filelock import FileLock
from numba import njit, uint32

from suite.sparse.blocks import (
    LANES,
    add,
    add_scaled,
    add_scaled_and_dot,
    dot,
    filled,
    load,
    prefetch,
    store,
)
from suite.sparse.cache import cache_folder, compiled
from suite.sparse.dropout import MULTIPLIERS, RESOLUTION

AHEAD = np.uint64(12)
"""Connections between a prefetch and its use; indices go on that far beyond their end."""

# No fastmath: what may be fused or summed side by side is said where it may.
TILE = 64
"""Units whose sums are finished before their activation is taken, still in a near cache."""

inner = njit(nogil=True, error_model="numpy")
inner_fast = njit(nogil=True, error_model="numpy", fastmath={"reassoc", "contract"})
kernel = compiled(nogil=True, error_model="numpy")

FIRST, SECOND = (np.uint32(multiplier) for multiplier in MULTIPLIERS)
FIFTEEN, SIXTEEN, HALF = np.uint32(15), np.uint32(16), np.uint32(0xFFFF)


def _in_blocks(loop):
    """Return `loop(zero, first, last, repeated, *arguments)` for all blocks that cover a batch.

    The block `zero` is zero; `first`, `last` and `repeated` are as in `blocks.load`. A batch
    narrower than a vector goes column by column.
    """

    @inner
    def loops(batch, zero, arguments):
        first = 0
        while first < batch:
            left = batch - first
            if left > 12 * LANES:
                last, repeated = _last(first, 13, batch)
                loop(filled(zero, 13, LANES), first, last, repeated, *arguments)
                first += 13 * LANES
            elif left > 7 * LANES:
                last, repeated = _last(first, 8, batch)
                loop(filled(zero, 8, LANES), first, last, repeated, *arguments)
                first += 8 * LANES
            elif left > 3 * LANES:
                last, repeated = _last(first, 4, batch)
                loop(filled(zero, 4, LANES), first, last, repeated, *arguments)
                first += 4 * LANES
            elif left > LANES:
                last, repeated = _last(first, 2, batch)
                loop(filled(zero, 2, LANES), first, last, repeated, *arguments)
                first += 2 * LANES
            elif batch >= LANES:
                last, repeated = _last(first, 1, batch)
                loop(filled(zero, 1, LANES), first, last, repeated, *arguments)
                first += LANES
            else:
                loop(filled(zero, 1, 1), first, first, 0, *arguments)
                first += 1

    return loops


@inner
def _last(first, count, batch):
    """Return the column of a block's last vector, and how many of its lanes repeat columns."""
    repeated = max(first + count * LANES - batch, 0)
    return first + (count - 1) * LANES - repeated, repeated


@_in_blocks
@inner
def _sums(zero, first, last, _repeated, top, bottom, starts, columns, weight, bias, x, z):
    """Write bias plus weighted inputs of the units from `top` to `bottom`."""
    for unit in range(top, bottom):
        total = add(zero, bias[unit])
        for k in range(starts[unit], starts[unit + 1]):
            prefetch(zero, x, columns[k + AHEAD], first)
            total = add_scaled(total, weight[k], x, columns[k], first, last)
        store(total, z, unit, first, last)


@_in_blocks
@inner
def _weight_gradient(zero, first, last, repeated, starts, columns, x, dz, dweight):
    for unit in range(len(starts) - 1):
        error = load(zero, dz, unit, first, last, repeated)
        for k in range(starts[unit], starts[unit + 1]):
            prefetch(zero, x, columns[k + AHEAD], first)
            product = dot(error, x, columns[k], first, last)
            dweight[k] += product


@_in_blocks
@inner
def _gradients(zero, first, last, repeated, starts, rows, weight, x, dz, dweight, dx, inputs):
    for unit in range(len(starts) - 1):
        store(load(zero, x, unit, first, last, repeated), inputs, 0, 0, last + repeated - first)
        total = zero
        for t in range(starts[unit], starts[unit + 1]):
            prefetch(zero, dz, rows[t + AHEAD], first)
            total, product = add_scaled_and_dot(total, weight[t], dz, rows[t], first, last, inputs)
            dweight[t] += product
        store(total, dx, unit, first, last)


@inner_fast
def _sum(array, row):
    """Return the sum of a row."""
    total = array.dtype.type(0)
    for column in range(array.shape[1]):
        total += array[row, column]
    return total


@inner
def _drop(array, unit, words, threshold, low, high):
    """Set elements of a unit to zero and scale the others; see `dropout.Dropout`.

    `words` is room for as many 32-bit words as half the batch needs.
    """
    half = len(words)
    zero = array.dtype.type(0)
    scale = array.dtype.type(RESOLUTION / (RESOLUTION - threshold))
    threshold, high = uint32(threshold), uint32(high)
    counter = uint32(unit * half + low)
    for column in range(half):
        words[column] = _mixed(uint32(counter + uint32(column)), high)
    first, second = array[unit, :half], array[unit, half:]
    for column in range(len(first)):
        first[column] *= scale if uint32(words[column] & HALF) >= threshold else zero
    for column in range(len(second)):
        second[column] *= scale if uint32(words[column] >> SIXTEEN) >= threshold else zero


@inner
def _mixed(word, high):
    """Return a mixed counter; all are uint32, which numba widens unless told not to."""
    word = uint32(word ^ (word >> SIXTEEN))
    word = uint32(uint32(word * FIRST) + high)
    word = uint32(word ^ (word >> FIFTEEN))
    word = uint32(word * SECOND)
    return uint32(word ^ (word >> SIXTEEN))


@kernel
def forward(starts, columns, weight, bias, x, h, slope, threshold, low, high):
    """Write a layer's activations: leaky_relu(weight @ x + bias), and dropout.

    Args:
        starts: int64 (n_out + 1,), by row.
        columns: uint32 (connections,), by row.
        weight: (connections,), by row.
        bias: (n_out,).
        x: Inputs (n_in, batch).
        h: Receives the activations, (n_out, batch).
        slope: Negative slope; 1 makes the activation the identity.
        threshold: See `dropout.Dropout`; 0 drops nothing.
        low: See `dropout.Dropout`.
        high: See `dropout.Dropout`.
    """
    n_out, batch = h.shape
    one, slope = h.dtype.type(1), h.dtype.type(slope)
    words = np.empty((batch + 1) // 2, np.uint32)
    for top in range(0, n_out, TILE):
        bottom = min(top + TILE, n_out)
        arguments = (top, bottom, starts, columns, weight, bias, x, h)
        _sums(batch, h.dtype.type(0), arguments)
        for unit in range(top, bottom):
            for column in range(batch):
                h[unit, column] *= one if h[unit, column] > 0 else slope
            if threshold:
                _drop(h, unit, words, threshold, low, high)


@kernel
def backward(h, dh, dz, dbias, slope, threshold, low, high):
    """Write the gradient by a layer's pre-activations, and by its bias.

    Args:
        h: What `forward` wrote, (n_out, batch).
        dh: Gradient by `h`.
        dz: Receives the gradient by the pre-activations, (n_out, batch).
        dbias: Receives the gradient by the bias, (n_out,).
        slope: As in `forward`, and so the following.
        threshold: See `dropout.Dropout`.
        low: See `dropout.Dropout`.
        high: See `dropout.Dropout`.
    """
    n_out, batch = h.shape
    one, slope = h.dtype.type(1), h.dtype.type(slope)
    words = np.empty((batch + 1) // 2, np.uint32)
    for unit in range(n_out):
        for column in range(batch):
            # What was dropped is zero in `h`: its sign does not matter.
            dz[unit, column] = dh[unit, column] * (one if h[unit, column] > 0 else slope)
        if threshold:
            _drop(dz, unit, words, threshold, low, high)
        dbias[unit] = _sum(dz, unit)


@kernel
def weight_gradient(starts, columns, x, dz, dweight):
    """Write the gradient by the weights: for each connection a dot product over the batch.

    Args:
        starts: int64 (n_out + 1,), by row.
        columns: uint32 (connections,), by row.
        x: Inputs (n_in, batch).
        dz: Gradient by the pre-activations, (n_out, batch).
        dweight: Receives the gradient, (connections,), by row.
    """
    dweight[:] = 0
    arguments = (starts, columns, x, dz, dweight)
    _weight_gradient(dz.shape[1], dz.dtype.type(0), arguments)


@kernel
def gradients(starts, rows, order, weight, x, dz, dweight, dx):
    """Write the gradients by the weights and by the inputs, which read the same numbers, at once.

    Args:
        starts: int64 (n_in + 1,), by column.
        rows: uint32 (connections,), by column.
        order: uint32 (connections,): where the connections by column stand by row.
        weight: (connections,), by row.
        x: Inputs (n_in, batch).
        dz: Gradient by the pre-activations, (n_out, batch).
        dweight: Receives the gradient by the weights, (connections,), by row.
        dx: Receives the gradient by the inputs, (n_in, batch).
    """
    inputs = np.empty((1, 13 * LANES), dz.dtype)
    sorted_weight = np.empty_like(weight)
    sorted_gradient = np.zeros_like(weight)
    for t in range(len(order)):
        sorted_weight[t] = weight[order[t]]
    arguments = (starts, rows, sorted_weight, x, dz, sorted_gradient, dx, inputs)
    _gradients(dz.shape[1], dz.dtype.type(0), arguments)
    for t in range(len(order)):
        dweight[order[t]] = sorted_gradient[t]


def compile_kernels() -> float:
    """Compile all kernels, or load them where an earlier process has compiled them.

    One process compiles while others wait. A driver calls this before its workers start.

    Returns:
        Seconds it took.
    """
    began = time.perf_counter()
    starts, indices = np.zeros(2, np.uint64), np.zeros(int(AHEAD), np.uint32)
    order, weight = np.zeros(0, np.uint32), np.zeros(0, np.float32)
    bias, x = np.zeros(1, np.float32), np.zeros((1, 1), np.float32)
    with FileLock(cache_folder() / "lock"):
        forward(starts, indices, weight, bias, x, x, 0.0, 0, 0, 0)
        backward(x, x, x, bias, 0.0, 0, 0, 0)
        weight_gradient(starts, indices, x, x, weight)
        gradients(starts, indices, order, weight, x, x, weight, x)
    return time.perf_counter() - began
