"""Encoded images (JPEG, PNG, WEBP and others that Pillow reads) become one array, on all cores."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from suite.datasets.dataset import DataSet
from suite.datasets.images import image_set
from suite.errors import UserError

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many items are done, and how many there are."""

SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp"),
    *(".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"),
}
"""Of files that are images, in small letters."""

UNREADABLE = {".avif", ".heic", ".heif", ".jp2", ".jxl", ".svg"}
"""Of files that are images too, and cannot be read."""

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
_CHUNK = 500
_MODES = {"1": "L", "L": "L", "LA": "L", "RGB": "RGB", "RGBA": "RGB", "P": "RGB", "CMYK": "RGB"}


class Encoded(NamedTuple):
    """A data set that is yet to be decoded.

    Attributes:
        images: Where each image is, in words for errors, and its bytes or its path; first the
            training images, then the test images.
        y_train: Labels of the training images, integers (n,).
        y_test: Labels of the test images, integers (m,).
        classes: The classes' names where they are known.
        notes: As in `DataSet`.
    """

    images: list[tuple[str, bytes | str]]
    y_train: np.ndarray
    y_test: np.ndarray
    classes: Sequence[str] | None
    notes: tuple[str, ...] = ()


def data_set(name: str, encoded: Encoded, progress: Progress | None = None) -> DataSet:
    """Decode images and make them a data set.

    Raises:
        UserError: As `decode` and `image_set` do.
    """
    x, train = decode(encoded.images, f"{name}: decoding", progress), len(encoded.y_train)
    images = image_set(
        name, (x[:train], encoded.y_train), (x[train:], encoded.y_test), encoded.classes
    )
    return replace(images, notes=encoded.notes)


def decode(
    images: list[tuple[str, bytes | str]], what: str, progress: Progress | None = None
) -> np.ndarray:
    """Decode images of one size, grey or RGB; where both occur the grey become RGB.

    Args:
        images: As in `Encoded`.
        what: What progress is reported on.
        progress: Called after every 500 images.

    Returns:
        uint8 (n, height, width, 1 or 3).

    Raises:
        UserError: An image cannot be decoded, has more than 8 bits a channel, or another size
            than the first.
    """
    decoded, done = None, 0
    for chunk in _chunks([images[i : i + _CHUNK] for i in range(0, len(images), _CHUNK)]):
        if decoded is None:
            decoded = np.empty((len(images), *chunk.shape[1:]), np.uint8)
        if chunk.shape[1:3] != decoded.shape[1:3]:
            raise _mixed_sizes(images[done][0], chunk[0], images[0][0], decoded[0])
        if chunk.shape[3] > decoded.shape[3]:
            decoded = np.repeat(decoded, chunk.shape[3], axis=3)
        decoded[done : done + len(chunk)] = chunk
        done += len(chunk)
        if progress is not None:
            progress(what, done, len(images))
    return np.empty((0, 0, 0, 1), np.uint8) if decoded is None else decoded


def _chunks(chunks: list[list[tuple[str, bytes | str]]]) -> Iterator[np.ndarray]:
    if len(chunks) < 10:  # done before other processes have started
        yield from map(_decode_chunk, chunks)
        return
    # Processes, not threads: of a small image's time in Pillow most holds the interpreter's lock.
    from joblib import Parallel, delayed  # type: ignore[import-untyped]
    from joblib.externals.loky import get_reusable_executor  # type: ignore[import-untyped]

    try:
        yield from Parallel(n_jobs=-1, return_as="generator")(map(delayed(_decode_chunk), chunks))
    finally:  # joblib would keep them, and their memory, for minutes
        get_reusable_executor().shutdown(kill_workers=True)


def _decode_chunk(images: list[tuple[str, bytes | str]]) -> np.ndarray:
    """Return the images as uint8 (n, height, width, channels)."""
    arrays = [_decode_one(where, data) for where, data in images]
    if len({array.ndim for array in arrays}) > 1:
        arrays = [a if a.ndim == 3 else np.repeat(a[..., np.newaxis], 3, axis=2) for a in arrays]
    for (where, _), array in zip(images, arrays, strict=True):
        if array.shape != arrays[0].shape:
            raise _mixed_sizes(where, array, images[0][0], arrays[0])
    stacked = np.stack(arrays)
    return stacked if stacked.ndim == 4 else stacked[..., np.newaxis]


def _decode_one(where: str, data: bytes | str) -> np.ndarray:
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    try:
        with Image.open(file, formats=_FORMATS) as image:
            if problem := _problem(image):
                raise UserError(f"{where}: {problem}")
            upright = ImageOps.exif_transpose(image)  # as its EXIF data says the camera was held
            return np.asarray(upright.convert(_MODES[image.mode]))
    except UserError:
        raise
    except UnidentifiedImageError:
        raise UserError(
            f"{where}: not a whole image of a kind that can be read ({', '.join(_FORMATS)})."
        ) from None
    except Exception as error:  # Pillow raises many kinds for broken bytes
        raise UserError(f"{where}: not a whole image ({error}).") from None


def _problem(image: Image.Image) -> str:
    """Return what is wrong with an image that Pillow has opened, or ""."""
    if image.format not in ("JPEG", "MPO") and getattr(image, "n_frames", 1) > 1:
        return f"it has {image.n_frames} frames; save each as a separate image."  # type: ignore[attr-defined]
    if image.mode.startswith(("I", "F")) or any(
        _is_deep(tile) for tile in getattr(image, "tile", ())
    ):
        return (
            "it has more than 8 bits a channel, and 8-bit grey or RGB can be read; convert it "
            "(scale its values to 0 to 255 first)."
        )
    if image.mode not in _MODES:
        return f"Pillow calls the pixels {image.mode}; 8-bit grey or RGB can be read; convert it."
    return ""


def _is_deep(tile: tuple) -> bool:
    """Whether Pillow would cut a part of an image from 16 bits a channel to 8."""
    arguments = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
    return any(
        ";16" in argument
        if isinstance(argument, str)
        else isinstance(argument, int) and argument > 255 and tile[0].startswith("ppm")
        for argument in arguments
    )


def _mixed_sizes(where: str, image: np.ndarray, where_first: str, first: np.ndarray) -> UserError:
    return UserError(
        f"{where} is {image.shape[1]}x{image.shape[0]} pixels but {where_first} is "
        f"{first.shape[1]}x{first.shape[0]}; all images must have one size."
    )
