"""Budgets: how many connections return to each layer.

With gamma connections in a layer at the start and lambda left after pruning, gamma - lambda are
missing, and a share theta of these returns.

A budget that has needs=("layers",) is asked before pruning, with the layers in place of their
counts. Its surplus goes first; of what is left the rate's share is pruned, and all that returns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from suite.methods import curves
from suite.methods.apportion import apportion
from suite.methods.layer import LayerView, largest
from suite.methods.moment import HIGHER_IS_BETTER, Moment, Signal
from suite.methods.parts import part

Counts = NDArray[np.int64]
Across = Literal["layers", "network"]

_Share = Annotated[float, Field(ge=0, le=1)]
_Stair = Annotated[tuple[_Share, Annotated[float, Field(gt=0, le=1)]], Field(strict=False)]
Stairs = Annotated[tuple[_Stair, ...], Field(strict=False)]


@dataclass(frozen=True, eq=False)
class Budgeted:
    """What a budget answers.

    Attributes:
        counts: int64, for each layer how many connections return, 0 or more. From a budget that is
            asked before pruning: how many more return than are pruned.
        theta: The share of the missing connections that returns, where the budget has one.
        surplus: int64, for each layer how many more connections go, 0 or more: the prune rule is
            asked for them. None where a budget only regrows.
        stays: For each layer a bool mask of the connections that are not taken out by the budget
            itself, before anything is pruned. None where it takes out none.
    """

    counts: Counts
    theta: float | None = None
    surplus: Counts | None = None
    stays: Sequence[NDArray[np.bool_]] | None = None


@part("budget", "all", source="Mocanu et al. 2018, Nature Communications 9:2383")
def everything(moment: Moment, initial: Counts, kept: Counts) -> Budgeted:
    """As many as the network is missing."""
    return Budgeted(_lacking_in_all(1.0, initial, kept), 1.0)


@part("budget", source="Scholte 2022, Algorithm 1")
def performance(
    moment: Moment,
    initial: Counts,
    kept: Counts,
    *,
    metric: Signal = "loss",
    k: Annotated[float, Field(gt=-1, lt=1)] = 0.0,
    overshoot: bool = False,
    break_even: Annotated[float, Field(ge=0, lt=1)] = 0.0,
) -> Budgeted:
    """A share of the missing connections, smaller the better the signal is.

    Args:
        metric: The signal: loss, val_loss or val_accuracy.
        k: Curvature of the rule.
        overshoot: Let more return than was lost while the loss is above the first epoch's.
        break_even: The quality of the network, from 0 to 1, at which as many connections return as
            are missing; below it more return, so that layers grow beyond their initial counts.
    """
    history = moment.history(metric)
    theta = 1.0
    if history:
        theta = theta_of(history, metric, k=k, overshoot=overshoot, break_even=break_even)
    # Then a layer may have more than initially. An accuracy never overshoots.
    grows = break_even > 0 or (overshoot and not HIGHER_IS_BETTER[metric])
    missing = lacking if grows else _lacking_in_all
    return Budgeted(missing(theta, initial, kept), theta)


@part("budget", source="Han et al. 2015, NeurIPS 28")
def nothing(moment: Moment, initial: Counts, kept: Counts) -> Budgeted:
    """None: the network shrinks."""
    return Budgeted(np.zeros_like(kept), 0.0)


@part("budget", needs=("layers",), source="Zhu and Gupta 2017, Equation 1")
def cubic(
    moment: Moment,
    initial: Counts,
    layers: Sequence[LayerView],
    *,
    density: Annotated[float, Field(gt=0, le=1)] = 0.1,
    start: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    end: Annotated[float, Field(gt=0, le=1)] = 0.75,
    across: Across = "layers",
) -> Budgeted:
    """Shrink the network to a density on a cubic schedule; beyond that, regrow all that is pruned.

    Args:
        density: Share of all positions that is left at the end.
        start: The share of the training after which the network begins to shrink.
        end: The share of the training after which it has shrunk; the first update from then on
            reaches the density; above start.
        across: Whether each layer keeps its share of the initial connections, or the largest
            weights of the whole network stay, whichever layers they are in.
    """
    passed = max(0.0, moment.progress - start) / (end - start)
    left = curves.cubic(passed, 1.0, _share_left(density, initial, layers))
    return _shrunk(left, initial, layers, across)


@part("budget", needs=("layers",), source="Zhang et al. 2024, ICLR (CHT, EM_S); Yuan et al. 2021")
def stairs(
    moment: Moment,
    initial: Counts,
    layers: Sequence[LayerView],
    *,
    to: Stairs = ((0.5, 0.1),),
    across: Across = "layers",
) -> Budgeted:
    """Shrink the network to one density after another; beyond that, regrow all that is pruned.

    Args:
        to: Pairs of a share of the training and a density: the first update from then on shrinks
            the network to this share of all positions.
        across: Whether each layer keeps its share of the initial connections, or the largest
            weights of the whole network stay, whichever layers they are in.
    """
    reached = [density for share, density in to if moment.progress >= share]
    left = min([1.0, *(_share_left(density, initial, layers) for density in reached)])
    return _shrunk(left, initial, layers, across)


def _share_left(density: float, initial: Counts, layers: Sequence[LayerView]) -> float:
    """Return which share of the initial connections makes a density, at most 1."""
    positions = sum(layer.size for layer in layers)
    return min(1.0, density * positions / max(1, int(initial.sum())))


def _shrunk(left: float, initial: Counts, layers: Sequence[LayerView], across: Across) -> Budgeted:
    """Return what leaves a share of the initial connections."""
    now = np.array([layer.positions.size for layer in layers], dtype=np.int64)
    if across == "network":
        target = largest_weights(layers, round(left * int(initial.sum())))
    else:
        target = np.rint(left * initial).astype(np.int64)
    return Budgeted(np.maximum(0, target - now), surplus=np.maximum(0, now - target))


@part("budget", needs=("layers",), source="Curci et al. 2021, importance pruning")
def importance(
    moment: Moment,
    initial: Counts,
    layers: Sequence[LayerView],
    *,
    percentile: Annotated[float, Field(gt=0, lt=100)] = 20.0,
    every: Annotated[int, Field(ge=1)] = 10,
    after: Annotated[int, Field(ge=0)] = 200,
) -> Budgeted:
    """Regularly remove the inputs of the least important units; regrow only what is pruned.

    A unit is as important as its incoming weights are large: the sum of their absolute values.

    Args:
        percentile: The units of a layer up to this percentile lose all incoming connections;
            units without any count.
        every: Epochs from one such loss to the next; every update of such an epoch takes out units.
        after: How many epochs have passed before the first one, at least.
    """
    counts = np.zeros(len(layers), dtype=np.int64)
    epochs = moment.epoch - 1  # the authors count from 0
    if epochs <= after or epochs % every:
        return Budgeted(counts)
    return Budgeted(counts, stays=[_important(layer, percentile) for layer in layers])


def _important(layer: LayerView, percentile: float) -> NDArray[np.bool_]:
    """Return which connections lead into units above a percentile of importance."""
    rows = layer.positions // layer.shape[1]
    sizes = np.abs(layer.weights).astype(np.float64)
    sums = np.bincount(rows, sizes, minlength=layer.shape[0])
    return sums[rows] > np.percentile(sums, percentile)


def largest_weights(layers: Sequence[LayerView], count: int) -> Counts:
    """Return how many of a network's largest absolute weights are in each layer.

    Of equal weights, those of the first layers count.

    Args:
        layers: The layers.
        count: How many weights of the network; where it has fewer, all of them.
    """
    sizes = [np.abs(layer.weights) for layer in layers]
    owner = np.repeat(np.arange(len(sizes)), [size.size for size in sizes])
    chosen = owner[largest(np.concatenate(sizes), count)]
    return np.bincount(chosen, minlength=len(sizes)).astype(np.int64)


def lacking(theta: float, initial: Counts, kept: Counts) -> Counts:
    """Return round(theta * (initial - kept)), and 0 where a layer has more than initially.

    A half rounds to the even neighbour.
    """
    return np.maximum(0, np.rint(theta * (initial - kept))).astype(np.int64)


def _lacking_in_all(theta: float, initial: Counts, kept: Counts) -> Counts:
    """Return `lacking`, less where a share rule has let a layer grow at the others' cost."""
    counts = lacking(theta, initial, kept)
    total = max(0, round(theta * int(initial.sum() - kept.sum())))
    if (kept > initial).any() and counts.sum() > total:
        counts = apportion(total, counts, counts)
    return counts


