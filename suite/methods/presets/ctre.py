"""CTRE: regrowth between units that are alike."""

from suite.methods.presets.method import Method, Stated, answer, with_parts

SOURCE = "Atashgahi et al. 2022, Machine Learning 111; numbers of its code"

_SHARED = (
    answer("rate", "constant", zeta=0.2),
    answer("prune", "magnitude", zeros="count"),
    answer("fill", "uniform", returning="kept"),
)

_ORIGINS = {
    "rate": "code, run.sbatch",
    "prune": "code",
    "fill": "code",
    "regrow": "code",
    "regrow.samples": "the suite; the code takes all training images",
}

_TRAINING = {
    "validation": Stated(0.1, "code"),
    "hidden": Stated([1000, 1000, 1000], "code, run.sbatch"),
    "activation": Stated("relu", "code"),
    "dropout": Stated(0.0, "code"),
    "augment": Stated(False, "code"),
    "initial": Stated(
        {"erdos_renyi": {"epsilon": 1.0, "output": "sparse"}}, "code, run.sbatch: for Madelon"
    ),
    "epochs": Stated(500, "code, run.sbatch"),
    "batch_size": Stated(100, "code, run.sbatch"),
    "learning_rate": Stated(0.01, "code, run.sbatch"),
    "momentum": Stated(0.9, "code"),
    "nesterov": Stated(True, "code"),
    "reset_momentum": Stated(False, "code"),
    "weight_decay": Stated(1e-4, "code, of weights only"),
}

METHODS = (
    Method(
        "ctre_sim",
        "CTRE, similarity",
        "Regrow between units with similar activations, but no connection just pruned.",
        SOURCE,
        with_parts(*_SHARED, answer("regrow", "cosine", dropped="replaced")),
        origins=_ORIGINS,
        training=_TRAINING,
    ),
    Method(
        "ctre_seq",
        "CTRE, sequential",
        "Regrow between units with similar activations; at random once that stops helping.",
        SOURCE,
        with_parts(*_SHARED, answer("regrow", "cosine_then_random", patience=40)),
        origins=_ORIGINS,
        training=_TRAINING,
    ),
)
