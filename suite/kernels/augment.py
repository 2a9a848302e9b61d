"""Augmentation: images standardised, rotated, shifted and flipped in one pass.

The order is that of the SET authors' code: an image is standardised first and then warped, so a
pixel that moves takes its own standardised value along. Interpolation is bilinear, and beyond the
border the edge pixels repeat.

The kernel runs on one thread, without the interpreter's lock, from the shared uint8 images
straight to the feature-major float32 batch that the network takes.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float32, int64, njit, types, uint8

from suite.kernels.compiling import compiled, compiling

MAX_ROTATION = math.radians(10)
MAX_SHIFT = 0.1


def draw(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw n warps.

    Args:
        rng: The epoch's augmentation stream.
        n: How many.

    Returns:
        float32 (n, 4): rotation in radians, uniform within 10 degrees of none (positive turns the
        picture clockwise, as y points down); shifts to the right and down, each a uniform fraction
        of width and height within 0.1; and 1 with probability 1/2 to flip left and right, else 0.

    Source: the data generator of the SET authors' code (ranges), with continuous draws.
    """
    warps = rng.random((n, 4), dtype=np.float32)
    limits = np.array([MAX_ROTATION, MAX_SHIFT, MAX_SHIFT], np.float32)
    warps[:, :3] = (2 * warps[:, :3] - 1) * limits
    warps[:, 3] = warps[:, 3] < 0.5
    return warps


def warp(images: np.ndarray, warps: np.ndarray) -> np.ndarray:
    """Flip, rotate about the centre and shift images, in this order.

    Args:
        images: float32 (n, height, width, channels), channels 1 or 3, at least 2x2 pixels.
        warps: A row an image as `draw` gives them, float32 (n, 4).

    Returns:
        float32 (n, height, width, channels).
    """
    features = images[0].size
    neutral = np.zeros(features, np.float32), np.ones(features, np.float32)
    columns = standardise_and_warp(images, np.arange(len(images)), *neutral, warps)
    return np.ascontiguousarray(columns.T).reshape(images.shape)


# Inlined by force: left as calls, they are bound to one version of the code in the process that
# compiles and to another in those that load what it compiled, and the two round differently.
_inlined = njit(nogil=True, fastmath=True, forceinline=True)


@_inlined
def _taps(height, width, channels, warp, corner, right, down):  # type: ignore[no-untyped-def]
    """Find where each output pixel comes from.

    Fills `corner` with the offset of the source's upper left pixel, chosen so that a pixel right
    of it and one below exist, and `right` and `down` with the distances from it, 0 to 1.
    """
    cosine, sine = np.float32(math.cos(warp[0])), np.float32(math.sin(warp[0]))
    mirror = np.float32(-1) if warp[3] > 0.5 else np.float32(1)
    zero, last_x, last_y = np.float32(0), np.float32(width - 1), np.float32(height - 1)
    centre_x, centre_y = last_x / np.float32(2), last_y / np.float32(2)
    shift_x, shift_y = warp[1] * np.float32(width), warp[2] * np.float32(height)
    for y in range(height):
        v = np.float32(y) - centre_y - shift_y
        for x in range(width):
            u = np.float32(x) - centre_x - shift_x
            source_x = centre_x + mirror * (cosine * u + sine * v)
            source_y = centre_y - sine * u + cosine * v
            source_x = min(max(source_x, zero), last_x)
            source_y = min(max(source_y, zero), last_y)
            left = min(np.int32(source_x), np.int32(width - 2))
            top = min(np.int32(source_y), np.int32(height - 2))
            pixel = y * width + x
            corner[pixel] = (top * np.int32(width) + left) * np.int32(channels)
            right[pixel] = source_x - np.float32(left)
            down[pixel] = source_y - np.float32(top)


