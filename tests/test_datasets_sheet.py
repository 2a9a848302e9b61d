"""The contact sheet shows the originals as they are, beside what training makes of them."""

import numpy as np
import pytest

from suite.datasets.dataset import DataSet
from suite.datasets.images import image_set
from suite.datasets.loading import load
from suite.datasets.sheet import contact_sheet
from suite.kernels.augment import draw, warp
from suite.randomness import stream
from tests.reference import cifar10


def _images(name: str) -> DataSet:
    if name == "digits":
        return load("digits", "")
    x, y = cifar10.images(100), np.arange(100) // 10
    return image_set("CIFAR-10 (JPEG)", (x, y), (x, y))


def _picture(sheet: np.ndarray, row: int, column: int, size: int) -> np.ndarray:
    """A picture of the sheet, back at its own size; all are shown 128 pixels wide and high."""
    top, left, zoom = 60 + row * 176, 12 + column * 152, 128 // size
    return sheet[top : top + 128 : zoom, left : left + 128 : zoom]


@pytest.mark.parametrize("name", ["digits", "cifar10"])
def test_shows_originals_and_warps(name):
    images = _images(name)
    size = images.shape[0]
    sheet = np.asarray(contact_sheet(images, seed=4, n=3))
    chosen = images.x_train[stream(4, "order").permutation(len(images.y_train))[:3]]
    for column in range(6):
        pictures = chosen
        if column:
            warps = draw(stream(4, "augmentation", column), 3)
            pictures = np.rint(warp(chosen.astype(np.float32), warps)).astype(np.uint8)
        for row, picture in enumerate(pictures):
            shown = _picture(sheet, row, column, size)
            np.testing.assert_array_equal(shown, np.broadcast_to(picture, (size, size, 3)))


def test_is_the_same_for_one_seed_and_another_for_another():
    images = _images("digits")
    first, again, other = (np.asarray(contact_sheet(images, seed, 2)) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_has_a_row_an_image_and_no_more_than_there_are():
    x, y = np.zeros((2, 40, 60, 3), np.uint8), np.array([0, 1])
    images = image_set("two", (x, y), (x, y))
    one, two, more = (contact_sheet(images, 0, n) for n in (1, 2, 9))
    assert one.height < two.height == more.height and one.width == more.width
