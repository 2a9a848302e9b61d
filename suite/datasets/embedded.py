"""The data sets that come with scikit-learn: digits, breast_cancer and wine.

None has an official split. Here every fifth image or row of each class, in scikit-learn's order,
is for testing: fixed, stratified, and free of any random generator.
"""

from __future__ import annotations

from suite.datasets.dataset import DataSet
from suite.datasets.digits import digits
from suite.datasets.sources import KNOWN, NamedSource
from suite.datasets.vectors import feature_set, hold_out
from suite.errors import UserError


def embedded(name: NamedSource) -> DataSet:
    """Return a set that comes with scikit-learn.

    Raises:
        UserError: The installed scikit-learn has other content by this name.
    """
    data = {"digits": digits, "breast_cancer": breast_cancer, "wine": wine}[name]()
    if data.fingerprint != KNOWN[name].fingerprint:
        raise UserError(
            f"{name}: the installed scikit-learn has other data of this name; install another "
            "version, or save the data to a file and use that."
        )
    return data


def breast_cancer() -> DataSet:
    """Return scikit-learn's breast cancer data: 569 rows of 30 features, 2 classes.

    Source: W. Wolberg et al., Breast Cancer Wisconsin (Diagnostic), UCI (1993).
    """
    from sklearn.datasets import load_breast_cancer

    return _table("breast cancer", load_breast_cancer())


def wine() -> DataSet:
    """Return scikit-learn's wine data: 178 rows of 13 features, 3 classes.

    Source: S. Aeberhard and M. Forina, Wine, UCI (1992).
    """
    from sklearn.datasets import load_wine

    return _table("wine", load_wine())


def _table(name: str, data: object) -> DataSet:
    x, y = data.data, data.target  # type: ignore[attr-defined]
    test = hold_out(y, 0.2)
    classes = [str(label) for label in data.target_names]  # type: ignore[attr-defined]
    return feature_set(name, (x[~test], y[~test]), (x[test], y[test]), classes)
