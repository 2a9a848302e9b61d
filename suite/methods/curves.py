"""Curves: a value that changes over training. Prune rates and learning rates follow them.

Each takes `progress`, the share of its own span that has passed, and returns a factor or a value.
Progress beyond 1 counts as 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


def cosine(progress: float, start: float = 1.0, end: float = 0.0) -> float:
    """Return the value on half a cosine from `start` to `end`, level at both ends.

    Source: Loshchilov and Hutter 2017, Equation 5.
    """
    return end + (start - end) / 2 * (1 + math.cos(math.pi * min(progress, 1.0)))


def linear(progress: float, start: float = 1.0, end: float = 0.0) -> float:
    """Return the value on a straight line from `start` to `end`."""
    return start + (end - start) * min(progress, 1.0)


def cubic(progress: float, start: float = 1.0, end: float = 0.0) -> float:
    """Return the value on a cubic that falls steeply from `start` and arrives level at `end`.

    Source: Zhu and Gupta 2017, Equation 1.
    """
    return end + (start - end) * (1 - min(progress, 1.0)) ** 3


def steps(progress: float, at: Sequence[float], factor: float, start: float = 1.0) -> float:
    """Return `start`, multiplied by `factor` once for every element of `at` that has been reached.

    Args:
        progress: The share of the span that has passed, 0 or more.
        at: Shares of the span, in [0, 1].
        factor: Above 0.
        start: The value before the first of `at`.
    """
    return start * factor ** sum(progress >= reached for reached in at)


def warmed_up(value: float, progress: float, over: float) -> float:
    """Return `value`, or less during a linear warm-up from 0 that ends at progress `over`."""
    return value if progress >= over else value * progress / over


class LearningRate(BaseModel):
    """A learning rate that changes over training, step by step."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    curve: Literal["constant", "cosine", "linear", "step"]
    """How it gets from start to end; step multiplies it by `factor` at each of `at`."""
    start: Annotated[float, Field(gt=0)]
    """The learning rate after the warm-up."""
    end: Annotated[float, Field(ge=0)] = 0.0
    """The learning rate at the end of training, of cosine and linear."""
    at: Annotated[
        tuple[Annotated[float, Field(ge=0, le=1)], ...], Field(min_length=1, strict=False)
    ] = (0.5, 0.75)
    """Shares of the training at which step multiplies."""
    factor: Annotated[float, Field(gt=0)] = 0.1
    """What step multiplies with."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the training in which it rises from 0 to its curve."""

    def value(self, progress: float) -> float:
        """Return the learning rate of a step.

        Args:
            progress: The share of the training's steps that are done, from 0 to below 1.
        """
        match self.curve:
            case "cosine":
                rate = cosine(progress, self.start, self.end)
            case "linear":
                rate = linear(progress, self.start, self.end)
            case "step":
                rate = steps(progress, self.at, self.factor, self.start)
            case _:
                rate = self.start
        return warmed_up(rate, progress, self.warmup)

    def __str__(self) -> str:
        words = {
            "constant": f"{self.start:g}",
            "cosine": f"cosine from {self.start:g} to {self.end:g}",
            "linear": f"linear from {self.start:g} to {self.end:g}",
            "step": f"{self.start:g}, times {self.factor:g} at "
            + ", ".join(f"{share:g}" for share in self.at),
        }[self.curve]
        return f"{words}, warm-up {self.warmup:g}" if self.warmup else words
