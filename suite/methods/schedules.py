"""Schedules: when an update is due. None is due after the last step: nothing would train on it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from suite.methods.moment import Moment
from suite.methods.parts import part

Shares = Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], Field(strict=False)]


@part("schedule", source="Mocanu et al. 2018, Nature Communications 9:2383")
def every_epoch(moment: Moment) -> bool:
    """After every epoch but the last."""
    return moment.epoch < moment.epochs


@part("schedule", source="Yuan et al. 2021, NeurIPS 34 (MEST)")
def every_epochs(
    moment: Moment,
    *,
    n: Annotated[int, Field(ge=1)] = 5,
    until: Annotated[float, Field(gt=0, le=1)] = 1.0,
) -> bool:
    """After every n epochs, until a share of the training is done.

    Args:
        n: Epochs from one update to the next.
        until: The share of all epochs after which no update takes place.
    """
    within = moment.epoch / moment.epochs <= until
    return moment.epoch % n == 0 and within and moment.epoch < moment.epochs


@part("schedule", at="step", source="Evci et al. 2020, ICML, section 3")
def every_steps(
    moment: Moment,
    *,
    n: Annotated[int, Field(ge=1)] = 100,
    until: Annotated[float, Field(gt=0, le=1)] = 1.0,
    begin: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    instead: bool = False,
    doubles_at: Shares = (),
) -> bool:
    """Every n steps, until a share of the training is done.

    Args:
        n: Steps from one update to the next.
        until: The share of all steps after which no update takes place; above begin.
        begin: The share of all steps before which no update takes place.
        instead: Whether an update takes the place of its step: nothing is trained on that batch,
            which gives the gradient with the weights of now.
        doubles_at: The shares of all steps at each of which n doubles, as in the code of DSR.
    """
    within = begin <= moment.progress <= until
    now = n * 2 ** sum(moment.progress >= at for at in doubles_at)
    return moment.step % now == 0 and within and not _last(moment)


@part("schedule", at="step", source="Lee et al. 2019, ICLR")
def once(moment: Moment, *, at: Annotated[float, Field(ge=0, lt=1)] = 0.5) -> bool:
    """Once.

    Args:
        at: The share of all steps after which the update takes place; at the earliest after the
            first step, at the latest after the last but one.
    """
    return moment.step == min(max(1, round(at * moment.steps)), moment.steps - 1)


@part("schedule", source="Mocanu et al. 2016, Machine Learning 104:243-270")
def never(moment: Moment) -> bool:
    """Never: the initial topology is kept."""
    return False


def _last(moment: Moment) -> bool:
    return moment.step >= moment.steps
