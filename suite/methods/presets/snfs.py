"""SNFS: sparse networks from scratch."""

from suite.methods.presets.method import Method, Stated, answer, with_parts

# Numbers of the code: a prune rate of .5 on a cosine to .005, counts rounded up.
_SHARED = (
    answer("rate", "cosine", zeta=0.5, end=0.005),
    answer("prune", "magnitude", zeros="count", rounding="ceil"),
    answer("share", "momentum", total="drifts"),
    answer("fill", "zeros", returning="kept"),
)

_ORIGINS = {"rate": "code", "rate.until": "code", "prune": "code", "share": "code", "fill": "code"}

_TRAINING = {
    "dataset": Stated("mnist", "code"),
    "validation": Stated(0.1, "code"),
    "standardise": Stated("channel", "code"),
    "hidden": Stated([300, 100], "code"),
    "activation": Stated("relu", "code"),
    "dropout": Stated(0.0, "code"),
    "augment": Stated(False, "code"),
    "initial_weights": Stated({"scale": 0.3333, "fan": "in"}, "code: PyTorch's default"),
    "epochs": Stated(100, "code"),
    "batch_size": Stated(100, "code"),
    "learning_rate": Stated(
        {"curve": "step", "start": 0.1, "at": [0.463, 0.926], "factor": 0.1},
        "code: a tenth every 25,000 steps, of 54,000",
    ),
    "momentum": Stated(0.9, "code"),
    "nesterov": Stated(True, "code"),
    "reset_momentum": Stated(False, "code"),
    "weight_decay": Stated(5e-4, "code"),
    "initial": Stated(
        {"uniform": {"density": 0.05, "output": "sparse"}}, "code, drawn by chance there"
    ),
}

METHODS = (
    Method(
        "snfs_gradient",
        "SNFS, growth by gradient",
        "Give layers with more momentum more connections; regrow by the gradient of one batch.",
        "Dettmers and Zettlemoyer 2019; growth by gradient as in Evci et al. 2020",
        with_parts(*_SHARED, answer("regrow", "gradient")),
        origins=_ORIGINS | {"regrow": "Evci et al. 2020: one batch instead of a moving average"},
        training=_TRAINING,
    ),
    Method(
        "snfs_window",
        "SNFS, momentum of a window",
        "Give layers with more momentum more connections; regrow by the momentum of ten steps.",
        "Dettmers and Zettlemoyer 2019; the window is the suite's",
        with_parts(*_SHARED, answer("regrow", "windowed_momentum")),
        origins=_ORIGINS | {"regrow.decay": "code", "regrow.batches": "the suite"},
        training=_TRAINING,
    ),
)
