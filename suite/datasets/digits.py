"""The handwritten digits that come with scikit-learn: 1,797 images of 8x8 grey pixels."""

from __future__ import annotations

import numpy as np

from suite.datasets.dataset import DataSet
from suite.datasets.images import image_set


def digits() -> DataSet:
    """Return scikit-learn's digits, split into 1,442 training and 355 test images.

    The set has no official split. Here every fifth image of each class, in the order that
    scikit-learn gives, is a test image: fixed, stratified, and free of any random generator.
    The 17 grey levels 0 to 16 become 0, 15, ... 240, so that they can be looked at.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI (1998).
    """
    from sklearn.datasets import load_digits

    data = load_digits()
    x, y = (15 * data.images).astype(np.uint8), data.target
    test = np.zeros(len(y), dtype=bool)
    for label in range(10):
        test[np.flatnonzero(y == label)[4::5]] = True
    return image_set("digits", (x[~test], y[~test]), (x[test], y[test]))
