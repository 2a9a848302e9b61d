"""What every source is checked for, and the embedded digits."""

import pickle

import numpy as np
import pytest

from suite.datasets.dataset import content
from suite.datasets.images import image_set
from suite.datasets.loading import fingerprint, load
from suite.datasets.sources import KNOWN
from suite.errors import UserError

RNG = np.random.default_rng(1)


def _x(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape, dtype=np.uint8)


X, Y = _x(6, 4, 5, 3), np.array([0, 1, 2, 0, 1, 2])


def test_makes_an_image_set():
    images = image_set("mine", (X, Y), (X[:2], Y[:2]), ["a", "b", "c"])
    assert images.shape == (4, 5, 3) and images.features == 60
    assert images.classes == ("a", "b", "c")
    assert images.y_train.dtype == np.int64
    for array in (images.x_train, images.y_train, images.x_test, images.y_test):
        assert not array.flags.writeable


def test_takes_grey_images_without_a_channel_and_labels_in_a_column():
    images = image_set("mine", (X[..., 0], Y[:, np.newaxis]), (X[..., 0], Y.astype(np.uint8)))
    assert images.x_train.shape == (6, 4, 5, 1) and images.y_train.shape == (6,)
    assert images.classes == ("0", "1", "2")


@pytest.mark.parametrize(
    ("train", "test", "classes", "says"),
    [
        ((X, Y), (X, Y + 1), None, "test images have the label 3, .* outside the 3 classes"),
        ((X, Y - 1), (X, Y), ["a", "b", "c"], "training images have the label -1"),
        ((X, Y), (X, Y), ["a", "b"], "the label 2, .* outside the 2 classes"),
        ((X, Y), (X, Y), ["a", "b", "c", "d"], "class 'd' has no training image"),
        ((X[:0], Y[:0]), (X, Y), None, "no training images"),
        ((X, Y), (X[:0], Y[:0]), None, "no test images"),
        ((X, Y), (X[:, :3], Y), None, "training images are 5x4 RGB, test images 5x3 RGB"),
        ((X, Y), (X[..., :1], Y), None, "test images 5x4 grey"),
        ((X, Y[:5]), (X, Y), None, "6 training images but 5 labels"),
        ((X / 255, Y), (X, Y), None, "float64 .* must be uint8"),
        ((X, Y / 2), (X, Y), None, "labels are float64"),
        ((X[:, :1], Y), (X[:, :1], Y), None, "at least 2x2"),
        ((X, Y + 1), (X, Y + 1), None, "class '0' has no training image"),
        (
            (X, Y + 2**40 * (Y == 2)),
            (X, Y),
            None,
            "class '2' has no training .* up to 1099511627778",
        ),
        ((X, Y - 2**40), (X, Y), None, "training images have the label -1099511627776"),
        ((X, Y.astype(np.uint64) + 2**63), (X, Y), None, "the label 9223372036854775810"),
        ((X, Y), (X, Y.astype(np.uint64) + 2**63), None, "the label 9223372036854775810"),
        ((X, Y * 0), (X, Y * 0), None, "two classes or more are needed; found 1"),
        ((X, Y * 0), (X, Y * 0), ["cat"], "two classes or more are needed; found 1"),
    ],
)
def test_wrong_data_gets_one_sentence(train, test, classes, says):
    with pytest.raises(UserError, match=says) as error:
        image_set("mine", train, test, classes)
    assert len(error.value.sentences) == 1
    assert str(error.value).startswith("mine: ") and str(error.value).endswith(".")


def test_the_fingerprint_follows_the_content_and_nothing_else():
    images = image_set("mine", (X, Y), (X, Y))
    again = image_set("yours", (X.copy(), Y.astype(np.int32)), (X, Y), ["a", "b", "c"])
    assert images.fingerprint == again.fingerprint
    changed = X.copy()
    changed[5, 3, 4, 2] ^= 1
    others = [
        image_set("mine", (changed, Y), (X, Y)),
        image_set("mine", (X, Y), (changed, Y)),
        image_set("mine", (X, Y[::-1]), (X, Y)),
        image_set("mine", (X.reshape(6, 5, 4, 3), Y), (X.reshape(6, 5, 4, 3), Y)),
    ]
    assert len({images.fingerprint, *(other.fingerprint for other in others)}) == 5


def test_the_number_of_classes_is_part_of_the_content():
    assert content([Y], 3) != content([Y], 4)


def test_digits(tmp_path):
    digits = load("digits", tmp_path)
    known = KNOWN["digits"]
    assert digits.shape == known.shape and len(digits.classes) == known.classes
    assert (len(digits.y_train), len(digits.y_test)) == known.images
    assert digits.fingerprint == known.fingerprint == fingerprint("digits", tmp_path)
    assert digits.x_train.max() == 240
    shares = np.bincount(digits.y_test) / np.bincount(
        np.concatenate([digits.y_train, digits.y_test])
    )
    assert abs(shares - 0.2).max() < 0.005


def test_no_digit_is_in_both_parts():
    digits = load("digits", "")
    train = {image.tobytes() for image in digits.x_train}
    assert not train & {image.tobytes() for image in digits.x_test}


def test_survives_pickling_and_is_small_beside_its_arrays():
    digits = load("digits", "")
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(digits, protocol=5, buffer_callback=buffers.append)
    assert len(pickled) < 2_000 and len(buffers) == 4  # the arrays travel beside, uncopied
    again = pickle.loads(pickled, buffers=[buffer.raw().toreadonly() for buffer in buffers])
    np.testing.assert_array_equal(again.x_train, digits.x_train)
    assert not again.x_train.flags.writeable
