"""Compiled loops of the sparse engine, one thread each.

Arrays are C-contiguous; activations are (units, batch). A layer's connections are stored twice: by
row (`starts`, `columns`) and by column (`starts`, `rows`, and `order`, where each of them stands by
row). Where a unit's connections lead is cut into tiles: those of unit i to tile j are starts[k] to
starts[k + 1], k being i * tiles + j. One tile after the other, what is read again and again stays
in the second cache. Each sum has a fixed order, which tiles do not change.
"""

# Types are inferred by the compiler, and arguments of intrinsics are not those of their definition.
# mypy: ignore-errors

from __future__ import annotations

import numpy as np
from numba import uint32

from suite.kernels.blocks import (
    LANES,
    add,
    add_scaled,
    add_scaled_and_dot,
    dot,
    drop,
    drop_again,
    filled,
    fresh,
    leaky,
    load,
    prefetch,
    store,
    total,
)
from suite.kernels.columns import AHEAD, NEAR, in_blocks, in_panels
from suite.kernels.compiling import compiling, inlined, inner, kernel, summing

NEXT = 4
"""Units between a prefetch and its use."""

TILE = 2000
"""Units of a tile: 800 KB of a batch of 100."""

UNTILED = 20_000
"""Units from which on there are no tiles: a batch of 100 is read in panels, see `columns.FAR`."""

SEGMENT = 12
"""Connections of a unit to a tile, on average, below which tiles cost more than they save."""


@inlined  # a call would take blocks through memory
def pass_on(zero, first, last, repeated, unit, error, h, dz, dbias, below):
    """Write a unit's gradient by its pre-activation and its bias.

    The block `error` is the gradient by its activation; `below` are its layer's slope and dropout.
    """
    slope, scale, threshold = below
    activation = load(zero, h, unit, first, last)
    # What was dropped is zero in `h`: its sign does not matter.
    error = leaky(error, activation, slope)
    if threshold:
        error = drop_again(error, activation, scale)
    store(error, dz, unit, first, last)
    dbias[unit] += total(fresh(error, repeated))


@inlined
def _segment(starts, unit, tile, tiles):
    """Return where a unit's connections to a tile start and end, and the next unit's start."""
    at = unit * tiles + tile
    return starts[at], starts[at + 1], starts[min(at + tiles, len(starts) - 1)]


@inlined
def _later(k, end, following, ahead):
    """Return which connection is used a little later than k, which is to `end`."""
    return k + ahead if k + ahead < end else k + ahead - end + following


@inlined
def _prefetch_unit(zero, array, unit, first, last):
    """Prefetch a unit's columns in every cache line that they lie in."""
    prefetch(zero, array, unit, first)
    prefetch(filled(array.dtype.type(0), 1, LANES), array, unit, last + LANES - 1)


@in_panels
@inner
def _forward(
    zero,
    first,
    last,
    _repeated,
    x,
    shift,
    ahead,
    starts,
    columns,
    weight,
    bias,
    h,
    slope,
    scale,
    dropout,
):
    low, high, threshold = dropout
    tiles = (len(starts) - 1) // len(bias)
    for tile in range(tiles):
        for unit in range(len(bias)):
            z = load(zero, h, unit, first, last) if tile else add(zero, bias[unit])
            start, end, following = _segment(starts, unit, tile, tiles)
            for k in range(start, end):
                prefetch(zero, x, columns[_later(k, end, following, ahead)], first - shift)
                z = add_scaled(z, weight[k], x, columns[k], first - shift, last - shift)
            if tile == tiles - 1:
                z = leaky(z, z, slope)
                if threshold:
                    counter = unit * h.shape[1] + low
                    start, end = uint32(counter + first), uint32(counter + last)
                    z = drop(z, scale, start, end, high, threshold)
            store(z, h, unit, first, last)


@in_blocks
@inner
def _backward(zero, first, last, repeated, h, dh, dz, dbias, below):
    for unit in range(len(dbias)):
        error = load(zero, dh, unit, first, last)
        pass_on(zero, first, last, repeated, unit, error, h, dz, dbias, below)


@in_blocks
@inner
def _dropped(zero, first, last, _repeated, h, out, scale, dropout):
    low, high, threshold = dropout
    for unit in range(len(h)):
        counter = unit * h.shape[1] + low
        value = load(zero, h, unit, first, last)
        value = drop(value, scale, uint32(counter + first), uint32(counter + last), high, threshold)
        store(value, out, unit, first, last)


