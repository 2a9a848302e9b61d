"""Batches of a data set as a network takes them: standardised, feature-major, float32."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch

from suite.datasets.dataset import DataSet, Standardise
from suite.datasets.splits import Split
from suite.kernels.augment import standardise, standardise_and_warp

Part = Literal["validation", "test"]


class Batches:
    """The batches of one run.

    Every pixel and channel is standardised with mean and standard deviation of the images that
    are trained on, and of no others. The images themselves stay uint8, shared and untouched.

    Args:
        images: The data set.
        split: What of it is trained on and what validates.
        device: Where the batches go.
        standardise: Whose mean and standard deviation count, see `standardisation`.
    """

    def __init__(
        self,
        images: DataSet,
        split: Split,
        device: torch.device | str = "cpu",
        standardise: Standardise = "pixel",
    ) -> None:
        self.device = torch.device(device)
        self._x_train, self._y_train = images.x_train, images.y_train
        every = np.arange(len(images.y_test), dtype=np.int64)
        test = (images.x_test, images.y_test, every)
        held_out = split.validation
        self._parts = {
            "test": test,
            "validation": (
                test if isinstance(held_out, str) else (images.x_train, images.y_train, held_out)
            ),
        }
        self.mean, self.scale = standardisation(images.x_train, split.train, standardise)

    def training(self, indices: np.ndarray, warps: np.ndarray | None = None) -> torch.Tensor:
        """Return training images, standardised and then, if warps are given, warped.

        Args:
            indices: Which images, indices into `x_train`, int64 (batch,).
            warps: A row an image, as `suite.kernels.augment.draw` draws them, float32 (batch, 4).

        Returns:
            float32 (features, batch); a feature is (y * width + x) * channels + channel.
        """
        if warps is None or self._x_train.ndim == 2:  # feature vectors cannot be warped
            batch = _standardised(self._x_train, indices, self.mean, self.scale)
        else:
            batch = standardise_and_warp(self._x_train, indices, self.mean, self.scale, warps)
        return torch.from_numpy(batch).to(self.device)

    def labels(self, indices: np.ndarray) -> torch.Tensor:
        """Return the labels of training images, int64 (batch,)."""
        return torch.from_numpy(self._y_train[indices]).to(self.device)

    def evaluation(
        self, part: Part, size: int = 1000, widest: int | None = None
    ) -> Iterator[tuple[Iterator[torch.Tensor], torch.Tensor]]:
        """Yield every image of a part once, unwarped, in order.

        Args:
            part: "validation" or "test".
            size: Images a batch; the last may have fewer.
            widest: Images a piece of a batch; by default a batch is one piece.

        Yields:
            The pieces of a batch, each float32 (features, images) and made when it is asked for,
            and the labels, int64 (batch,).
        """
        x, y, indices = self._parts[part]

        def pieces(chosen: np.ndarray) -> Iterator[torch.Tensor]:
            for start in range(0, len(chosen), widest or size):
                some = chosen[start : start + (widest or size)]
                batch = _standardised(x, some, self.mean, self.scale)
                yield torch.from_numpy(batch).to(self.device)

        for start in range(0, len(indices), size):
            chosen = indices[start : start + size]
            yield pieces(chosen), torch.from_numpy(y[chosen]).to(self.device)


def _standardised(
    x: np.ndarray, indices: np.ndarray, mean: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Return images or feature vectors as a network takes them, float32 (features, batch)."""
    if x.ndim == 4:
        batch: np.ndarray = standardise(x, indices, mean, scale)
        return batch
    return np.ascontiguousarray(((x[indices] - mean) * scale).T)


def standardisation(
    x: np.ndarray, indices: np.ndarray, of: Standardise = "pixel"
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and 1 / standard deviation by which every pixel and channel is standardised.

    What is constant has scale 0, so it is 0 in every image.

    Args:
        x: Images, uint8 (n, height, width, channels), or feature vectors, float32 (n, features).
        indices: The images or rows that count.
        of: "pixel": each pixel and channel, or each feature, has its own. "channel": all pixels of
            a channel have the same, and all features. "none": pixels are scaled to 0 to 1, and
            features are left as they are.

    Returns:
        Two float32 arrays (features,).
    """
    rows = x.reshape(len(x), -1)
    features = rows.shape[1]
    if of == "none":
        unit = 1.0 if x.ndim == 2 else 1 / 255
        return np.zeros(features, np.float32), np.full(features, unit, np.float32)
    if x.ndim == 2:
        return _of_features(rows[indices], alike=of == "channel")
    total = np.zeros(features, dtype=np.int64)
    squares = np.zeros(features, dtype=np.int64)
    step = max(1, 4_000_000 // features)  # 16 MB at a time
    for start in range(0, len(indices), step):
        chunk = rows[indices[start : start + step]].astype(np.int32)
        total += chunk.sum(axis=0, dtype=np.int64)
        squares += (chunk * chunk).sum(axis=0, dtype=np.int64)
    count = len(indices)
    if of == "pixel":
        return _mean_and_scale(total, squares, count)
    pixels = features // x.shape[-1]
    total, squares = (sums.reshape(pixels, -1).sum(axis=0) for sums in (total, squares))
    mean, scale = _mean_and_scale(total, squares, count * pixels)
    return np.tile(mean, pixels), np.tile(scale, pixels)


def _mean_and_scale(
    total: np.ndarray, squares: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return means and 1 / standard deviations, float32, of sums over as many integers."""
    sums = list(zip(total.tolist(), squares.tolist(), strict=True))  # Python's integers are exact
    variance = np.array([(square - each * each / count) / count for each, square in sums])
    constant = np.array([square * count == each * each for each, square in sums])
    scale = np.where(constant, 0, 1 / np.sqrt(np.where(constant, 1, variance)))
    return (total / count).astype(np.float32), scale.astype(np.float32)


def _of_features(rows: np.ndarray, *, alike: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and 1 / standard deviation of every feature, float32 (features,) each."""
    counted = rows.reshape(-1, 1) if alike else rows
    mean = counted.mean(axis=0, dtype=np.float64)
    deviation = counted.std(axis=0, dtype=np.float64)
    # A spread that is next to nothing has no inverse in float32.
    constant = (counted == counted[:1]).all(axis=0) | (deviation < np.finfo(np.float32).tiny)
    scale = np.where(constant, 0, 1 / np.where(constant, 1, deviation))
    shape = (rows.shape[1],)
    return (
        np.broadcast_to(mean, shape).astype(np.float32),
        np.broadcast_to(scale, shape).astype(np.float32),
    )
