"""The names of `budgets` that connectivity rules had before."""

from __future__ import annotations

from collections.abc import Sequence

from suite.methods.budgets import equilibrium
from suite.methods.budgets import theta_of as performance
from suite.methods.methods import Rule, Signal

__all__ = ["count_to_regrow", "equilibrium", "performance", "theta"]


def theta(
    rule: Rule,
    history: Sequence[float] = (),
    signal: Signal = "loss",
    *,
    k: float = 0.0,
    overshoot: bool = False,
) -> float:
    """Return theta after an epoch."""
    return 1.0 if rule == "full" else performance(history, signal, k=k, overshoot=overshoot)


def count_to_regrow(theta: float, initial: int, remaining: int) -> int:
    """Return round(theta * (initial - remaining)), and 0 where a layer has more than initially."""
    return max(0, round(theta * (initial - remaining)))