@in_panels
@inner
def _weight_gradient(zero, first, last, repeated, x, shift, ahead, starts, columns, dz, dweight):
    tiles = (len(starts) - 1) // len(dz)
    for tile in range(tiles):
        for unit in range(len(dz)):
            if ahead > NEAR:
                _prefetch_unit(zero, dz, unit + NEXT, first, last)
            error = fresh(load(zero, dz, unit, first, last), repeated)
            start, end, following = _segment(starts, unit, tile, tiles)
            for k in range(start, end):
                prefetch(zero, x, columns[_later(k, end, following, ahead)], first - shift)
                dweight[k] += dot(error, x, columns[k], first - shift, last - shift)


@in_panels
@inner
def _gradients(
    zero,
    first,
    last,
    repeated,
    dz,
    shift,
    ahead,
    starts,
    rows,
    weight,
    x,
    dweight,
    dx,
    dbias,
    below,
):
    tiles = (len(starts) - 1) // len(x)
    for tile in range(tiles):
        for unit in range(len(x)):
            if ahead > NEAR:
                _prefetch_unit(zero, x, unit + NEXT, first, last)
            inputs = fresh(load(zero, x, unit, first, last), repeated)
            error = load(zero, dx, unit, first, last) if tile else zero
            start, end, following = _segment(starts, unit, tile, tiles)
            for t in range(start, end):
                prefetch(zero, dz, rows[_later(t, end, following, ahead)], first - shift)
                error, product = add_scaled_and_dot(
                    error, weight[t], dz, rows[t], first - shift, last - shift, inputs
                )
                dweight[t] += product
            if tile == tiles - 1:
                pass_on(zero, first, last, repeated, unit, error, x, dx, dbias, below)
            else:
                store(error, dx, unit, first, last)


@kernel
def forward(starts, columns, weight, bias, x, h, slope, scale, threshold, low, high):
    """Write a layer's activations: leaky_relu(weight @ x + bias), and dropout.

    Args:
        starts: uint64 (n_out * tiles + 1,), by row.
        columns: uint32 (connections + AHEAD,), by row.
        weight: (connections,), by row.
        bias: (n_out,).
        x: Inputs (n_in, batch).
        h: Receives the activations, (n_out, batch).
        slope: Negative slope; 1 makes the activation the identity.
        scale: What dropout keeps is multiplied with it.
        threshold: See `dropout.Dropout`; 0 drops nothing.
        low: See `dropout.Dropout`.
        high: See `dropout.Dropout`.
    """
    number = h.dtype.type
    dropout = uint32(low), uint32(high), uint32(threshold)
    arguments = (starts, columns, weight, bias, h, number(slope), number(scale), dropout)
    _forward(h.shape[1], number(0), x, arguments)


@kernel
def backward(h, dh, dz, dbias, slope, scale, threshold):
    """Write the gradient by a layer's pre-activations, and by its bias.

    Args:
        h: What `forward` wrote, (n_out, batch).
        dh: Gradient by `h`.
        dz: Receives the gradient by the pre-activations, (n_out, batch).
        dbias: Receives the gradient by the bias, (n_out,).
        slope: As in `forward`, and so are the following.
        scale: Likewise.
        threshold: Likewise.
    """
    number = h.dtype.type
    below = number(slope), number(scale), uint32(threshold)
    dbias[:] = 0
    arguments = (h, dh, dz, dbias, below)
    _backward(h.shape[1], number(0), arguments)


@kernel
def weight_gradient(starts, columns, x, dz, dweight):
    """Write the gradient by the weights: for each connection a dot product over the batch.

    Args:
        starts: uint64 (n_out * tiles + 1,), by row.
        columns: uint32 (connections + AHEAD,), by row.
        x: Inputs (n_in, batch).
        dz: Gradient by the pre-activations, (n_out, batch).
        dweight: Receives the gradient, (connections,), by row.
    """
    dweight[:] = 0
    arguments = (starts, columns, dz, dweight)
    _weight_gradient(dz.shape[1], dz.dtype.type(0), x, arguments)


