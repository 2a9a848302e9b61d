"""The methods by name: each is a recipe, of which a cell may replace any part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from suite.methods.answer import Answer
from suite.methods.moment import SIGNALS, Signal
from suite.methods.parts import KINDS, Kind, registered


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
    """

    name: str
    title: str
    summary: str
    source: str
    parts: Mapping[Kind, Answer]
    metrics: tuple[Signal, ...] = ()
    default_metric: Signal | None = None


def _answer(kind: Kind, name: str, **options: Any) -> Answer:
    return Answer(kind, name, registered(kind)[name].defaults | options)


SET: dict[Kind, Answer] = {
    "initial": _answer("initial", "erdos_renyi", epsilon=20.0),
    "schedule": _answer("schedule", "every_epoch"),
    "gate": _answer("gate", "open"),
    "rate": _answer("rate", "constant", zeta=0.3),
    "prune": _answer("prune", "set"),
    "budget": _answer("budget", "all"),
    "share": _answer("share", "own"),
    "regrow": _answer("regrow", "random"),
    "fill": _answer("fill", "zeros"),
}
assert tuple(SET) == KINDS


def _with(*answers: Answer) -> dict[Kind, Answer]:
    """Return SET's parts with some replaced."""
    return SET | {answer.kind: answer for answer in answers}


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "set",
            "SET",
            "Prune after each epoch and regrow all that is lacking.",
            "Mocanu et al. 2018, Nature Communications 9:2383",
            SET,
        ),
        Method(
            "accset",
            "AccSET",
            "SET that regrows the less, the higher the accuracy.",
            "Lapshyna 2020; Scholte 2022, Algorithm 1",
            _with(_answer("budget", "performance", metric="val_accuracy")),
            metrics=("val_accuracy",),
            default_metric="val_accuracy",
        ),
        Method(
            "lset",
            "LSET",
            "SET that regrows the less, the lower the loss.",
            "Scholte 2022, section 4.2",
            _with(_answer("budget", "performance", metric="loss")),
            metrics=("loss", "val_loss"),
            default_metric="loss",
        ),
        Method(
            "dynset",
            "DynSET",
            "LSET or AccSET that pauses while its signal gets worse.",
            "Scholte 2022, Algorithm 2",
            _with(
                _answer("budget", "performance", metric="loss"),
                _answer("gate", "pauses", metric="loss", window=3),
            ),
            metrics=SIGNALS,
            default_metric="loss",
        ),
        Method(
            "static",
            "Static sparse training",
            "The initial sparse topology stays.",
            "Mocanu et al. 2016, Machine Learning 104:243-270",
            _with(_answer("schedule", "never")),
        ),
        Method(
            "dense",
            "Dense training",
            "Every connection exists, and stays.",
            "the dense baseline",
            _with(_answer("initial", "dense"), _answer("schedule", "never")),
        ),
        Method(
            "rigl",
            "RigL",
            "Every 100 steps prune by magnitude and regrow where the gradient is largest.",
            "Evci et al. 2020, ICML",
            _with(
                _answer("schedule", "every_steps", n=100, until=0.75),
                _answer("rate", "cosine", zeta=0.3, until=0.75),
                _answer("prune", "magnitude", zeros="count"),
                _answer("regrow", "gradient"),
            ),
        ),
        Method(
            "set_itop",
            "SET-ITOP",
            "SET by magnitude every 1,500 steps, ever less, to the end of the training.",
            "Liu et al. 2021, ICML",
            _with(
                _answer("schedule", "every_steps", n=1500),
                _answer("rate", "cosine", zeta=0.5, end=0.005),
                _answer("prune", "magnitude", zeros="count"),
            ),
        ),
        Method(
            "rigl_itop",
            "RigL-ITOP",
            "RigL every 4,000 steps to the end of the training.",
            "Liu et al. 2021, ICML",
            _with(
                _answer("schedule", "every_steps", n=4000),
                _answer("rate", "cosine", zeta=0.5, end=0.005),
                _answer("prune", "magnitude", zeros="count"),
                _answer("regrow", "gradient"),
            ),
        ),
        Method(
            "snfs_gradient",
            "SNFS, growth by gradient",
            "Layers with more momentum get more of what returns; it grows where the gradient is.",
            "Dettmers and Zettlemoyer 2019; growth by gradient as in Evci et al. 2020",
            _with(
                _answer("rate", "cosine", zeta=0.5, end=0.005),
                _answer("prune", "magnitude", zeros="count"),
                _answer("share", "momentum"),
                _answer("regrow", "gradient"),
            ),
        ),
        Method(
            "gmp",
            "GMP",
            "A dense network loses its smallest weights every 500 steps, on a cubic.",
            "Zhu and Gupta 2017; numbers of the MNIST script of Evci et al. 2020 (120,000 steps)",
            _with(
                _answer("initial", "dense"),
                _answer("schedule", "every_steps", n=500),
                _answer("rate", "none"),
                _answer("prune", "magnitude", zeros="count"),
                _answer("budget", "cubic", density=0.1, start=1 / 60, end=0.25),
            ),
        ),
        Method(
            "granet",
            "GraNet",
            "A half dense network shrinks on a cubic, and what is left is rewired as by RigL.",
            "Liu et al. 2021, NeurIPS 34; numbers of its code (160 epochs)",
            _with(
                _answer("initial", "erk", density=0.5),
                _answer("schedule", "every_steps", n=1000),
                _answer("rate", "cosine", zeta=0.5, end=0.005),
                _answer("prune", "magnitude", zeros="count"),
                _answer("budget", "cubic", density=0.05, end=0.6875, across="network"),
                _answer("regrow", "gradient"),
            ),
        ),
        Method(
            "ticket",
            "Lottery ticket",
            "What an earlier training left is trained from the weights that it had at first.",
            "Frankle and Carbin 2019, ICLR; a fifth a round as in its code",
            _with(_answer("initial", "ticket"), _answer("schedule", "never")),
        ),
    )
}
