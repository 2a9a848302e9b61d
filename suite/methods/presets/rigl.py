"""RigL: growth where the gradient is."""

from suite.methods.presets.method import Method, Stated, answer, with_parts

SCRIPT = "code, mnist_train_eval.py"
"""RigL's script for MNIST, which trains with gradual magnitude pruning as well."""

MNIST_SCRIPT = {
    "dataset": Stated("mnist", SCRIPT),
    "standardise": Stated("none", SCRIPT),
    "hidden": Stated([300, 100], SCRIPT),
    "activation": Stated("relu", SCRIPT),
    "dropout": Stated(0.0, SCRIPT),
    "augment": Stated(False, SCRIPT),
    "epochs": Stated(200, SCRIPT),
    "batch_size": Stated(100, SCRIPT),
    "learning_rate": Stated(
        {"curve": "step", "start": 0.2, "at": [0.375, 0.475], "factor": 0.3333},
        f"{SCRIPT}: cut to a third at epochs 75 and 95",
    ),
    "momentum": Stated(0.9, SCRIPT),
    "nesterov": Stated(True, SCRIPT),
    "reset_momentum": Stated(False, SCRIPT),
    "weight_decay": Stated(1e-4, f"{SCRIPT}, of weights only"),
}

METHODS = (
    Method(
        "rigl",
        "RigL",
        "Every 100 steps, prune by magnitude and regrow where the gradient is largest.",
        "Evci et al. 2020, ICML; the update as in its code",
        with_parts(
            # In the code an update replaces a step of SGD: the batch only gives the gradient.
            answer("schedule", "every_steps", n=100, until=0.75, instead=True),
            answer("rate", "cosine", zeta=0.3, until=0.75),
            answer("prune", "magnitude", zeros="count"),
            answer("regrow", "gradient"),
            # The code zeroes new weights only; one that was pruned in the same update is not new.
            answer("fill", "zeros", returning="kept"),
        ),
        origins={
            "schedule.n": "paper and code",
            "schedule.until": "paper; the MNIST script: 50,000 of 120,000 steps",
            "schedule.begin": "code",
            "schedule.instead": "code",
            "schedule.doubles_at": "code: never",
            "rate.zeta": "paper and code",
            "rate.end": "paper and code",
            "rate.until": "paper; the MNIST script: 50,000 of 120,000 steps",
            "prune": "code",
            "regrow": "code",
            "fill": "code; the paper says zero",
        },
        training=MNIST_SCRIPT
        | {
            "initial": Stated(
                {"uniform": {"density": 0.02, "zeros": "floor", "last": 0.9}},
                f"{SCRIPT}: sparsity 0.98, of the second layer 0.98 x 0.9",
            )
        },
    ),
)
