"""Who is trained on and who validates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.datasets.dataset import DataSet
from suite.datasets.images import image_set
from suite.datasets.loading import load
from suite.datasets.splits import split
from suite.errors import UserError

DIGITS = load("digits", "")


def _images(labels: list[int]) -> DataSet:
    x = np.zeros((len(labels), 2, 2), np.uint8)
    return image_set("mine", (x, np.array(labels)), (x, np.array(labels)))


@pytest.mark.parametrize("train_samples", [None, 500])
def test_everything_is_trained_on_where_the_test_images_validate(train_samples):
    got = split(DIGITS, "test", train_samples, seed=3)
    assert got.validation == "test"
    assert len(got.train) == (train_samples or len(DIGITS.y_train))
    assert (np.diff(got.train) > 0).all()


@given(
    fraction=st.floats(0.02, 0.6),
    train_samples=st.none() | st.integers(200, 1442),
    seed=st.integers(0, 10_000),
)
def test_a_hold_out_is_stratified_and_never_trained_on(fraction, train_samples, seed):
    got = split(DIGITS, fraction, train_samples, seed)
    count = train_samples or len(DIGITS.y_train)
    assert len(got.validation) == round(fraction * count)
    assert len(got.train) == count - len(got.validation)
    together = np.concatenate([got.train, got.validation])
    assert len(np.unique(together)) == count
    assert got.train.dtype == got.validation.dtype == np.int64
    for part in (got.train, got.validation):
        share = np.bincount(DIGITS.y_train[together], minlength=10) * len(part) / count
        assert abs(np.bincount(DIGITS.y_train[part], minlength=10) - share).max() < 1 + 1e-9


def test_depends_on_seed_and_data_alone():
    first, again, other = (split(DIGITS, 0.1, 1000, seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.train, again.train)
    np.testing.assert_array_equal(first.validation, again.validation)
    assert len(np.intersect1d(first.validation, other.validation)) < 50


def test_which_images_are_held_out_is_left_to_chance():
    images = _images([0, 1] * 50)
    counts = np.zeros(100)
    for seed in range(400):
        counts[split(images, 0.25, None, seed).validation] += 1
    assert abs(counts / 400 - 0.25).max() < 0.1


def test_which_class_gets_one_more_is_left_to_chance():
    images = _images(list(range(10)) * 10)
    extra = [
        np.bincount(images.y_train[split(images, 0.15, None, s).validation]) for s in range(50)
    ]
    assert (np.sum(extra, axis=0) > 50).all() and (np.sum(extra, axis=0) < 100).all()


@pytest.mark.parametrize(
    ("labels", "validation", "train_samples", "says"),
    [
        ([0, 1] * 5, 0.0, None, "between 0 and 1"),
        ([0, 1] * 5, 1.0, None, "between 0 and 1"),
        ([0, 1] * 5, 0.01, None, "holds out none"),
        ([0, 1] * 5, "test", 0, "train_samples is 0; mine has 10"),
        ([0, 1] * 5, "test", 11, "train_samples is 11; mine has 10"),
        ([0] * 99 + [1], "test", 10, "class '1' keeps no training image"),
        ([0, 1], 0.5, None, "keeps no training image"),
    ],
)
def test_an_impossible_split_gets_one_sentence(labels, validation, train_samples, says):
    with pytest.raises(UserError, match=says) as error:
        split(_images(labels), validation, train_samples, seed=1)
    assert len(error.value.sentences) == 1
