"""What a named recipe is, and the parts that are SET's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from suite.methods.answer import Answer
from suite.methods.moment import Signal
from suite.methods.parts import KINDS, Kind, registered


class Stated(NamedTuple):
    """The value of a setting, and where it stands: paper, code, or what is derived from them."""

    value: Any
    where: str


@dataclass(frozen=True)
class Method:
    """A named recipe.

    Attributes:
        name: As a study file writes it.
        title: As reports write it.
        summary: What it does, in a sentence.
        source: Where it was published.
        parts: The answer to each question, with all its options.
        metrics: Signals that its budget and gate may read; empty where neither reads one.
        default_metric: The signal that they read if the study names none.
        settings: Values of other settings that make the method, where a cell gives none.
        origins: Where the values of its options come from, by "kind.option", or by kind for all of
            a part's.
        training: Settings with which its authors train, as far as the suite has them. No cell gets
            them unless it gives them.
    """

    name: str
    title: str
    summary: str
    source: str
    parts: Mapping[Kind, Answer]
    metrics: tuple[Signal, ...] = ()
    default_metric: Signal | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    training: Mapping[str, Stated] = field(default_factory=dict)

    def origin(self, kind: Kind, option: str) -> str:
        """Return where the value of an option comes from: paper, code, or the suite itself."""
        if found := self.origins.get(f"{kind}.{option}", self.origins.get(kind)):
            return found
        return "as in SET" if self.parts[kind] == SET[kind] else ""


def answer(kind: Kind, name: str, **options: Any) -> Answer:
    """Return an answer: a part with its defaults, some options replaced."""
    return Answer(kind, name, registered(kind)[name].defaults | options)


SET: dict[Kind, Answer] = {
    "initial": answer("initial", "erdos_renyi", epsilon=20.0),
    "schedule": answer("schedule", "every_epoch"),
    "gate": answer("gate", "open"),
    "rate": answer("rate", "constant", zeta=0.3),
    "prune": answer("prune", "set"),
    "budget": answer("budget", "all"),
    "share": answer("share", "own"),
    "regrow": answer("regrow", "random"),
    "fill": answer("fill", "zeros"),
}
assert tuple(SET) == KINDS


def with_parts(*answers: Answer) -> dict[Kind, Answer]:
    """Return SET's parts with some replaced."""
    return SET | {answer.kind: answer for answer in answers}
