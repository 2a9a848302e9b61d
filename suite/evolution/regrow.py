"""Which connections return: the registry of regrowth strategies."""

from __future__ import annotations

BUILT_IN = ("random", "one_neighbour", "most_neighbours")


def names() -> list[str]:
    """Return the names of the regrowth strategies that are registered now."""
    return list(BUILT_IN)
