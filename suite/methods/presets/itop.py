"""ITOP: rare updates, to the end of the training."""

from suite.methods.presets.method import Method, Stated, answer, with_parts

# Numbers of the code: a death rate of .5 on a cosine to .005, counts rounded up, and masks applied
# only after growth, so that what returns at once keeps its weight.
_SHARED = (
    answer("rate", "cosine", zeta=0.5, end=0.005),
    answer("prune", "magnitude", zeros="count", rounding="ceil"),
    answer("fill", "zeros", returning="kept"),
)

_ORIGINS = {
    "schedule": "code",
    "schedule.n": "code, README: for VGG",
    "rate": "code",
    "prune": "code",
    "regrow": "code",
    "fill": "code",
}

_TRAINING = {
    "validation": Stated(0.1, "code"),
    "epochs": Stated(250, "code"),
    "batch_size": Stated(128, "code, README; 100 by default"),
    "learning_rate": Stated(
        {"curve": "step", "start": 0.1, "at": [0.5, 0.75], "factor": 0.1}, "code"
    ),
    "momentum": Stated(0.9, "code"),
    "nesterov": Stated(True, "code"),
    "reset_momentum": Stated(False, "code"),
    "weight_decay": Stated(5e-4, "code"),
    "initial": Stated({"erk": {"density": 0.05, "output": "sparse"}}, "code, README"),
}

METHODS = (
    Method(
        "set_itop",
        "SET-ITOP",
        "Prune by magnitude and regrow at random every 1,500 steps until training ends.",
        "Liu et al. 2021, ICML; numbers of its code",
        with_parts(*_SHARED, answer("schedule", "every_steps", n=1500)),
        origins=_ORIGINS,
        training=_TRAINING,
    ),
    Method(
        "rigl_itop",
        "RigL-ITOP",
        "RigL with an update every 4,000 steps until training ends.",
        "Liu et al. 2021, ICML; numbers of its code",
        with_parts(
            *_SHARED, answer("schedule", "every_steps", n=4000), answer("regrow", "gradient")
        ),
        origins=_ORIGINS,
        training=_TRAINING,
    ),
)
