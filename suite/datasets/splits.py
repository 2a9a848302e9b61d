"""Splits the training images into those to train on and those for validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from suite.datasets.dataset import DataSet
from suite.errors import UserError
from suite.randomness import stream


@dataclass(frozen=True, eq=False)
class Split:
    """A division of a data set's training images or rows.

    Attributes:
        train: Trained on: sorted int64 indices into `x_train`.
        validation: "test" where the test images validate (the paper's way), else the held-out
            images: sorted int64 indices into `x_train`, none of them in `train`.
    """

    train: np.ndarray
    validation: Literal["test"] | np.ndarray


def split(
    images: DataSet,
    validation: Literal["test"] | float = "test",
    train_samples: int | None = None,
    seed: int = 0,
) -> Split:
    """Divide the training images; the same for everything that shares images and seed.

    Both draws are stratified: each class keeps its share, to within one image.

    Args:
        images: The data set.
        validation: "test", or the fraction of the training images to hold out, within (0, 1).
        train_samples: How many training images to use; held-out images are among them.
        seed: The run's seed.

    Raises:
        UserError: The fraction or the count is out of range, or leaves a part empty or a class
            without a training image.
    """
    rng = stream(seed, "split")
    labels = images.y_train
    train = np.arange(len(labels), dtype=np.int64)
    if train_samples is not None:
        if not 0 < train_samples <= len(labels):
            raise UserError(
                f"train_samples is {train_samples}; {images.name} has {len(labels)} training "
                f"{images.rows} to choose from."
            )
        train = _stratified(labels, train, train_samples, rng)
    held_out: Literal["test"] | np.ndarray = "test"
    if validation != "test":
        if not 0 < validation < 1:
            raise UserError(f"validation is {validation}; it must be between 0 and 1.")
        held_out = _stratified(labels, train, round(validation * len(train)), rng)
        if not len(held_out):
            raise UserError(
                f"validation: {validation} of {len(train)} training {images.rows} holds out none."
            )
        train = np.setdiff1d(train, held_out, assume_unique=True)
    missing = np.setdiff1d(np.arange(len(images.classes)), labels[train])
    if len(missing):
        raise UserError(
            f"{images.name}: class {images.classes[missing[0]]!r} keeps no training "
            f"{images.rows[:-1]}; raise train_samples or hold out fewer."
        )
    return Split(train, held_out)


def _stratified(
    labels: np.ndarray, candidates: np.ndarray, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw `count` of the candidates, each class in proportion (largest remainders first)."""
    strata = [candidates[labels[candidates] == label] for label in np.unique(labels[candidates])]
    shares = np.array([len(stratum) for stratum in strata]) * count / len(candidates)
    counts = np.floor(shares).astype(int)
    # Equal remainders are usual (equal classes); which of them get one more is drawn.
    by_remainder = np.lexsort((rng.random(len(strata)), counts - shares))
    counts[by_remainder[: count - counts.sum()]] += 1
    chosen = [
        rng.choice(stratum, size, replace=False)
        for stratum, size in zip(strata, counts, strict=True)
    ]
    return np.sort(np.concatenate(chosen))
