"""Cannistraci-Hebb training: regrowth where it closes paths of three connections."""

from suite.methods.presets.method import Method, Stated, answer, with_parts

_ORIGINS = {"rate": "code", "prune": "code", "fill": "code"}

_TRAINING = {
    "dataset": Stated("fashion_mnist", "code"),
    "standardise": Stated("channel", "code"),
    "hidden": Stated([1568, 1568, 1568], "code: twice the inputs"),
    "activation": Stated("relu", "code"),
    "dropout": Stated(0.0, "code, by default"),
    "augment": Stated(False, "code"),
    "epochs": Stated(100, "paper and code, README"),
    "batch_size": Stated(32, "paper and code, README"),
    "learning_rate": Stated(
        {"curve": "linear", "start": 0.025, "end": 0.00025},
        "paper; code: the end is reached after 90 % of the epochs",
    ),
    "momentum": Stated(0.9, "paper and code"),
    "reset_momentum": Stated(False, "code"),
    "weight_decay": Stated(5e-4, "paper and code, README"),
    "initial": Stated({"correlated": {"density": 0.01}}, "code, README"),
    "initial_weights": Stated(
        {"scale": 2.0, "fan": "out", "counts": "connections", "distribution": "normal"},
        "code, README: swi",
    ),
}

METHODS = (
    Method(
        "cht",
        "CHT",
        "Prune by magnitude; regrow the connections that close the most paths of length three.",
        "Zhang et al. 2024, ICLR; numbers of its code",
        with_parts(
            answer("prune", "magnitude", zeros="count"),
            answer("regrow", "paths", rule="ch3", form="paths", choice="best"),
            answer("fill", "zeros", returning="kept"),
        ),
        origins=_ORIGINS | {"regrow": "code, README"},
        training=_TRAINING,
    ),
    Method(
        "chts",
        "CHTs",
        "CHT that draws survivors by magnitude and new connections by the paths they close.",
        "Zhang et al. 2025, NeurIPS 38; numbers of its code",
        with_parts(
            answer("prune", "chains", stays="drawn"),
            answer("regrow", "paths", rule="ch2", form="nodes", choice="drawn"),
            answer("fill", "zeros", returning="kept"),
        ),
        origins=_ORIGINS | {"regrow": "code; its README names the path form of CH3"},
        training=_TRAINING,
    ),
)
