"""Recipes: a method is one answer to each of nine questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from suite.methods import library
from suite.methods.answer import Answer
from suite.methods.moment import SIGNALS, Signal
from suite.methods.parts import KINDS, TITLES, Kind
from suite.methods.presets import METHODS
from suite.methods.window import Window

__all__ = ["Answer", "Recipe", "contradictions", "resolve"]


@dataclass(frozen=True)
class Recipe:
    """One answer to each question: what a method is."""

    initial: Answer
    schedule: Answer
    gate: Answer
    rate: Answer
    prune: Answer
    budget: Answer
    share: Answer
    regrow: Answer
    fill: Answer

    def answer(self, kind: Kind) -> Answer:
        """Return the answer to a question."""
        return getattr(self, kind)

    @property
    def answers(self) -> list[Answer]:
        """All nine answers."""
        return [getattr(self, f.name) for f in fields(self)]

    @property
    def in_use(self) -> list[Answer]:
        """The answers that decide a result: without updates only the initial topology does."""
        return self.answers if self.evolves else [self.initial, self.schedule]

    @property
    def evolves(self) -> bool:
        """Whether the topology changes at all."""
        return self.schedule.name != "never"

    @property
    def sparse(self) -> bool:
        """Whether the network starts with fewer connections than there are positions."""
        return self.initial.name != "dense"

    @property
    def chained(self) -> bool:
        """Whether the network starts from that of an earlier run."""
        return "earlier" in self.initial.part.needs

    @property
    def sparse_output(self) -> bool:
        """Whether the output layer has a topology as well."""
        return self.initial.options.get("output") == "sparse"

    @property
    def signals(self) -> list[Signal]:
        """The signals that its parts read, each once; other values of `metric` are not signals."""
        named = [answer.options.get("metric") for answer in self.in_use]
        return [signal for signal in dict.fromkeys(named) if signal in SIGNALS]

    @property
    def needs(self) -> set[str]:
        """What the parts in use must be shown; `part` says what there is."""
        return {need for answer in self.in_use for need in answer.part.needs}

    @property
    def window(self) -> Window:
        """The batches of the gradient that its parts read."""
        return Window.from_options(self.regrow.options)

    @property
    def instead(self) -> bool:
        """Whether an update takes the place of its step."""
        return bool(self.schedule.options.get("instead"))

    @property
    def fingerprints(self) -> dict[Kind, str]:
        """Content of the plug-ins in use, by the kind of their part."""
        found = {answer.kind: answer.part.origin.fingerprint for answer in self.in_use}
        return {kind: digest for kind, digest in found.items() if digest is not None}


def resolve(method: str, replaced: Mapping[Any, Mapping[str, Any]] | None = None) -> Recipe:
    """Return a method's recipe with some of its parts replaced.

    Args:
        method: The method's name.
        replaced: By kind, {"name": NAME, "options": {...}}. The method's own part may be named, or
            the name be left out: then its options stay as the method has them, except those given.

    Raises:
        UserError: If there is no part of that name.
        pydantic.ValidationError: If an option is unknown, missing or out of range; its title is
            the part's name, its locations are options.
    """
    answers: dict[str, Answer] = {}
    for kind in KINDS:
        own = METHODS[method].parts[kind]
        given = (replaced or {}).get(kind, {})
        name = given.get("name") or own.name
        options = dict(given.get("options") or {})
        if name == own.name:
            options = {**own.options, **options}
        answers[kind] = Answer(kind, name, library.get(kind, name).check(options))
    return Recipe(**answers)


SPANS: dict[tuple[Kind, str], tuple[str, str]] = {
    ("schedule", "every_steps"): ("begin", "until"),
    ("rate", "inverse_power"): ("begin", "until"),
    ("budget", "cubic"): ("start", "end"),
}
"""Options of parts of which the second must be above the first."""


SHRINKING = ("cubic", "stairs")
"""Budgets that remove connections by themselves, by the prune rule."""


def contradictions(recipe: Recipe) -> list[tuple[Kind, str]]:
    """Return what does not fit together in a recipe: the kind of the part to change, and why."""
    start = recipe.initial.options
    if recipe.chained and start["weights"] == "trained":
        topology = f'initial topology "{recipe.initial.name}"'
        if start["mask"] == "random":
            sentence = "mask random has connections that were never trained"
            return [("initial", f"{topology}: {sentence}; it fits weights rewound and fresh.")]
        if start["rewind"] > 0:
            sentence = "with weights trained, no weight goes back to an epoch; leave rewind out"
            return [("initial", f"{topology}: {sentence}.")]
    if not recipe.evolves:
        return [
            (
                answer.kind,
                f'{TITLES[answer.kind].lower()} "{answer.name}" reads the {need} of an update, and '
                'with the schedule "never" there is no update.',
            )
            for answer in recipe.answers
            for need in answer.part.needs
            if need not in ("probe", "earlier")
        ]
    for (kind, name), (first, last) in SPANS.items():
        options = recipe.answer(kind).options
        if recipe.answer(kind).name == name and options[last] <= options[first]:
            sentence = (
                f'{TITLES[kind].lower()} "{name}" has the option {last} at {options[last]:g}; it '
                f"must be above {first}, which is {options[first]:g}."
            )
            return [(kind, sentence)]
    if recipe.rate.name == "adaptive_threshold" and recipe.prune.name != "threshold":
        return [
            (
                "rate",
                'prune rate "adaptive_threshold" gives a threshold, which the prune rule '
                f'"{recipe.prune.name}" would take for a share; it fits the rule "threshold".',
            )
        ]
    if recipe.prune.name == "threshold" and recipe.budget.name in SHRINKING:
        return [
            (
                "budget",
                f'budget "{recipe.budget.name}" removes numbers of connections, which the prune '
                'rule "threshold" would take for weights; it fits the rule "magnitude".',
            )
        ]
    if recipe.share.options.get("total") == "drifts" and recipe.budget.name != "all":
        sentence = (
            f'share rule "{recipe.share.name}" with total drifts returns what was pruned, whatever '
            f'the budget "{recipe.budget.name}" says; that budget fits total kept.'
        )
        return [("share", sentence)]
    if not recipe.sparse and recipe.budget.name == "all":
        return [
            (
                "budget",
                'budget "all" finds no position to regrow in a dense network but what went; '
                'it fits a sparse start, and "cubic", "stairs" and "nothing" make a dense network '
                "sparse.",
            )
        ]
    return []
