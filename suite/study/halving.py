"""Synchronous successive halving: which samples of a cell are continued, and which one wins.

Jamieson and Talwalkar (2016), "Non-stochastic best arm identification and hyperparameter
optimization". Every decision follows from the held-out measures alone, once all of a rung are
known: neither the order in which runs end nor the number of cores matters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

WORST = float("-inf")
"""Stands for the measure of a sample whose training diverged."""

Measured = Callable[[int, int], float | None]
"""The measure of a sample at an epoch, higher is better; None while it is not known."""


@dataclass(frozen=True)
class Rung:
    """A number of epochs after which samples are compared.

    Attributes:
        epoch: After which epoch.
        samples: The samples that get there, in order.
        values: Their measures, higher is better; None while it is not known.
    """

    epoch: int
    samples: tuple[int, ...]
    values: tuple[float | None, ...]

    @property
    def due(self) -> tuple[int, ...]:
        """The samples whose measure is not known."""
        return tuple(s for s, v in zip(self.samples, self.values, strict=True) if v is None)

    def best_first(self) -> list[int]:
        """Return the samples by their measure, the best first; ties keep their order."""
        known = dict(zip(self.samples, self.values, strict=True))
        return sorted(self.samples, key=lambda sample: (-_number(known[sample]), sample))


def _number(value: float | None) -> float:
    return WORST if value is None else value


def rung_epochs(epochs: int, start: int | None, by: int) -> list[int]:
    """Return after which epochs samples are compared: start, start x by, ... and the last."""
    found, epoch = [], start or epochs
    while epoch < epochs:
        found.append(epoch)
        epoch *= by
    return [*found, epochs]


def survivors(samples: int, by: int, rungs: int) -> list[int]:
    """Return how many samples reach each rung; 0 where halving leaves none."""
    return [samples // by**rung for rung in range(rungs)]


def climb(
    fitting: Sequence[int], epochs: Sequence[int], most: Sequence[int], measured: Measured
) -> list[Rung]:
    """Return the rungs up to the first that is not complete.

    Args:
        fitting: The samples that can be run, in order.
        epochs: After which epoch each rung is.
        most: How many samples reach each rung.
        measured: What is known.
    """
    alive, found = list(fitting), []
    for epoch, room in zip(epochs, most, strict=False):
        alive = sorted(alive[:room])
        rung = Rung(epoch, tuple(alive), tuple(measured(sample, epoch) for sample in alive))
        found.append(rung)
        if rung.due:
            break
        alive = rung.best_first()
    return found


def chosen(rungs: Sequence[Rung], count: int) -> int | None:
    """Return the best sample of the last rung; None while it is not known, or if all diverged.

    Args:
        rungs: As `climb` returns them.
        count: How many rungs there are.
    """
    if len(rungs) < count or rungs[-1].due or not rungs[-1].samples:
        return None
    best = rungs[-1].best_first()[0]
    value = rungs[-1].values[rungs[-1].samples.index(best)]
    return None if value == WORST else best
