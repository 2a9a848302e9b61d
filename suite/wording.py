"""Counts and lists as sentences have them."""

from __future__ import annotations

from collections.abc import Iterable


def count(n: int, word: str, plural: str = "") -> str:
    """Write a count with its noun: 1 run, 2 runs, 12,000 runs."""
    return f"{n:,} {word if n == 1 else plural or word + 's'}"


def listing(words: Iterable[str], last: str = "and") -> str:
    """Join words as a sentence does: a, b and c."""
    *most, final = list(words) or [""]
    return f"{', '.join(most)} {last} {final}" if most else final
