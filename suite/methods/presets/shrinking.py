"""Methods that go from dense to sparse."""

from suite.methods.presets.method import Method, Stated, answer, with_parts
from suite.methods.presets.rigl import MNIST_SCRIPT, SCRIPT

METHODS = (
    Method(
        "gmp",
        "GMP",
        "Prune a dense network's smallest weights every 500 steps on a cubic schedule.",
        "Zhu and Gupta 2017; numbers of the MNIST script of Evci et al. 2020 (120,000 steps)",
        with_parts(
            answer("initial", "dense"),
            answer("schedule", "every_steps", n=500),
            answer("rate", "none"),
            answer("prune", "magnitude", zeros="count"),
            answer("budget", "cubic", density=0.1, start=1 / 60, end=0.25),
        ),
        origins={
            "schedule": SCRIPT,
            "schedule.begin": "the suite: the budget begins later",
            "rate": SCRIPT,
            "prune": SCRIPT,
            "budget": SCRIPT,
            "budget.density": "the suite; the script: 0.02, in the second layer 0.118",
            "budget.start": f"{SCRIPT}: step 2,000 of 120,000",
            "budget.end": f"{SCRIPT}: step 30,000 of 120,000",
        },
        training=MNIST_SCRIPT,
    ),
    Method(
        "granet",
        "GraNet",
        "Shrink a half-dense network on a cubic schedule, and update what is left like RigL.",
        "Liu et al. 2021, NeurIPS 34; numbers of its code (160 epochs)",
        with_parts(
            answer("initial", "erk", density=0.5),
            answer("schedule", "every_steps", n=1000),
            answer("rate", "cosine", zeta=0.5, end=0.005),
            answer("prune", "magnitude", zeros="count", rounding="ceil"),
            answer("budget", "cubic", density=0.05, end=0.6875, across="network"),
            answer("regrow", "gradient"),
            answer("fill", "zeros", returning="kept"),
        ),
        origins={
            "initial": "code",
            "initial.output": "the suite; sparse in the code",
            "schedule": "code",
            "schedule.n": "code, README",
            "rate": "code",
            "prune": "code",
            "budget": "code",
            "budget.density": "code, by default; README: 0.1",
            "budget.end": "code, by default: epoch 110 of the README's 160",
            "regrow": "code",
            "fill": "code",
        },
        training={
            "initial": Stated({"erk": {"density": 0.5, "output": "sparse"}}, "code"),
            "validation": Stated(0.1, "code, by default"),
            "epochs": Stated(160, "code, README"),
            "batch_size": Stated(100, "code, by default"),
            "learning_rate": Stated(
                {"curve": "step", "start": 0.1, "at": [0.5, 0.75], "factor": 0.1}, "code"
            ),
            "momentum": Stated(0.9, "code"),
            "nesterov": Stated(True, "code"),
            "reset_momentum": Stated(False, "code"),
            "weight_decay": Stated(5e-4, "code, README"),
        },
    ),
)