def theta_of(
    history: Sequence[float],
    signal: Signal,
    *,
    k: float = 0.0,
    overshoot: bool = False,
    break_even: float = 0.0,
) -> float:
    """Return theta = 1 - (a - a k) / (k - 2 k |a| + 1), a being how good the network is.

    a is the accuracy itself, or 1 - loss / first epoch's loss, clipped to [0, 1]; theta then lies
    in [0, 1] and falls as a rises. The form is Algorithm 1 of Scholte 2022; that of a loss is
    inferred from its results (it writes none out).

    With overshoot, a is clipped to [-1, 1] instead: while the loss is above the first epoch's,
    theta is between 1 and 2 and a layer grows beyond its initial count. An accuracy is never
    negative, so overshoot changes nothing there.

    With a break-even b, (a - b) / (1 - b), clipped to at least -1, takes the place of a: theta is 1
    where a = b, above 1 where a is less, and 0 where a is 1, for an accuracy as for a loss. This is
    the suite's answer to section 6 of Scholte 2022, which asks for a rule that may also regrow
    more than was removed.

    Args:
        history: The signal of every epoch so far, finite, this one last. A first loss of exactly
            zero leaves nothing to gain: a = 1 if the loss is still zero, else the lower bound.
        signal: "loss", "val_loss" or "val_accuracy".
        k: Curvature, in (-1, 1), where the denominator is at least 1 - |k|; 0 makes theta 1 - a.
            Towards 1 theta stays high until a is nearly 1, towards -1 it falls at once.
        overshoot: Whether more may return than is missing.
        break_even: The a at which theta is 1, in [0, 1).

    Raises:
        ValueError: If k is outside (-1, 1), break_even outside [0, 1), the history is empty, or a
            value in use not finite.
    """
    if not -1 < k < 1:
        raise ValueError(f"k is {k}; it must lie between -1 and 1, ends excluded")
    if not 0 <= break_even < 1:
        raise ValueError(f"break_even is {break_even}; it must be 0 or more, and below 1")
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
    if break_even:
        a = max(-1.0, (a - break_even) / (1 - break_even))
    return 1 - (a - a * k) / (k - 2 * k * abs(a) + 1)


def equilibrium(initial: float, theta: float, zeta: float) -> float:
    """Return the count that a layer tends to if every update prunes zeta and theta is constant.

    Each update takes a count n to (1 - zeta) n + theta (initial - (1 - zeta) n); this map has the
    fixed point initial * theta / (zeta + (1 - zeta) theta), and approaches it by the factor
    (1 - zeta)(1 - theta) an update.

    Args:
        initial: The count at initialisation.
        theta: The share regrown, 0 or more.
        zeta: The share pruned, in (0, 1).
    """
    return initial * theta / (zeta + (1 - zeta) * theta)
