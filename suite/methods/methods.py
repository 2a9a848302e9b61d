"""The methods by name: each is a connectivity rule, a gate, and the signals that they may read.

Prune rule and regrowth strategy are settings of their own, so they stand in no row here. The
module imports nothing heavy: study files are checked against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from suite.methods.moment import HIGHER_IS_BETTER, SIGNALS, Signal

__all__ = ["GATES", "HIGHER_IS_BETTER", "METHODS", "RULES", "SIGNALS", "Gate", "Method", "Part"]

Rule = Literal["full", "performance"]
Gate = Literal["open", "pauses"]


class Part(NamedTuple):
    """A connectivity rule or a gate: what it does, in a sentence, and where it was published."""

    summary: str
    source: str


_SET = "Mocanu et al. 2018, Nature Communications 9:2383"

RULES: dict[Rule, Part] = {
    "full": Part("All that a layer lacks returns.", _SET),
    "performance": Part(
        "The better the signal, the smaller the share of what is lacking that returns.",
        "Scholte 2022, Algorithm 1",
    ),
}
GATES: dict[Gate, Part] = {
    "open": Part("Every epoch evolves.", _SET),
    "pauses": Part(
        "An epoch whose signal is worse than some epochs ago does not evolve.",
        "Scholte 2022, Algorithm 2",
    ),
}


@dataclass(frozen=True)
class Method:
    """One named composition.

    Attributes:
        name: As a study file writes it.
        title: As the paper writes it.
        summary: What it does, in a sentence.
        rule: Connectivity rule: how many connections return.
        gate: Whether an epoch may be left without evolution.
        metrics: Signals that rule and gate may read, empty where neither reads one.
        default_metric: The signal read if the study names none.
        evolves: Whether the topology changes at all.
        sparse: False where every position is active.
        source: Where the method was published.
    """

    name: str
    title: str
    summary: str
    rule: Rule = "full"
    gate: Gate = "open"
    metrics: tuple[Signal, ...] = ()
    default_metric: Signal | None = None
    evolves: bool = True
    sparse: bool = True
    source: str = ""


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "set",
            "SET",
            "Prune after each epoch and regrow all that is lacking.",
            source=_SET,
        ),
        Method(
            "accset",
            "AccSET",
            "SET that regrows the less, the higher the accuracy.",
            rule="performance",
            metrics=("val_accuracy",),
            default_metric="val_accuracy",
            source="Lapshyna 2020; Scholte 2022, Algorithm 1",
        ),
        Method(
            "lset",
            "LSET",
            "SET that regrows the less, the lower the loss.",
            rule="performance",
            metrics=("loss", "val_loss"),
            default_metric="loss",
            source="Scholte 2022, section 4.2",
        ),
        Method(
            "dynset",
            "DynSET",
            "LSET or AccSET that pauses while its signal gets worse.",
            rule="performance",
            gate="pauses",
            metrics=SIGNALS,
            default_metric="loss",
            source="Scholte 2022, Algorithm 2",
        ),
        Method(
            "static",
            "Static sparse training",
            "The initial sparse topology stays.",
            evolves=False,
            source="Mocanu et al. 2016, Machine Learning 104:243-270",
        ),
        Method(
            "dense",
            "Dense training",
            "Every connection exists, and stays.",
            evolves=False,
            sparse=False,
            source="the dense baseline",
        ),
    )
}


def reads_signal(rule: Rule, gate: Gate) -> bool:
    """Whether a composition reads a signal at all; without one, a metric cannot matter."""
    return rule == "performance" or gate == "pauses"
