"""Whether an epoch evolves: the gates."""

from __future__ import annotations

from collections.abc import Sequence

from suite.methods.methods import HIGHER_IS_BETTER, Gate, Signal

ENTRIES_BEFORE = 4  # Algorithm 2 compares nothing before its fifth entry


def paused(
    gate: Gate, history: Sequence[float] = (), signal: Signal = "loss", *, window: int = 3
) -> bool:
    """Whether this epoch's evolution, prune and regrow both, is left out.

    "open" never pauses. "pauses" (DynSET, Algorithm 2 of Scholte 2022) does if the signal is
    worse than `window` epochs ago: with n entries, signal[n-1] against signal[n-1-window], worse
    being greater for a loss and less for an accuracy. Equal is not worse.

    The algorithm compares entries n-1 and n-4 once n > 4, which is window 3, although its text
    says "five epochs ago", window 5. For any window, nothing pauses until n > max(4, window):
    the paper's five entries, or more where the comparison needs them.

    Args:
        gate: "open" or "pauses".
        history: The signal of every epoch so far, paused ones included, this one last.
        signal: What the history holds.
        window: How many epochs lie between the two entries, at least 1.

    Raises:
        ValueError: If the window is below 1.
    """
    if window < 1:
        raise ValueError(f"the window is {window}; it must be at least 1")
    if gate == "open" or len(history) <= max(ENTRIES_BEFORE, window):
        return False
    now, before = history[-1], history[-1 - window]
    return now < before if HIGHER_IS_BETTER[signal] else now > before
