"""The name of `gates` that the gate had before."""

from __future__ import annotations

from collections.abc import Sequence

from suite.methods.gates import worse
from suite.methods.methods import Gate, Signal


def paused(
    gate: Gate, history: Sequence[float] = (), signal: Signal = "loss", *, window: int = 3
) -> bool:
    """Whether this epoch's evolution, prune and regrow both, is left out."""
    if window < 1:
        raise ValueError(f"the window is {window}; it must be at least 1")
    return gate != "open" and worse(history, signal, window=window)
