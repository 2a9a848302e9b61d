"""Draws a contact sheet: images next to their warps."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from suite.datasets.dataset import DataSet
from suite.errors import UserError
from suite.kernels.augment import draw, warp
from suite.randomness import stream

_WARPS = 5
_GAP = 12
_LINE = 18


def contact_sheet(images: DataSet, seed: int = 0, n: int = 6) -> Image.Image:
    """Draw n training images, one row each, with five warps next to it.

    Below an image is its class; below a warp its rotation (clockwise), its shifts right and
    down in pixels, and whether it is flipped.

    Args:
        images: The image set.
        seed: Chooses the images and the warps.
        n: Number of images, at most as many as there are for training.

    Raises:
        UserError: It has feature vectors.
    """
    if images.kind == "features":
        raise UserError(f"{images.name} has feature vectors, so there are no images to draw.")
    height, width, channels = images.shape
    chosen = stream(seed, "order").permutation(len(images.y_train))[:n]
    originals = images.x_train[chosen].astype(np.float32)
    parameters = [draw(stream(seed, "augmentation", epoch), n) for epoch in range(1, _WARPS + 1)]
    columns = [originals, *(warp(originals, warps[: len(chosen)]) for warps in parameters)]

    zoom = max(1, math.ceil(128 / max(height, width)))
    cell = max(width * zoom, 140) + _GAP, height * zoom + 2 * _LINE + _GAP
    sheet = Image.new("RGB", (len(columns) * cell[0] + _GAP, len(chosen) * cell[1] + 60), "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((_GAP, 10), images.name, "black", ImageFont.load_default(20))
    for column, pictures in enumerate(columns):
        left = _GAP + column * cell[0]
        heading = f"warp {column}" if column else "original"
        pen.text((left, 36), heading, "black", ImageFont.load_default(14))
        for row, picture in enumerate(pictures):
            top = 60 + row * cell[1]
            pixels = np.rint(picture).astype(np.uint8)
            shown = Image.fromarray(pixels if channels == 3 else pixels[:, :, 0])
            sheet.paste(
                shown.resize((width * zoom, height * zoom), Image.Resampling.NEAREST), (left, top)
            )
            caption = (
                _caption(parameters[column - 1][row], width, height)
                if column
                else images.classes[images.y_train[chosen[row]]]
            )
            pen.text((left, top + height * zoom + 2), caption, "black", ImageFont.load_default(12))
    return sheet


def _caption(parameters: np.ndarray, width: int, height: int) -> str:
    angle, right, down, flip = parameters
    flipped = ", flipped" if flip else ""
    return f"{math.degrees(angle):+.1f}°{flipped}\nshift {right * width:+.1f}, {down * height:+.1f}"
