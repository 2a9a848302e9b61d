"""Batches as a network takes them."""

import pickle
import tracemalloc

import numpy as np
import pytest
import torch

from suite.datasets.batches import Batches, standardisation
from suite.datasets.dataset import DataSet
from suite.datasets.images import image_set
from suite.datasets.loading import load
from suite.datasets.splits import Split, split
from suite.kernels import augment

DIGITS = load("digits", "")
RNG = np.random.default_rng(2)


def _images() -> DataSet:
    """300 and 70 RGB images; the first pixel's red is constant in training, and only there."""
    x = RNG.integers(0, 256, (370, 5, 4, 3), dtype=np.uint8)
    x[:300, 0, 0, 0] = 17
    y = np.arange(370) % 7
    return image_set("mine", (x[:300], y[:300]), (x[300:], y[300:]))


def test_standardised_features_have_mean_0_and_deviation_1():
    images = _images()
    batches = Batches(images, split(images))
    x = batches.training(np.arange(300)).numpy().astype(float)
    assert x.shape == (60, 300)
    np.testing.assert_allclose(x.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=1)[1:], 1, atol=1e-5)


def test_a_pixel_that_is_constant_in_training_is_0_everywhere():
    images = _images()
    batches = Batches(images, split(images))
    trained = batches.training(np.arange(len(images.y_train)))
    for x in [trained, *(x for (x,), _ in batches.evaluation("test"))]:
        assert torch.isfinite(x).all() and (x[0] == 0).all()


def test_a_feature_whose_spread_has_no_inverse_in_float32_is_0():
    rows = np.array([[0, 1], [1e-39, 2], [0, 3], [1e-39, 5]], np.float32)
    _, scale = standardisation(rows, np.arange(4))
    assert scale[0] == 0 and np.isfinite(scale).all() and scale[1] > 0


