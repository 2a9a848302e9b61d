"""Methods that start from an earlier run."""

from suite.methods.presets.method import Method, Stated, answer, with_parts

METHODS = (
    Method(
        "ticket",
        "Lottery ticket",
        "Train the connections that an earlier run kept, from their initial weights.",
        "Frankle and Carbin 2019, ICLR; a fifth a round as in its code",
        with_parts(answer("initial", "ticket"), answer("schedule", "never")),
        origins={
            "initial": "code",
            "initial.share": "paper and code",
            "initial.one_more": "the suite; the code removes one more",
            "initial.mask": "paper and code",
            "initial.weights": "paper and code",
        },
        training={
            "dataset": Stated("mnist", "code"),
            "hidden": Stated([300, 100], "code"),
            "activation": Stated("relu", "code"),
            "dropout": Stated(0.0, "code"),
            "augment": Stated(False, "code"),
            "epochs": Stated(53, "code: 50,000 steps"),
            "batch_size": Stated(64, "code"),
            "learning_rate": Stated(0.1, "code"),
            "momentum": Stated(0.0, "code"),
            "initial_weights": Stated({"distribution": "normal"}, "code"),
        },
    ),
)
