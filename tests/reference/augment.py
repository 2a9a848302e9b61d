"""Augmentation once more, one image at a time, by scipy."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import affine_transform


def warp(image: np.ndarray, angle: float, dx: float, dy: float, flip: float) -> np.ndarray:
    """Flip, rotate clockwise by `angle` about the centre, shift right and down.

    Args:
        image: float64 (height, width, channels).
        angle: In radians.
        dx: Shift to the right, a fraction of the width.
        dy: Shift down, a fraction of the height.
        flip: 1 to mirror left and right first.
    """
    height, width, channels = image.shape
    if flip:
        image = image[:, ::-1]
    # With y down, clockwise takes (x, y) to (x cos - y sin, x sin + y cos). scipy asks where an
    # output pixel (y, x) comes from: the inverse.
    forward = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    inverse = np.linalg.inv(forward)
    centre = np.array([height - 1, width - 1]) / 2
    offset = centre - inverse @ (centre + np.array([dy * height, dx * width]))
    planes = [
        affine_transform(image[:, :, channel], inverse, offset, order=1, mode="nearest")
        for channel in range(channels)
    ]
    return np.stack(planes, axis=2)
