"""Tables as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def as_csv(table: pd.DataFrame, digits: int | None = None) -> str:
    """Return a table as CSV.

    Args:
        table: Any; a text that a spreadsheet would take for a formula is put after an apostrophe.
        digits: Significant digits of numbers with a fraction: where files of two machines are to
            be the same, no more than every processor agrees on. By default all.
    """
    safe = table.map(lambda value: no_formula(value) if isinstance(value, str) else value)
    form = None if digits is None else f"%.{digits}g"
    text: str = safe.to_csv(index=False, lineterminator="\n", float_format=form)
    return text


def no_formula(text: str) -> str:
    """Return a text that a spreadsheet shows instead of computing it: '=A1 for =A1."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
