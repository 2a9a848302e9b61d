"""The nearest valid name to one that is not."""

from __future__ import annotations

from collections.abc import Iterable

MOST_NAMES = 30
"""How many valid names a sentence lists."""


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Return the name that a misspelt word most likely meant, or None where none is near."""
    from difflib import get_close_matches

    by_lower = {name.lower(): name for name in names}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def suggestion(word: str, names: Iterable[str]) -> str:
    """Return '; did you mean "NAME"?' or, where none is near, the list of valid names."""
    names = list(names)
    if guess := nearest(word, names):
        return f'; did you mean "{guess}"?'
    shown = ", ".join(names[:MOST_NAMES])
    rest = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"; known: {shown}{rest}." if names else "."
