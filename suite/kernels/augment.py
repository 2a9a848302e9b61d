"""Augmentation: images standardised, rotated, shifted and flipped in one pass.

The order is that of the SET authors' code: an image is standardised first and then warped, so a
pixel that moves takes its own standardised value along. Interpolation is bilinear, and beyond the
border the edge pixels repeat.

The kernel runs on one thread, without the interpreter's lock, from the shared uint8 images
straight to the feature-major float32 batch that the network takes.
"""

# Arguments of intrinsics are not those of their definition.
# mypy: disable-error-code="call-arg, var-annotated"

from __future__ import annotations

import math

import numpy as np
from numba import float32, int64, njit, types, uint8

from suite.kernels.blocks import LANES, filled, load, minus, plus, store, transpose
from suite.kernels.compiling import compiled, compiling

MAX_ROTATION = math.radians(10)
MAX_SHIFT = 0.1

TILE = 16
"""Images that are transposed together: their piece of a row of the batch is a cache line."""

PAD = 4
"""Floats behind a row that a vector of channels may reach."""


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
def _interpolate(zero, image, width, channels, corner, right, down, out, row):  # type: ignore[no-untyped-def]
    """Write one warped image, (1, features + PAD), into a row of `out`.

    Lanes of the block `zero` are channels; what the last pixel has of them too many, lies in PAD.
    """
    for pixel in range(len(corner)):
        upper, at = corner[pixel], pixel * channels
        lower = upper + channels * width
        p = load(zero, image, 0, upper, upper)
        q = load(zero, image, 0, lower, lower)
        p_right = load(zero, image, 0, upper + channels, upper + channels)
        q_right = load(zero, image, 0, lower + channels, lower + channels)
        above = plus(p, minus(p_right, p), right[pixel])
        # What is below, minus what is above.
        step = plus(minus(q, above), minus(q_right, q), right[pixel])
        store(plus(above, step, down[pixel]), out, row, at, at)


@_inlined
def _transpose(tile, count, out, start):  # type: ignore[no-untyped-def]
    """Write the first `count` rows of `tile` to columns of `out`, from `start` on."""
    features, columns = len(out), count // LANES * LANES
    whole = features // LANES * LANES
    for feature in range(0, whole, LANES):
        for column in range(0, columns, LANES):
            transpose(filled(np.float32(0), LANES, LANES), tile, column, feature, out, start)
    for feature in range(features):
        for column in range(columns if feature < whole else 0, count):
            out[feature, start + column] = tile[column, feature]


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
    features, batch = rows.shape[1], len(indices)
    out = np.empty((features, batch), np.float32)
    tile = np.empty((TILE, features + PAD), np.float32)
    image = np.zeros((1, features + PAD), np.float32)
    corner = np.empty(height * width, np.int32)
    right = np.empty(height * width, np.float32)
    down = np.empty(height * width, np.float32)
    for start in range(0, batch, TILE):
        count = min(TILE, batch - start)
        for number in range(count):
            row, warp = rows[indices[start + number]], warps[start + number]
            for feature in range(features):
                image[0, feature] = (np.float32(row[feature]) - mean[feature]) * scale[feature]
            _taps(height, width, channels, warp, corner, right, down)
            if channels == 3:
                four = filled(np.float32(0), 1, 4)
                _interpolate(four, image, width, 3, corner, right, down, tile, number)
            else:
                one = filled(np.float32(0), 1, 1)
                _interpolate(one, image, width, 1, corner, right, down, tile, number)
        _transpose(tile, count, out, start)
    return out


@compiled(nogil=True, fastmath=True)
def standardise(images, indices, mean, scale):  # type: ignore[no-untyped-def]
    """Return images as a network takes them in evaluation: `standardise_and_warp` without warps."""
    rows = images.reshape(len(images), -1)
    features, batch = rows.shape[1], len(indices)
    out = np.empty((features, batch), np.float32)
    tile = np.empty((TILE, features), np.float32)
    for start in range(0, batch, TILE):
        count = min(TILE, batch - start)
        for number in range(count):
            row = rows[indices[start + number]]
            for feature in range(features):
                standardised = (np.float32(row[feature]) - mean[feature]) * scale[feature]
                tile[number, feature] = standardised
        _transpose(tile, count, out, start)
    return out


def compile_kernels() -> float:
    """Compile the kernels, or load them; see `products.compile_kernels`.

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
