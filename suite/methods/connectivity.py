"""How many connections return: the connectivity rules.

A rule gives theta, the share of what a layer lacks that is regrown. With gamma connections at
initialisation and lambda left after pruning, round(theta * (gamma - lambda)) return.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from suite.methods.methods import HIGHER_IS_BETTER, Rule, Signal


def theta(
    rule: Rule,
    history: Sequence[float] = (),
    signal: Signal = "loss",
    *,
    k: float = 0.0,
    overshoot: bool = False,
) -> float:
    """Return theta after an epoch.

    Args:
        rule: "full" (SET: everything returns, theta = 1) or "performance"; see `performance`.
        history: The signal of every epoch so far, this one last; "full" reads none.
        signal: What the history holds.
        k: See `performance`.
        overshoot: See `performance`.
    """
    if rule == "full":
        return 1.0
    return performance(history, signal, k=k, overshoot=overshoot)


def performance(
    history: Sequence[float], signal: Signal, *, k: float = 0.0, overshoot: bool = False
) -> float:
    """Return theta = 1 - (a - a k) / (k - 2 k |a| + 1), a being how good the network is.

    a is the accuracy itself, or 1 - loss / first epoch's loss, clipped to [0, 1]; theta then lies
    in [0, 1] and falls as a rises. The form is Algorithm 1 of Scholte 2022; that of a loss is
    inferred from its results (it writes none out).

    With overshoot, a is clipped to [-1, 1] instead: while the loss is above the first epoch's,
    theta is between 1 and 2 and a layer grows beyond its initial count. An accuracy is never
    negative, so overshoot changes nothing there.

    Args:
        history: The signal of every epoch so far, finite, this one last. A first loss of exactly
            zero leaves nothing to gain: a = 1 if the loss is still zero, else the lower bound.
        signal: "loss", "val_loss" or "val_accuracy".
        k: Curvature, in (-1, 1), where the denominator is at least 1 - |k|; 0 makes theta 1 - a.
            Towards 1 theta stays high until a is nearly 1, towards -1 it falls at once.
        overshoot: Whether more may return than is missing.

    Raises:
        ValueError: If k is outside (-1, 1), the history is empty, or a value in use not finite.
    """
    if not -1 < k < 1:
        raise ValueError(f"k is {k}; it must lie between -1 and 1, ends excluded")
    if not history:
        raise ValueError("the performance rule reads the signal of at least one epoch")
    first, now = history[0], history[-1]
    if not (math.isfinite(first) and math.isfinite(now)):
        raise ValueError(f"the signal went from {first} to {now}; both must be finite")
    if HIGHER_IS_BETTER[signal]:
        a = now
    elif first != 0:
        a = 1 - now / first
    else:
        a = 1.0 if now == 0 else -math.inf
    a = min(max(a, -1.0 if overshoot else 0.0), 1.0)
    return 1 - (a - a * k) / (k - 2 * k * abs(a) + 1)


def count_to_regrow(theta: float, initial: int, remaining: int) -> int:
    """Return round(theta * (initial - remaining)), and 0 where a layer has more than initially.

    A half rounds to the even neighbour.
    """
    return max(0, round(theta * (initial - remaining)))


def equilibrium(initial: float, theta: float, zeta: float) -> float:
    """Return the count that a layer tends to if every epoch prunes zeta and theta is constant.

    Each epoch takes a count n to (1 - zeta) n + theta (initial - (1 - zeta) n); this map has the
    fixed point initial * theta / (zeta + (1 - zeta) theta), and approaches it by the factor
    (1 - zeta)(1 - theta) an epoch.

    Args:
        initial: The count at initialisation.
        theta: The share regrown, 0 or more.
        zeta: The share pruned, in (0, 1).
    """
    return initial * theta / (zeta + (1 - zeta) * theta)
