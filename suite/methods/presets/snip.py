"""SNIP: a topology chosen before training, from the gradient of one batch."""

from suite.methods.presets.method import Method, Stated, answer, with_parts

METHODS = (
    Method(
        "snip",
        "SNIP",
        "Keep the connections with the most effect on the loss of one batch; never change them.",
        "Lee et al. 2019, ICLR; numbers of its code",
        with_parts(
            answer("initial", "snip", density=0.1, biases="counted", weights="redrawn"),
            answer("schedule", "never"),
        ),
        origins={
            "initial": "code",
            "initial.density": "code, by default",
            "initial.output": "the suite; sparse in the code",
        },
        training={
            "dataset": Stated("mnist", "code, by default"),
            "validation": Stated(0.1, "code"),
            "standardise": Stated("channel", "code"),
            "hidden": Stated([300, 100], "code: lenet300"),
            "activation": Stated("relu", "code"),
            "dropout": Stated(0.0, "code"),
            "augment": Stated(False, "code, by default"),
            "epochs": Stated(19, "code, by default: 10,000 steps"),
            "batch_size": Stated(100, "code, by default"),
            "learning_rate": Stated(0.1, "code, by default"),
            "momentum": Stated(0.0, "code, by default"),
            "weight_decay": Stated(5e-4, "code: 0.00025 times the sum of squares"),
        },
    ),
)
