"""How many cores there are to work with."""

from __future__ import annotations


def at_hand() -> int:
    """Return the cores that this process may use: an affinity or a container may allow fewer.

    A part of a core counts as one. `LOKY_MAX_CPU_COUNT` bounds them too.
    """
    import joblib  # type: ignore[import-untyped]

    return int(joblib.cpu_count())