@pytest.mark.parametrize("value", [1, 100, 255])
def test_constant_is_recognised_whatever_the_rounding(value):
    x = np.full((30_001, 2, 2, 1), value, np.uint8)
    x[7, 1, 1] = value - 1
    mean, scale = standardisation(x, np.arange(len(x)))
    assert (scale[:3] == 0).all() and (mean[:3] == value).all()
    np.testing.assert_allclose(scale[3], 1 / x[:, 1, 1].astype(float).std(), rtol=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
def test_all_pixels_of_a_channel_may_be_standardised_alike(channels):
    x = RNG.integers(0, 256, (500, 6, 5, channels), dtype=np.uint8)
    x[:, 0] = 0  # a black edge, which is not 0 then
    mean, scale = standardisation(x, np.arange(400), "channel")
    by_channel = x[:400].reshape(-1, channels).astype(float)
    np.testing.assert_allclose(mean, np.tile(by_channel.mean(axis=0), 30), rtol=1e-6)
    np.testing.assert_allclose(scale, np.tile(1 / by_channel.std(axis=0), 30), rtol=1e-6)


def test_sums_over_a_channel_of_many_images_do_not_overflow():
    x = np.full((30_000, 16, 16, 1), 255, np.uint8)
    x[::2] = 254
    mean, scale = standardisation(x, np.arange(len(x)), "channel")
    np.testing.assert_allclose(mean, 254.5, rtol=1e-6)
    np.testing.assert_allclose(scale, 2, rtol=1e-4)
    assert (standardisation(np.full_like(x, 255), np.arange(9), "channel")[1] == 0).all()


def test_pixels_may_be_left_between_0_and_1():
    images = _images()
    batches = Batches(images, split(images), standardise="none")
    x = batches.training(np.arange(300)).numpy()
    np.testing.assert_allclose(x, images.x_train.reshape(300, -1).T / 255, rtol=1e-6)


@pytest.mark.parametrize("of", ["pixel", "channel", "none"])
def test_features_are_standardised_each_together_or_not(of):
    rows = RNG.normal(3, [[1.0, 5.0, 0.5]], (200, 3)).astype(np.float32)
    mean, scale = standardisation(rows, np.arange(150), of)
    found = (rows[:150] - mean) * scale
    given = rows[:150].astype(float)
    axis = {"pixel": 0, "channel": None}.get(of)
    expected = given if of == "none" else (given - given.mean(axis)) / given.std(axis)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_statistics_come_from_the_images_trained_on_alone():
    x = RNG.integers(0, 256, (100, 3, 3, 1), dtype=np.uint8)
    y = np.arange(100) % 2
    changed = x.copy()
    changed[50:] = 255 - changed[50:]  # held out and test images
    chosen = Split(np.arange(50), np.arange(50, 100))
    batches = [
        Batches(image_set("mine", (pixels, y), (pixels[50:], y[50:])), chosen)
        for pixels in (x, changed)
    ]
    np.testing.assert_array_equal(batches[0].mean, batches[1].mean)
    np.testing.assert_array_equal(batches[0].scale, batches[1].scale)
    np.testing.assert_allclose(batches[0].mean, x[:50].reshape(50, 9).mean(axis=0), rtol=1e-6)


def test_features_run_height_width_channel():
    images = _images()
    batches = Batches(images, split(images))
    x = batches.training(np.array([42]))[:, 0].reshape(5, 4, 3)
    pixel = images.x_train[42, 3, 2, 1]
    feature = (3 * 4 + 2) * 3 + 1
    assert x[3, 2, 1] == (np.float32(pixel) - batches.mean[feature]) * batches.scale[feature]


def test_a_warped_batch_is_the_standardised_batch_warped():
    images = _images()
    batches = Batches(images, split(images))
    indices, warps = RNG.permutation(300)[:64], augment.draw(RNG, 64)
    plain = batches.training(indices).T.reshape(64, 5, 4, 3).numpy()
    expected = augment.warp(np.ascontiguousarray(plain), warps).reshape(64, 60).T
    np.testing.assert_allclose(batches.training(indices, warps), expected, atol=1e-5)


def test_batches_are_float32_feature_major_and_contiguous():
    batches = Batches(DIGITS, split(DIGITS))
    for warps in (None, augment.draw(RNG, 100)):
        x = batches.training(np.arange(100), warps)
        assert x.dtype == torch.float32 and x.shape == (64, 100) and x.is_contiguous()
    y = batches.labels(np.arange(100))
    assert y.dtype == torch.int64
    np.testing.assert_array_equal(y, DIGITS.y_train[:100])


@pytest.mark.parametrize(("size", "widest"), [(1, None), (64, 64), (355, 104), (1000, None)])
def test_evaluation_gives_every_image_once_in_order(size, widest):
    chosen = split(DIGITS, 0.2, 400, seed=1)
    batches = Batches(DIGITS, chosen)
    for part, x, y in (
        ("validation", DIGITS.x_train[chosen.validation], DIGITS.y_train[chosen.validation]),
        ("test", DIGITS.x_test, DIGITS.y_test),
    ):
        got = [(list(pieces), labels) for pieces, labels in batches.evaluation(part, size, widest)]
        assert all(piece.shape[1] <= (widest or size) for pieces, _ in got for piece in pieces)
        assert all(len(labels) == size for _, labels in got[:-1])
        np.testing.assert_array_equal(torch.cat([labels for _, labels in got]), y)
        expected = (x.reshape(len(x), -1) - batches.mean) * batches.scale
        np.testing.assert_allclose(
            torch.cat([piece for pieces, _ in got for piece in pieces], dim=1),
            expected.T,
            rtol=1e-5,
            atol=1e-6,
        )


def test_the_test_images_validate_where_nothing_is_held_out():
    batches = Batches(DIGITS, split(DIGITS))
    ((x,), y), ((x_test,), y_test) = (
        next(batches.evaluation("validation")),
        next(batches.evaluation("test")),
    )
    assert torch.equal(x, x_test) and torch.equal(y, y_test)


def test_a_run_reads_shared_images_where_they_are():
    """So its first batch waits for no copy, and memory holds the images once."""
    x = np.zeros((40_000, 32, 32, 3), np.uint8)
    x[::7, 3:, 5:] = 9
    y = np.arange(len(x)) % 10
    images = image_set("many", (x, y), (x[:1000], y[:1000]), fingerprint="made")
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(images, protocol=5, buffer_callback=buffers.append)
    shared = [buffer.raw().toreadonly() for buffer in buffers]  # as Ray's object store has them
    seen = pickle.loads(pickled, buffers=shared)
    assert np.shares_memory(seen.x_train, x)
    tracemalloc.start()
    try:
        batches = Batches(seen, split(seen, 0.1))
        batches.training(np.arange(100), augment.draw(RNG, 100))
        pieces, _ = next(batches.evaluation("validation"))
        next(pieces)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < x.nbytes / 2
