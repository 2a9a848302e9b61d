"""Epoch records as rows of a table, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from suite.measures import FIRST, LAYERS, MEASURES, RECORDED, Kind, layers_of, plain

if TYPE_CHECKING:
    import pandas as pd

History = Sequence[Mapping[str, Any]]
"""One record an epoch."""

_LATER = [name for name in RECORDED if MEASURES[name].since != FIRST]
"""The measures that records of 0.1.0 lack."""


def rows_of(records: History) -> pd.DataFrame:
    """Return one row a record: every measure with its type, and each layer's connections.

    Args:
        records: Of one run or of many, which may have recorded more or less.
    """
    import pandas as pd

    counts = [record["connections"] for record in records]
    deepest = max(map(len, counts), default=0)
    layers = {
        f"{LAYERS}{number + 1}": _typed(
            pd.Series([of[number] if number < len(of) else None for of in counts]), kind="whole"
        )
        for number in range(deepest)
    }
    measured = {
        name: _typed(
            pd.Series([record.get(name, MEASURES[name].default) for record in records]),
            kind=MEASURES[name].kind,
            always=name in _LATER,
        )
        for name in RECORDED
        if name != "connections"
    }
    total = pd.Series([None if None in of else sum(of) for of in counts])
    return pd.DataFrame({**measured, "connections": _typed(total, kind="whole"), **layers})


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a recorded measure of a table, its declared default where it lacks the column."""
    import pandas as pd

    default = MEASURES[name].default if name in MEASURES else None
    return table[name] if name in table else pd.Series(default, index=table.index)


def _typed(values: pd.Series, *, kind: Kind, always: bool = False) -> pd.Series:
    """Return values as their kind has them in the tidy table.

    Whole numbers are int64; where some are not known float64, or Int64 if a column is `always` to
    have one type.
    """
    import numpy as np
    import pandas as pd

    if kind == "flag":
        return values.eq(True)
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    if kind == "whole":
        known = numbers.where(np.isfinite(numbers))
        if always:
            return known.astype("Int64")
        return known.astype("int64") if known.notna().all() else known
    return numbers


def history_of(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the epoch records that a run's rows were made from.

    Numbers that are not finite become None, as in JSON: they are not known.
    """
    if "cell" in rows:
        # Cells on the same images under two names have one run between them, and two sets of rows.
        rows = rows[rows["cell"] == rows["cell"].iloc[0]]
    rows = rows.drop_duplicates().sort_values("epoch")
    known = [name for name in layers_of(rows.columns) if rows[name].notna().any()]
    last = max((int(name.removeprefix(LAYERS)) for name in known), default=0)
    layers = [f"{LAYERS}{number}" for number in range(1, last + 1)]
    later = [name for name in _LATER if name in rows and rows[name].notna().any()]
    names = [name for name in RECORDED if name not in _LATER or later]
    parts = {
        name: _plainly(_column(rows, name), MEASURES[name].kind)
        for name in names
        if name != "connections"
    }
    counts = [_plainly(_column(rows, name), "whole") for name in layers or ["connections"]]
    parts["connections"] = [list(of_epoch) for of_epoch in zip(*counts, strict=True)]
    return [dict(zip(parts, values, strict=True)) for values in zip(*parts.values(), strict=True)]


def _plainly(values: pd.Series, kind: Kind) -> list[Any]:
    """Return a column as the values that JSON has."""
    found = plain(_typed(values, kind=kind).astype(object).tolist())
    return [value and int(value) for value in found] if kind == "whole" else found


def is_whole(history: History, epochs: int) -> bool:
    """Whether a history has each epoch of a run once."""
    return len(history) == epochs and all(
        record["epoch"] == number for number, record in enumerate(history, start=1)
    )


def agree(known: History, other: History) -> bool:
    """Whether two histories of one run agree.

    Seconds may differ, and so may measures that one of the two versions did not record yet.
    """

    def agree(name: str, ours: Any, theirs: Any) -> bool:
        return ours == theirs or name == "seconds" or (name in _LATER and None in (ours, theirs))

    return len(known) == len(other) and all(
        agree(
            name, ours.get(name, MEASURES[name].default), theirs.get(name, MEASURES[name].default)
        )
        for ours, theirs in zip(known, other, strict=True)
        for name in RECORDED
    )
