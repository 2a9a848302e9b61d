"""A moment of training: what schedules, gates, rates and budgets see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

Signal = Literal["loss", "val_loss", "val_accuracy"]
"""A measure that a budget or gate reads."""

SIGNALS: tuple[Signal, ...] = get_args(Signal)
HIGHER_IS_BETTER: dict[Signal, bool] = {"loss": False, "val_loss": False, "val_accuracy": True}


@dataclass(frozen=True)
class Moment:
    """A moment after a step of the optimiser, or after an epoch and its evaluation.

    Attributes:
        update: Names the update's random streams: the epoch where the schedule is asked after
            epochs, the step where it is asked after steps.
        step: How many steps are done, from 1.
        steps: How many steps the whole training has.
        epoch: Which epoch this is, from 1.
        epochs: How many epochs the whole training has.
        signals: Each signal's values, one for every epoch that was evaluated so far; "loss" is the
            training loss.
    """

    update: int
    step: int
    steps: int
    epoch: int
    epochs: int
    signals: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def progress(self) -> float:
        """The share of the training that is done, by steps, above 0 and up to 1."""
        return self.step / self.steps

    def history(self, signal: Signal) -> Sequence[float]:
        """Return a signal's values of the epochs so far, the latest last."""
        return self.signals.get(signal, ())
