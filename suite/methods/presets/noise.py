"""Methods that learn which weights they need."""

from suite.methods.presets.method import Method, answer, with_parts

_DENSE = with_parts(answer("initial", "dense"), answer("schedule", "never"))

METHODS = (
    Method(
        "l0",
        "L0 regularization",
        "A dense network learns gates on its units, with a penalty for each open gate.",
        "Louizos et al. 2018, ICLR; numbers of its code",
        _DENSE,
        settings={"noise": {"kind": "hard_concrete"}, "dropout": 0.0},
    ),
    Method(
        "variational_dropout",
        "Sparse variational dropout",
        "A dense network learns a noise level for each weight, and drops weights lost in noise.",
        "Molchanov et al. 2017, ICML; numbers of its code",
        _DENSE,
        settings={"noise": {"kind": "variational"}, "dropout": 0.0},
    ),
)