@kernel
def gradients(starts, rows, order, weight, x, dz, dweight, dx, dbias, slope, scale, threshold):
    """Write the gradients by the weights and by the inputs, which read the same numbers, at once.

    Where the inputs are the activations of a layer below, the gradient goes on to that layer's
    pre-activations and bias, as `backward` takes it there; slope 1 and no dropout leave it that by
    the inputs.

    Args:
        starts: uint64 (n_in * tiles + 1,), by column.
        rows: uint32 (connections + AHEAD,), by column.
        order: uint32 (connections,): where the connections by column stand by row.
        weight: (connections,), by row.
        x: Inputs (n_in, batch).
        dz: Gradient by the pre-activations, (n_out, batch).
        dweight: Receives the gradient by the weights, (connections,), by row.
        dx: Receives the gradient by the inputs or the pre-activations below, (n_in, batch).
        dbias: Receives the sums of `dx` over the batch, (n_in,).
        slope: Of the layer below, as in `forward`, and so are the following.
        scale: Likewise.
        threshold: Likewise.
    """
    number = dz.dtype.type
    below = number(slope), number(scale), uint32(threshold)
    sorted_weight = np.empty_like(weight)
    sorted_gradient = np.zeros_like(weight)
    for t in range(len(order)):
        sorted_weight[t] = weight[order[t]]
    dbias[:] = 0
    arguments = (starts, rows, sorted_weight, x, sorted_gradient, dx, dbias, below)
    _gradients(dz.shape[1], number(0), dz, arguments)
    for t in range(len(order)):
        dweight[order[t]] = sorted_gradient[t]


@kernel
def dropped(h, scale, threshold, low, high):
    """Drop from `h` (units, batch), in place; the arguments are those of `forward`."""
    number = h.dtype.type
    dropout = uint32(low), uint32(high), uint32(threshold)
    # From a copy: what is in two vectors of a block would be scaled twice.
    _dropped(h.shape[1], number(0), (h.copy(), h, number(scale), dropout))


@kernel
def srelu(z, left, a_left, right, a_right, h):
    """Write the S-shaped rectified linear unit of pre-activations, see `activations.SReLU`.

    Args:
        z: Pre-activations, (units, batch).
        left: Threshold, (units,), below which the slope is `a_left`.
        a_left: (units,).
        right: Threshold, (units,), above which the slope is `a_right`.
        a_right: (units,).
        h: Receives the activations, (units, batch).
    """
    for unit in range(len(z)):
        low, high, a_low, a_high = left[unit], right[unit], a_left[unit], a_right[unit]
        for column in range(z.shape[1]):
            value = z[unit, column]
            below = low + a_low * (value - low)
            above = high + a_high * (value - high)
            inside = below if value < low else value
            h[unit, column] = above if value > high else inside


@summing
def srelu_backward(z, left, a_left, right, a_right, dh, dz, dleft, da_left, dright, da_right):
    """Write the gradients by everything that `srelu` reads; `dh` is that by the activations."""
    zero, one = z.dtype.type(0), z.dtype.type(1)
    for unit in range(len(z)):
        low, high, a_low, a_high = left[unit], right[unit], a_left[unit], a_right[unit]
        below = above = weighted_below = weighted_above = zero
        for column in range(z.shape[1]):
            value, error = z[unit, column], dh[unit, column]
            error_below = error if value < low and not value > high else zero
            error_above = error if value > high else zero
            below += error_below
            above += error_above
            weighted_below += error_below * (value - low)
            weighted_above += error_above * (value - high)
            dz[unit, column] = error - error_below * (one - a_low) - error_above * (one - a_high)
        dleft[unit] = below * (one - a_low)
        da_left[unit] = weighted_below
        dright[unit] = above * (one - a_high)
        da_right[unit] = weighted_above


def compile_kernels() -> float:
    """Compile all kernels, or load them where an earlier process has compiled them.

    One process compiles while others wait. A driver calls this before its workers start.

    Returns:
        Seconds it took.
    """
    starts, indices = np.zeros(2, np.uint64), np.zeros(int(AHEAD), np.uint32)
    order, weight = np.zeros(0, np.uint32), np.zeros(0, np.float32)
    bias, x = np.zeros(1, np.float32), np.zeros((1, 1), np.float32)
    with compiling() as seconds:
        forward(starts, indices, weight, bias, x, x, 0.0, 1.0, 0, 0, 0)
        backward(x, x, x, bias, 0.0, 1.0, 0)
        weight_gradient(starts, indices, x, x, weight)
        gradients(starts, indices, order, weight, x, x, weight, x, bias, 1.0, 1.0, 0)
        dropped(x, 1.0, 0, 0, 0)
        srelu(x, bias, bias, bias, bias, x)
        srelu_backward(x, bias, bias, bias, bias, x, x, bias, bias, bias, bias)
        return seconds()
