"""Gates: whether an update that is due takes place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from suite.methods.moment import HIGHER_IS_BETTER, Moment, Signal
from suite.methods.parts import part

ENTRIES_BEFORE = 4  # Algorithm 2 compares nothing before its fifth entry


@part("gate", "open", source="Mocanu et al. 2018, Nature Communications 9:2383")
def always(moment: Moment) -> bool:
    """Every update takes place."""
    return True


@part("gate", source="Scholte 2022, Algorithm 2")
def pauses(
    moment: Moment,
    *,
    metric: Signal = "loss",
    window: Annotated[int, Field(ge=1)] = 3,
) -> bool:
    """No update while the signal is worse than it was a few epochs ago.

    Args:
        metric: The signal: loss, val_loss or val_accuracy.
        window: How many epochs back the signal is compared with; 3 as in Algorithm 2, or 5 as in
            its text.
    """
    return not worse(moment.history(metric), metric, window=window)


@part("gate", source="Zhang et al. 2024, ICLR (CHT), the authors' code")
def settles(moment: Moment, *, overlap: Annotated[float, Field(gt=0, lt=1)] = 0.9) -> bool:
    """No further update once every layer has settled.

    A layer settles in an update in which most of what it regrows has just been pruned.

    Args:
        overlap: The share of the regrown connections above which a layer settles.
    """
    unsettled = set(range(len(moment.changes[0].regrown))) if moment.changes else {0}
    for change in moment.changes:
        both = enumerate(zip(change.regrown, change.returned, strict=True))
        unsettled -= {n for n, (regrown, back) in both if back > overlap * regrown}
    return bool(unsettled)


def worse(history: Sequence[float], signal: Signal, *, window: int = 3) -> bool:
    """Whether a signal is worse than `window` epochs ago.

    With n entries, signal[n-1] is compared with signal[n-1-window]; worse is greater for a loss
    and less for an accuracy, and equal is not worse. Algorithm 2 compares entries n-1 and n-4 once
    n > 4, which is window 3, although its text says "five epochs ago", window 5. For any window,
    nothing is worse until n > max(4, window): the paper's five entries, or more where the
    comparison needs them.

    Args:
        history: The signal of every epoch so far, paused ones included, this one last.
        signal: What the history holds.
        window: How many epochs lie between the two entries, at least 1.
    """
    if len(history) <= max(ENTRIES_BEFORE, window):
        return False
    now, before = history[-1], history[-1 - window]
    return now < before if HIGHER_IS_BETTER[signal] else now > before
