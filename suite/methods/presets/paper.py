"""The methods that the paper compares."""

from suite.methods.moment import SIGNALS
from suite.methods.presets.method import SET, Method, answer, with_parts

_TABLE_1 = {
    "initial.epsilon": "Scholte 2022, Table 1",
    "initial.output": "SET's code",
    "rate.zeta": "Scholte 2022, Table 1",
    "fill.returning": "SET's code",
}
_PERFORMANCE = _TABLE_1 | {
    "budget": "Scholte 2022, Algorithm 1",
    "budget.overshoot": "the suite",
    "budget.break_even": "the suite",
}

METHODS = (
    Method(
        "set",
        "SET",
        "Prune after each epoch and regrow as many connections as are missing.",
        "Mocanu et al. 2018, Nature Communications 9:2383",
        SET,
        origins=_TABLE_1,
    ),
    Method(
        "accset",
        "AccSET",
        "SET that regrows a smaller share of the missing connections as the accuracy rises.",
        "Lapshyna 2020; Scholte 2022, Algorithm 1",
        with_parts(answer("budget", "performance", metric="val_accuracy")),
        metrics=("val_accuracy",),
        default_metric="val_accuracy",
        origins=_PERFORMANCE,
    ),
    Method(
        "lset",
        "LSET",
        "SET that regrows a smaller share of the missing connections as the loss falls.",
        "Scholte 2022, section 4.2",
        with_parts(answer("budget", "performance", metric="loss")),
        metrics=("loss", "val_loss"),
        default_metric="loss",
        origins=_PERFORMANCE,
    ),
    Method(
        "dynset",
        "DynSET",
        "LSET or AccSET that skips updates while its signal gets worse.",
        "Scholte 2022, Algorithm 2",
        with_parts(
            answer("budget", "performance", metric="loss"),
            answer("gate", "pauses", metric="loss", window=3),
        ),
        metrics=SIGNALS,
        default_metric="loss",
        origins=_PERFORMANCE | {"gate": "Scholte 2022, Algorithm 2"},
    ),
    Method(
        "static",
        "Static sparse training",
        "A sparse network whose topology never changes.",
        "Mocanu et al. 2016, Machine Learning 104:243-270",
        with_parts(answer("schedule", "never")),
    ),
    Method(
        "dense",
        "Dense training",
        "A fully connected network.",
        "the dense baseline",
        with_parts(answer("initial", "dense"), answer("schedule", "never")),
    ),
)
