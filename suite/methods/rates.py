"""Prune rates: zeta, the share of the connections that goes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from suite.methods import curves
from suite.methods.moment import Moment
from suite.methods.parts import part

Share = Annotated[float, Field(gt=0, lt=1)]
End = Annotated[float, Field(ge=0, lt=1)]
Until = Annotated[float, Field(gt=0, le=1)]


@part("rate", source="Mocanu et al. 2018, Nature Communications 9:2383")
def constant(moment: Moment, *, zeta: Share = 0.3) -> float:
    """The same share at every update.

    Args:
        zeta: Share of the connections that goes.
    """
    return zeta


@part("rate", source="Evci et al. 2020, ICML, section 3; Dettmers and Zettlemoyer 2019")
def cosine(moment: Moment, *, zeta: Share = 0.3, end: End = 0.0, until: Until = 1.0) -> float:
    """A share that falls along half a cosine.

    Args:
        zeta: Share at the start.
        end: Share at the end.
        until: The share of the training after which the end is reached.
    """
    return curves.cosine(moment.progress / until, zeta, end)


@part("rate", source="Dettmers and Zettlemoyer 2019")
def linear(moment: Moment, *, zeta: Share = 0.3, end: End = 0.0, until: Until = 1.0) -> float:
    """A share that falls linearly.

    Args:
        zeta: Share at the start.
        end: Share at the end.
        until: The share of the training after which the end is reached.
    """
    return curves.linear(moment.progress / until, zeta, end)


@part("rate", source="Evci et al. 2020, ICML, an option of the authors' code")
def inverse_power(
    moment: Moment,
    *,
    zeta: Share = 0.3,
    power: Annotated[float, Field(gt=0)] = 3.0,
    begin: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    until: Until = 1.0,
) -> float:
    """A share that falls as a power of the part of the training that is left.

    Args:
        zeta: Share at the start.
        power: 1 is a line; the higher, the sooner the share is small.
        begin: The share of the training from which on it falls.
        until: The share of the training after which it is 0; above begin.
    """
    passed = max(0.0, moment.progress - begin) / (until - begin)
    return zeta * (1 - min(passed, 1.0)) ** power


@part("rate", source="Yuan et al. 2021, NeurIPS 34 (MEST)")
def step(
    moment: Moment,
    *,
    zeta: Share = 0.3,
    at: Until = 0.5,
    factor: Annotated[float, Field(ge=0, lt=1)] = 0.5,
) -> float:
    """A share that falls once.

    Args:
        zeta: Share at the start.
        at: The share of the training after which it falls.
        factor: What it is multiplied with then.
    """
    return curves.steps(moment.progress, (at,), factor, zeta)


@part("rate", source="Mostafa and Wang 2019, ICML, Algorithm 1")
def adaptive_threshold(
    moment: Moment,
    *,
    start: Share = 0.001,
    target: Annotated[int, Field(ge=1)] = 600,
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.1,
) -> float:
    """A threshold that is doubled after an update pruned too few, and halved after too many.

    The prune rule `threshold` reads it.

    Args:
        start: The threshold of the first update.
        target: How many connections an update is to prune, in all layers together.
        tolerance: Which share more or less than the target leaves the threshold as it is.
    """
    threshold = start
    for change in moment.changes:
        pruned = sum(change.pruned)
        if pruned > (1 + tolerance) * target:
            threshold /= 2
        elif pruned < (1 - tolerance) * target:
            threshold *= 2
    return min(threshold, 1.0)


@part("rate", source="Zhu and Gupta 2017")
def none(moment: Moment) -> float:
    """No pruning beyond what the budget removes."""
    return 0.0