@_inlined
def _interpolate(image, width, channels, corner, right, down, out, column):  # type: ignore[no-untyped-def]
    """Write one warped image, flat float32 (features,), into a column of the batch."""
    # Unsigned offsets: numba then leaves out the test for negative, wrapping indices.
    step_x, step_y = np.uint64(channels), np.uint64(channels * width)
    for pixel in range(len(corner)):
        for channel in range(channels):
            upper = np.uint64(corner[pixel]) + np.uint64(channel)
            lower = upper + step_y
            above = image[upper] + right[pixel] * (image[upper + step_x] - image[upper])
            below = image[lower] + right[pixel] * (image[lower + step_x] - image[lower])
            out[pixel * channels + channel, column] = above + down[pixel] * (below - above)


@compiled(nogil=True, fastmath=True)
def standardise_and_warp(images, indices, mean, scale, warps):  # type: ignore[no-untyped-def]
    """Return images as a network takes them in training.

    Args:
        images: uint8 or float32 (n, height, width, channels), channels 1 or 3, 2x2 or more.
        indices: Which images, int64 (batch,), not checked.
        mean: float32 (features,), subtracted.
        scale: float32 (features,), multiplied with.
        warps: A row a chosen image as `draw` gives them, float32 (batch, 4).

    Returns:
        float32 (features, batch); a feature is (y * width + x) * channels + channel.
    """
    height, width, channels = images.shape[1:]
    rows = images.reshape(len(images), -1)
    features = rows.shape[1]
    out = np.empty((features, len(indices)), np.float32)
    image = np.empty(features, np.float32)
    corner = np.empty(height * width, np.int32)
    right = np.empty(height * width, np.float32)
    down = np.empty(height * width, np.float32)
    for column in range(len(indices)):
        row = rows[indices[column]]
        for feature in range(features):
            image[feature] = (np.float32(row[feature]) - mean[feature]) * scale[feature]
        _taps(height, width, channels, warps[column], corner, right, down)
        # A constant number of channels lets the compiler unroll the innermost loop: 0.6 not 1.0 ms.
        if channels == 3:
            _interpolate(image, width, 3, corner, right, down, out, column)
        else:
            _interpolate(image, width, 1, corner, right, down, out, column)
    return out


@compiled(nogil=True, fastmath=True)
def standardise(images, indices, mean, scale):  # type: ignore[no-untyped-def]
    """Return images as a network takes them in evaluation: `standardise_and_warp` without warps."""
    rows = images.reshape(len(images), -1)
    features, batch = np.uint64(rows.shape[1]), np.uint64(len(indices))
    out = np.empty((features, batch), np.float32)
    # Sixteen images at a time: their piece of a row of the batch is one whole cache line.
    tile = np.empty((features, 16), np.uint8)
    for start in range(np.uint64(0), batch, np.uint64(16)):
        columns = min(np.uint64(16), batch - start)
        for column in range(columns):
            row = rows[indices[start + column]]
            for feature in range(features):
                tile[feature, column] = row[feature]
        for feature in range(features):
            for column in range(columns):
                standardised = (np.float32(tile[feature, column]) - mean[feature]) * scale[feature]
                out[feature, start + column] = standardised
    return out


def compile_kernels() -> float:
    """Compile the kernels, or load them; see `sparse.compile_kernels`.

    Returns:
        Seconds it took.
    """
    batch = [_constant(int64, 1), _constant(float32, 1), _constant(float32, 1)]
    kernels = standardise, standardise_and_warp
    with compiling() as seconds:
        for kernel in kernels:
            kernel.disable_compile(False)
        standardise.compile(float32[:, ::1](_constant(uint8, 4), *batch))
        for pixel in (uint8, float32):
            warped = [_constant(pixel, 4), *batch, _constant(float32, 2)]
            standardise_and_warp.compile(float32[:, ::1](*warped))
        for kernel in kernels:
            kernel.disable_compile()  # arrays that may be written to take the same code
        return seconds()


def _constant(kind: types.Type, dimensions: int) -> types.Array:
    """A C-contiguous array that may be read-only, as one in Ray's object store is."""
    return types.Array(kind, dimensions, "C", readonly=True)
