"""Methods that learn which weights they need."""

from suite.methods.presets.method import Method, Stated, answer, with_parts

_DENSE = with_parts(answer("initial", "dense"), answer("schedule", "never"))

METHODS = (
    Method(
        "l0",
        "L0 regularization",
        "A dense network learns gates on its units, with a penalty for each open gate.",
        "Louizos et al. 2018, ICLR; numbers of its code",
        _DENSE,
        settings={"noise": {"kind": "hard_concrete"}, "dropout": 0.0},
        training={
            "noise": Stated(
                {"kind": "hard_concrete", "strength": 0.1},
                "the suite; the code's default is 1",
            ),
            "dataset": Stated("mnist", "code"),
            "standardise": Stated("none", "code"),
            "hidden": Stated([300, 100], "code"),
            "activation": Stated("relu", "code"),
            "augment": Stated(False, "code"),
            "initial_weights": Stated(
                {"scale": 2.0, "fan": "in", "distribution": "normal"}, "code, of gated layers"
            ),
            "epochs": Stated(200, "code, of LeNet-5"),
            "batch_size": Stated(100, "code, of LeNet-5"),
            "optimizer": Stated("adam", "code"),
            "learning_rate": Stated(0.001, "code, of LeNet-5"),
            "reset_momentum": Stated(False, "code"),
        },
    ),
    Method(
        "variational_dropout",
        "Sparse variational dropout",
        "A dense network learns a noise level for each weight, and drops weights lost in noise.",
        "Molchanov et al. 2017, ICML; numbers of its code",
        _DENSE,
        settings={"noise": {"kind": "variational"}, "dropout": 0.0},
        training={
            "noise": Stated(
                {"kind": "variational", "threshold": 3.0, "starts": 5, "rises": 15}, "code"
            ),
            "dataset": Stated("mnist", "code"),
            "hidden": Stated([300, 100], "code"),
            "activation": Stated("relu", "code"),
            "augment": Stated(False, "code"),
            "epochs": Stated(200, "code"),
            "batch_size": Stated(100, "code"),
            "optimizer": Stated("adam", "code"),
            "learning_rate": Stated(0.001, "code: and on a line to 0 from epoch 100 on"),
            "reset_momentum": Stated(False, "code"),
        },
    ),
)
