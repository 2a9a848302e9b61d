"""Survival curves of censored lifetimes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def survival(died: Sequence[int], alive: Sequence[int], until: int) -> NDArray[np.float64]:
    """Return the share that survives beyond each age, by Kaplan and Meier.

    Args:
        died: How many ended at age 0, 1, 2, ...; none does at 0.
        alive: How many have reached age 0, 1, 2, ... and not ended: they are censored there.
        until: The last age.

    Returns:
        float64 (until + 1,), at the ages 0, 1, 2, ...; NaN beyond the last that was seen unless
        all had ended by then, and everywhere where there is nothing.

    Source: Kaplan and Meier 1958; computed by statsmodels.
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    found = np.full(until + 1, np.nan)
    counts = np.concatenate([np.asarray(died)[1:], np.asarray(alive)[1:]]).astype(float)
    ages = np.concatenate([np.arange(1, len(died)), np.arange(1, len(alive))])
    there = counts > 0
    if not there.any():
        return found
    status = np.repeat([1, 0], [len(died) - 1, len(alive) - 1])
    last = min(int(ages[there].max()), until)
    found[: last + 1] = 1.0
    if status[there].any():
        curve = SurvfuncRight(ages[there], status[there], freq_weights=counts[there])
        place = np.searchsorted(curve.surv_times, np.arange(last + 1), side="right") - 1
        found[: last + 1] = np.where(place < 0, 1.0, curve.surv_prob[place])
        if found[last] == 0:
            found[last:] = 0
    return found
