"""Truly sparse neural networks at scale: SET with an alternating activation."""

from suite.methods.presets.method import Method, Stated, answer, with_parts

_SCRIPT = "code, set_mlp_sequential.py"

METHODS = (
    Method(
        "truly_sparse",
        "Truly sparse",
        "SET with All-ReLU; new weights are drawn uniformly instead of being zero.",
        "Curci et al. 2021; numbers of its code",
        with_parts(answer("fill", "uniform")),
        settings={"activation": "all_relu", "negative_slope": 0.75},
        origins={"fill": "code", "initial": "code", "rate": "code"},
        training={
            "dataset": Stated("fashion_mnist", _SCRIPT),
            "hidden": Stated([1000, 1000, 1000], _SCRIPT),
            "negative_slope": Stated(0.6, _SCRIPT),
            "dropout": Stated(0.3, _SCRIPT),
            "augment": Stated(False, _SCRIPT),
            "batch_size": Stated(128, _SCRIPT),
            "learning_rate": Stated(0.01, _SCRIPT),
            "momentum": Stated(0.9, _SCRIPT),
            "reset_momentum": Stated(False, _SCRIPT),
            "initial_weights": Stated({"scale": 2.0, "fan": "in"}, _SCRIPT),
            "weight_decay": Stated(
                2e-3, f"{_SCRIPT}: 2e-4 of each weight a step, x (1 - momentum) / learning rate"
            ),
        },
    ),
)
