"""Checks feature vectors and labels and builds a data set of them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pyarrow as pa

from suite.datasets.dataset import DataSet, assemble
from suite.errors import UserError

Part = tuple[np.ndarray, np.ndarray]


def feature_set(
    name: str,
    train: Part,
    test: Part,
    classes: Sequence[str] | None = None,
    fingerprint: str | None = None,
    notes: tuple[str, ...] = (),
) -> DataSet:
    """Check feature vectors and labels and make them a data set.

    Args:
        name: Its name in reports and errors.
        train: Rows to train on, numbers (n, features), and their labels, integers (n,).
        test: Rows to test with, likewise (m, features).
        classes: The classes' names; default: the numbers up to the largest training label.
        fingerprint: Its fingerprint where it is known; default: the hash of the content.
        notes: As in `DataSet`.

    Raises:
        UserError: A part is empty, counts differ, a value is missing, infinite or beyond float32,
            a label is outside the classes, a class has no row to train on, or there is only one.
    """
    (x_train, _), (x_test, _) = train, test
    if x_train.shape[1:] != x_test.shape[1:]:
        raise UserError(
            f"{name}: training rows have {x_train.shape[1]} features, test rows {x_test.shape[1]}."
        )
    rows, tested = ((as_float32(name, x), y) for x, y in (train, test))
    return assemble(name, rows, tested, classes, fingerprint, notes)


def as_float32(where: str, x: np.ndarray, columns: Sequence[str] | None = None) -> np.ndarray:
    """Return numbers (n, features) as float32.

    Args:
        where: The data set or file, for errors.
        x: The numbers.
        columns: Names of the features; default: their numbers, from 1.

    Raises:
        UserError: A value is missing (NaN), infinite, or beyond float32, the values of a feature
            differ by less than float32 can tell, or x is not (n, features).
    """
    if x.ndim != 2 or x.dtype.kind not in "fiub" or not x.shape[1]:
        raise UserError(
            f"{where}: feature vectors are {x.dtype} {x.shape}; they must be numbers (n, features)."
        )
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(x, dtype=np.float32)
    if np.isfinite(values).all():
        _check_kept(where, x, values, columns)
        return values
    row, column = (int(index) for index in np.argwhere(~np.isfinite(values))[0])
    called = columns[column] if columns is not None else f"feature {column + 1}"
    value = x[row, column]
    what = "is missing" if np.isnan(value) else f"is {value}, which is not finite in float32"
    raise UserError(f"{where}, row {row}: the value of {called} {what}.")


def _check_kept(
    where: str, x: np.ndarray, values: np.ndarray, columns: Sequence[str] | None
) -> None:
    """Check that no feature with different values has become a constant in float32."""
    lost = (values == values[:1]).all(axis=0) & ~(x == x[:1]).all(axis=0)
    if lost.any():
        column = int(lost.argmax())
        called = columns[column] if columns is not None else f"feature {column + 1}"
        raise UserError(
            f"{where}: the values of {called} differ, and in float32 all of them are "
            f"{values[0, column]:.8g}; subtract a constant from them first."
        )


def from_columns(where: str, table: pa.Table, columns: Sequence[str]) -> np.ndarray:
    """Return numeric columns of a table as float32 (n, features).

    Raises:
        UserError: A column is not numeric, or a value is missing, infinite or beyond float32.
    """
    x = np.empty((table.num_rows, len(columns)), np.float32)
    for number, name in enumerate(columns):
        column = table.column(name)
        if column.null_count:
            row = column.is_null().to_pylist().index(True)
            raise UserError(f"{where}, row {row}: the value of {name} is missing.")
        if not is_numeric(column.type):
            raise UserError(
                f"{where}: column {name} is {column.type}; features are numbers. Leave the column "
                "out, or turn it into numbers."
            )
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        values = column.cast(pa.float64(), safe=False).to_numpy()[:, np.newaxis]
        x[:, number] = as_float32(where, values, [name])[:, 0]
    return x


def is_numeric(kind: pa.DataType) -> bool:
    """Whether a column of a type holds numbers."""
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
    )


def hold_out(labels: np.ndarray, share: float) -> np.ndarray:
    """Return which rows are for testing: a share of each class, spread evenly, not random.

    Args:
        labels: Of every row, (n,).
        share: Between 0 and 1; 0.2 takes every fifth row of each class, in the order of the file.

    Returns:
        bool (n,).
    """
    exact = Fraction(repr(share))
    test = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        taken = [int((i + 1) * exact) > int(i * exact) for i in range(len(rows))]
        test[rows] = taken
    return test
