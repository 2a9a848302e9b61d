"""Counts and lists as sentences have them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def count(n: int, word: str, plural: str = "") -> str:
    """Write a count with its noun: 1 run, 2 runs, 12,000 runs."""
    return f"{n:,} {word if n == 1 else plural or word + 's'}"


def listing(words: Iterable[str], last: str = "and") -> str:
    """Join words as a sentence does: a, b and c."""
    *most, final = list(words) or [""]
    return f"{', '.join(most)} {last} {final}" if most else final


def span(numbers: Sequence[int]) -> str:
    """Write ascending numbers without a gap: 7, 7 and 8, 7 to 9."""
    between = " and " if len(numbers) == 2 else " to "
    return between.join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))
