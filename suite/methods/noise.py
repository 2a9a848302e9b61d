"""Noise that is learnt with the weights and tells which of them a network needs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_CONFIG = ConfigDict(
    frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
)


class HardConcrete(BaseModel):
    """A gate on every unit that a layer reads; the penalty counts the weights behind open gates.

    Source: Louizos et al. 2018, ICLR (L0 regularization).
    """

    model_config = _CONFIG

    kind: Literal["hard_concrete"]
    """Gates on units."""
    strength: Annotated[float, Field(ge=0)] = 0.1
    """What an expected weight adds to the loss, divided by the number of training images."""
    dropped_inputs: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """The p with which the input's gates start at log alpha = log((1 - p) / p)."""
    dropped: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """The same for every hidden layer's gates; at 0.5, 83 of 100 are open in a first draw."""
    temperature: Annotated[float, Field(gt=0)] = 2 / 3
    """Of the concrete distribution."""


class Variational(BaseModel):
    """Gaussian noise on every weight, of a learnt variance; weights that are mostly noise go.

    Source: Molchanov et al. 2017, ICML (sparse variational dropout).
    """

    model_config = _CONFIG

    kind: Literal["variational"]
    """Noise on weights."""
    threshold: float = 3.0
    """The log of variance over squared weight from which on a weight counts as zero."""
    clips: bool = True
    """Whether such a weight is zero while training too, and adds nothing to the penalty."""
    first_log_variance: float = -10.0
    """The log of every weight's variance at the start."""
    starts: Annotated[int, Field(ge=0)] = 5
    """Epochs without the penalty; in the one after them it rises from 0."""
    rises: Annotated[int, Field(ge=1)] = 15
    """Epochs after which it then has its full weight."""


Noise = Annotated[HardConcrete | Variational, Field(discriminator="kind")]
