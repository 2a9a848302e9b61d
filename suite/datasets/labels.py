"""Numbers the labels of files (numbers, names, true and false) from 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from suite.errors import UserError

USUAL = ("label", "target", "class")
"""What a table's column of labels is called, in small letters or capitals."""


class Labels(NamedTuple):
    """Labels that are numbered.

    Attributes:
        train: Of what is trained on, integers (n,).
        test: Of what is tested with, integers (m,).
        classes: The classes' names, None where they are the numbers themselves.
        note: How the classes were found; empty if the file itself defines them.
    """

    train: np.ndarray
    test: np.ndarray
    classes: Sequence[str] | None
    note: str = ""


def can_be(kind: pa.DataType) -> bool:
    """Whether a column of a type may hold labels."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return is_text(kind) or any(
        test(kind) for test in (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    )


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of a type holds text."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def as_array(where: str, name: str, column: pa.ChunkedArray) -> np.ndarray:
    """Return a column of labels as integers, or as text where they are names.

    Raises:
        UserError: A label is missing, or the column has other values than whole numbers or names.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.null_count:
        row = column.is_null().to_pylist().index(True)
        raise UserError(f"{where}, row {row}: the label is missing (column {name}).")
    if pa.types.is_integer(column.type):
        return column.to_numpy()
    if pa.types.is_boolean(column.type):
        return np.array(["true" if value else "false" for value in column.to_pylist()])
    if is_text(column.type):
        names = np.array(column.to_pylist(), dtype=str)
        if len(empty := np.flatnonzero(names == "")):
            raise UserError(f"{where}, row {empty[0]}: the label is missing (column {name}).")
        return names
    if pa.types.is_floating(column.type):
        values = column.to_numpy().astype(np.float64)
        wrong = np.flatnonzero(~(np.isfinite(values) & (values == np.rint(values))))
        if not len(wrong) and (np.abs(values) < 2**53).all():
            return values.astype(np.int64)
        shown = values[wrong[0]] if len(wrong) else np.abs(values).max()
        raise UserError(
            f"{where}: column {name} has {shown}; labels must be whole numbers or names."
        )
    raise UserError(
        f"{where}: column {name} is {column.type}; labels must be whole numbers or names."
    )


def joined(name: str, files: Sequence[np.ndarray]) -> np.ndarray:
    """Return the labels of several files as one array.

    Raises:
        UserError: Some files have names and others numbers.
    """
    if len({of.dtype.kind == "U" for of in files}) > 1:
        raise UserError(f"{name}: labels are names in some files and numbers in others.")
    if np.result_type(*files).kind == "f":  # what numpy makes of unsigned and signed numbers
        files = [of.astype(np.int64) for of in files]
    return np.concatenate(files)


def numbered(
    name: str,
    train: Sequence[np.ndarray],
    test: Sequence[np.ndarray],
    known: Sequence[str] | None = None,
    *,
    any_numbers: bool = False,
) -> Labels:
    """Number the labels of all files: the sorted distinct names are the classes.

    Args:
        name: The data set's, for errors.
        train: Labels of each training file, as `as_array` gives them.
        test: Labels of each test file.
        known: The classes' names where the labels are their places, whatever else they are.
        any_numbers: Take any integers as classes, -1 and 1 for instance; else labels count from 0.

    Raises:
        UserError: Some files have names and others numbers, or a test label is never trained on.
    """
    joined(name, [*train, *test])
    y_train, y_test = joined(name, train), joined(name, test)
    named = y_train.dtype.kind == "U"
    distinct = np.unique(y_train)
    counts = not named and np.array_equal(distinct, np.arange(len(distinct)))
    if not named and (counts or known or not any_numbers):
        return Labels(y_train, y_test, known)
    foreign = np.setdiff1d(y_test, distinct)
    if len(foreign):
        raise UserError(f"{name}: class {str(foreign[0])!r} has test rows but no training row.")
    note = f"{name}: the classes are the sorted distinct labels that it is trained on."
    train_numbers, test_numbers = (np.searchsorted(distinct, y) for y in (y_train, y_test))
    return Labels(train_numbers, test_numbers, [str(label) for label in distinct], note)
