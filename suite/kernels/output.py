"""Compiled loops of a dense output layer of few classes, one thread each.

Arrays are C-contiguous; activations are (units, batch). Every sum is taken in the order of its
terms, 192 of them at a time, as MKL takes it for most batches on AMD's processors.
"""

# Types are inferred by the compiler, and arguments of intrinsics are not those of their definition.
# mypy: ignore-errors

from __future__ import annotations

import numpy as np
from numba import uint32

from suite.kernels.blocks import LANES, add_scaled, filled, store
from suite.kernels.columns import in_blocks, last_of
from suite.kernels.compiling import compiling, inner, kernel
from suite.kernels.products import pass_on

PIECE = 192
"""Terms that are summed before they are added to the others."""

WITH = 5
"""Classes that share what is loaded of the activations: their sums fill the registers."""

NEAR = 64
"""Units whose activations stay in the first cache from one use to the next."""


@inner
def _sums(zero, first, last, start, stop, weight, h, out):
    """Write the products of `WITH` classes at a time with units `start` to `stop`."""
    end = len(weight) - 1
    for c in range(0, len(weight), WITH):
        # Where classes are missing, the last one is computed again.
        c0, c1, c2 = c, min(c + 1, end), min(c + 2, end)
        c3, c4 = min(c + 3, end), min(c + 4, end)
        z0 = z1 = z2 = z3 = z4 = zero
        for unit in range(np.uint64(start), np.uint64(stop)):
            z0 = add_scaled(z0, weight[c0, unit], h, unit, first, last)
            z1 = add_scaled(z1, weight[c1, unit], h, unit, first, last)
            z2 = add_scaled(z2, weight[c2, unit], h, unit, first, last)
            z3 = add_scaled(z3, weight[c3, unit], h, unit, first, last)
            z4 = add_scaled(z4, weight[c4, unit], h, unit, first, last)
        store(z0, out, c0, first, last)
        store(z1, out, c1, first, last)
        store(z2, out, c2, first, last)
        store(z3, out, c3, first, last)
        store(z4, out, c4, first, last)


@kernel
def logits(weight, bias, h, out):
    """Write the logits: weight @ h + bias.

    Args:
        weight: (classes, units).
        bias: (classes,).
        h: Activations of the last hidden layer, (units, batch), a batch of `LANES` or more.
        out: Receives the logits, (classes, batch).
    """
    units, batch = h.shape
    zero = h.dtype.type(0)
    part = np.empty_like(out)
    for c in range(len(bias)):
        out[c] = bias[c]
    for start in range(0, units, PIECE):
        stop = min(start + PIECE, units)
        first = 0
        while first < batch:
            left = batch - first
            if left > 4 * LANES:
                last, _ = last_of(first, 5, batch)
                _sums(filled(zero, 5, LANES), first, last, start, stop, weight, h, part)
                first += 5 * LANES
            elif left > 2 * LANES:
                last, _ = last_of(first, 3, batch)
                _sums(filled(zero, 3, LANES), first, last, start, stop, weight, h, part)
                first += 3 * LANES
            else:
                last, _ = last_of(first, 1, batch)
                _sums(filled(zero, 1, LANES), first, last, start, stop, weight, h, part)
                first += LANES
        for c in range(len(out)):
            for column in range(batch):
                out[c, column] += part[c, column]


@in_blocks
@inner
def _below(zero, first, last, repeated, start, stop, weight, h, error, dz, dbias, below):
    for unit in range(np.uint64(start), np.uint64(stop)):
        dh = zero
        for c in range(len(weight)):
            dh = add_scaled(dh, weight[c, unit], error, c, first, last)
        pass_on(zero, first, last, repeated, unit, dh, h, dz, dbias, below)


@inner
def _weights(zero, start, stop, h, error, gradient):
    """Write the gradients by the weights of units `start` to `stop` to rows of `gradient`.

    Lanes are classes, and four units take turns, so that none waits for its own last sum.
    """
    for first in range(0, error.shape[1], 2 * LANES):
        last = first + LANES
        for unit in range(np.uint64(start), np.uint64(stop), np.uint64(4)):
            u1 = min(unit + np.uint64(1), np.uint64(stop - 1))
            u2 = min(unit + np.uint64(2), np.uint64(stop - 1))
            u3 = min(unit + np.uint64(3), np.uint64(stop - 1))
            g0 = g1 = g2 = g3 = zero
            for column in range(np.uint64(len(error))):
                g0 = add_scaled(g0, h[unit, column], error, column, first, last)
                g1 = add_scaled(g1, h[u1, column], error, column, first, last)
                g2 = add_scaled(g2, h[u2, column], error, column, first, last)
                g3 = add_scaled(g3, h[u3, column], error, column, first, last)
            store(g0, gradient, unit - np.uint64(start), first, last)
            store(g1, gradient, u1 - np.uint64(start), first, last)
            store(g2, gradient, u2 - np.uint64(start), first, last)
            store(g3, gradient, u3 - np.uint64(start), first, last)


@kernel
def gradients(weight, h, error, dweight, dz, dbias, slope, scale, threshold):
    """Write the gradients by the output layer's weights, and by the layer below.

    Args:
        weight: (classes, units).
        h: Activations of the last hidden layer, (units, batch), a batch of `PIECE` or less.
        error: Gradient by the logits, (classes, batch).
        dweight: Receives the gradient by the weights, (classes, units).
        dz: Receives the gradient by the last hidden layer's pre-activations, (units, batch).
        dbias: Receives that by its bias, (units,).
        slope: Of the last hidden layer, as in `products.forward`, and so are the following.
        scale: Likewise.
        threshold: Likewise.
    """
    units, batch = h.shape
    number = h.dtype.type
    below = number(slope), number(scale), uint32(threshold)
    classes = len(weight)
    columns = -(-classes // (2 * LANES)) * 2 * LANES
    by_image = np.zeros((batch, columns), h.dtype)
    by_image[:, :classes] = error.T
    near = np.empty((NEAR, columns), h.dtype)
    dbias[:] = 0
    for start in range(0, units, NEAR):
        stop = min(start + NEAR, units)
        _below(batch, number(0), (start, stop, weight, h, error, dz, dbias, below))
        _weights(filled(number(0), 2, LANES), start, stop, h, by_image, near)
        for c in range(classes):
            for unit in range(start, stop):
                dweight[c, unit] = near[unit - start, c]


def compile_kernels() -> float:
    """Compile the kernels, or load them; see `products.compile_kernels`.

    Returns:
        Seconds it took.
    """
    weight, bias = np.zeros((1, 1), np.float32), np.zeros(1, np.float32)
    x, z = np.zeros((1, LANES), np.float32), np.zeros((1, LANES), np.float32)
    with compiling() as seconds:
        logits(weight, bias, x, z)
        gradients(weight, x, z, weight, x, bias, 1.0, 1.0, 0)
        return seconds()
