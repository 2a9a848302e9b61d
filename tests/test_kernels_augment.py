"""Augmentation against scipy, one image at a time, on real images."""

import numpy as np
import pytest

from suite.datasets.digits import digits
from suite.kernels import augment
from tests.reference import cifar10
from tests.reference.augment import warp as warp_slowly

RNG = np.random.default_rng(7)


def _images(name: str) -> np.ndarray:
    return digits().x_train[:200] if name == "digits" else cifar10.images(200)


def _neutral(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(images[0].size, np.float32), np.ones(images[0].size, np.float32)


@pytest.mark.parametrize("name", ["digits", "cifar10"])
def test_warps_as_scipy_does(name):
    images = _images(name)
    warps = augment.draw(np.random.default_rng(3), len(images))
    fast = augment.warp(images.astype(np.float32), warps)
    for image, warp, got in zip(images, warps, fast, strict=True):
        np.testing.assert_allclose(got, warp_slowly(image.astype(float), *warp), atol=0.02)


@pytest.mark.parametrize("name", ["digits", "cifar10"])
def test_standardises_before_it_warps(name):
    images = _images(name)
    mean = images.mean(axis=0, dtype=float)
    scale = 1 / (images.std(axis=0, dtype=float) + 1)
    warps = augment.draw(np.random.default_rng(4), 50)
    indices = RNG.permutation(len(images))[:50]
    batch = augment.standardise_and_warp(
        images, indices, mean.ravel().astype(np.float32), scale.ravel().astype(np.float32), warps
    )
    slowly = [
        warp_slowly((images[i] - mean) * scale, *warp).ravel()
        for i, warp in zip(indices, warps, strict=True)
    ]
    assert batch.shape == (images[0].size, 50) and batch.dtype == np.float32
    np.testing.assert_allclose(batch, np.transpose(slowly), atol=1e-3)


@pytest.mark.parametrize("shape", [(2, 2, 1), (2, 3, 3), (5, 9, 1), (11, 4, 3)])
def test_warps_images_that_are_small_or_not_square(shape):
    images = RNG.random((40, *shape), dtype=np.float32)
    warps = augment.draw(RNG, 40)
    for image, warp, got in zip(images, warps, augment.warp(images, warps), strict=True):
        np.testing.assert_allclose(got, warp_slowly(image.astype(float), *warp), atol=1e-4)


def test_no_warp_leaves_an_image_as_it_is_and_a_flip_mirrors_it():
    images = RNG.random((2, 6, 7, 3), dtype=np.float32)
    got = augment.warp(images, np.float32([[0, 0, 0, 0], [0, 0, 0, 1]]))
    np.testing.assert_allclose(got[0], images[0], atol=1e-6)
    np.testing.assert_allclose(got[1], images[1][:, ::-1], atol=1e-6)


def test_positive_shifts_go_right_and_down_and_repeat_the_edge():
    image = RNG.random((1, 10, 10, 1), dtype=np.float32)
    right, down = augment.warp(
        np.repeat(image, 2, axis=0), np.float32([[0, 0.1, 0, 0], [0, 0, 0.1, 0]])
    )
    np.testing.assert_allclose(right[:, 1:], image[0][:, :-1], atol=1e-5)
    np.testing.assert_allclose(right[:, 0], image[0][:, 0], atol=1e-5)
    np.testing.assert_allclose(down[1:], image[0][:-1], atol=1e-5)
    np.testing.assert_allclose(down[0], image[0][0], atol=1e-5)


def test_a_positive_angle_turns_clockwise():
    image = np.zeros((1, 21, 21, 1), np.float32)
    image[0, 0, 10] = 1  # twelve o'clock
    turned = augment.warp(image, np.float32([[np.pi / 2, 0, 0, 0]]))[0, :, :, 0]
    assert np.unravel_index(turned.argmax(), turned.shape) == (10, 20)  # three o'clock


def test_draws_fill_their_ranges_on_both_sides():
    warps = augment.draw(np.random.default_rng(5), 20_000)
    assert warps.dtype == np.float32 and warps.shape == (20_000, 4)
    for column, limit in ((0, np.radians(10)), (1, 0.1), (2, 0.1)):
        values = warps[:, column]
        assert abs(values).max() <= limit * (1 + 1e-6)
        shares, _ = np.histogram(values, bins=10, range=(-limit, limit))
        assert abs(shares / 2_000 - 1).max() < 0.1
        assert len(np.unique(values)) > 19_000  # continuous, not whole pixels or degrees
    assert set(np.unique(warps[:, 3])) == {0, 1}
    assert abs(warps[:, 3].mean() - 0.5) < 0.015
    assert abs(np.corrcoef(warps.T) - np.eye(4)).max() < 0.03


def test_the_same_stream_gives_the_same_batch():
    images = digits().x_train
    batches = [
        augment.standardise_and_warp(
            images,
            np.arange(100),
            *_neutral(images),
            augment.draw(np.random.default_rng(6), 100),
        )
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*batches)


def test_an_image_is_warped_alike_in_every_batch():
    images = digits().x_train
    warps = augment.draw(np.random.default_rng(6), 100)
    whole = augment.standardise_and_warp(images, np.arange(100), *_neutral(images), warps)
    alone = augment.standardise_and_warp(images, np.array([41]), *_neutral(images), warps[41:42])
    np.testing.assert_array_equal(whole[:, 41:42], alone)


@pytest.mark.parametrize("count", [1, 15, 16, 17, 100])
def test_evaluation_only_standardises(count):
    images = digits().x_train
    mean, scale = RNG.random((2, 64), dtype=np.float32)
    indices = RNG.permutation(len(images))[:count]
    batch = augment.standardise(images, indices, mean, scale)
    expected = (images[indices].reshape(count, 64) - mean) * scale
    np.testing.assert_allclose(batch, expected.T, rtol=1e-6)


def test_read_only_images_are_read_where_they_are():
    images = digits().x_train
    assert not images.flags.writeable
    writeable = images.copy()
    arguments = (np.arange(10), *_neutral(images))
    augment.compile_kernels()
    before = len(augment.standardise.signatures)
    np.testing.assert_array_equal(
        augment.standardise(images, *arguments), augment.standardise(writeable, *arguments)
    )
    assert len(augment.standardise.signatures) == before
