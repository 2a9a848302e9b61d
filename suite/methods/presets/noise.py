"""Methods that learn which weights they need."""

from suite.methods.presets.method import Method, answer, with_parts

_DENSE = with_parts(answer("initial", "dense"), answer("schedule", "never"))

METHODS = (
    Method(
        "l0",
        "L0 regularization",
        "A dense network learns gates on its units, and pays for those that may be open.",
        "Louizos et al. 2018, ICLR; numbers of its code",
        _DENSE,
        settings={"noise": {"kind": "hard_concrete"}, "dropout": 0.0},
    ),
    Method(
        "variational_dropout",
        "Sparse variational dropout",
        "A dense network learns how much noise each weight bears; what is mostly noise goes.",
        "Molchanov et al. 2017, ICML; numbers of its code",
        _DENSE,
        settings={"noise": {"kind": "variational"}, "dropout": 0.0},
    ),
)
