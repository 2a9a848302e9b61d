"""How many cores there are to work with."""

from __future__ import annotations


def at_hand() -> int:
    """Return the cores that this process may use: an affinity or a container may allow fewer."""
    import joblib  # type: ignore[import-untyped]

    return int(joblib.cpu_count())
