"""A moment of training: what schedules, gates, rates and budgets see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from suite.errors import suggestion

Signal = Literal["loss", "val_loss", "val_accuracy"]
"""A measure that a part reads to decide."""

SIGNALS: tuple[Signal, ...] = get_args(Signal)
HIGHER_IS_BETTER: dict[Signal, bool] = {"loss": False, "val_loss": False, "val_accuracy": True}


class Change(NamedTuple):
    """What an update did to each layer.

    Attributes:
        pruned: How many connections went.
        regrown: How many returned.
        returned: How many of the regrown had gone in the same update.
    """

    pruned: tuple[int, ...]
    regrown: tuple[int, ...]
    returned: tuple[int, ...]


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
        changes: What every update so far did, the latest last.
    """

    update: int
    step: int
    steps: int
    epoch: int
    epochs: int
    signals: Mapping[str, Sequence[float]] = field(default_factory=dict)
    changes: Sequence[Change] = ()

    @property
    def progress(self) -> float:
        """The share of the training that is done, by steps, above 0 and up to 1."""
        return self.step / self.steps

    def history(self, signal: Signal) -> Sequence[float]:
        """Return a signal's values of the epochs so far, the latest last.

        Raises:
            ValueError: If there is no such signal.
        """
        if signal not in SIGNALS:
            raise ValueError(f'there is no signal "{signal}"{suggestion(signal, SIGNALS)}')
        return self.signals.get(signal, ())
