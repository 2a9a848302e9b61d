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
    """A share that falls on half a cosine.

    Args:
        zeta: Share at the start.
        end: Share at the end.
        until: The share of the training after which the end is reached.
    """
    return curves.cosine(moment.progress / until, zeta, end)


@part("rate", source="Dettmers and Zettlemoyer 2019")
def linear(moment: Moment, *, zeta: Share = 0.3, end: End = 0.0, until: Until = 1.0) -> float:
    """A share that falls on a straight line.

    Args:
        zeta: Share at the start.
        end: Share at the end.
        until: The share of the training after which the end is reached.
    """
    return curves.linear(moment.progress / until, zeta, end)


@part("rate", source="Zhu and Gupta 2017")
def none(moment: Moment) -> float:
    """Nothing goes but what the budget takes away."""
    return 0.0
