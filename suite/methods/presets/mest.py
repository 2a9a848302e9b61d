"""MEST: memory-economic sparse training."""

from suite.methods.presets.method import Method, Stated, answer, with_parts

METHODS = (
    Method(
        "mest",
        "MEST",
        "Every five epochs, prune small weights with small gradients and regrow at random.",
        "Yuan et al. 2021, NeurIPS 34; numbers of its script for 90 % (160 epochs)",
        with_parts(
            answer("schedule", "every_epochs", n=5, until=0.75),
            # Pruned to 92 and 91 % and grown back to 90 %: a fifth, and a tenth from epoch 90.
            answer("rate", "step", zeta=0.2, at=0.5625, factor=0.5),
            answer("prune", "mest"),
        ),
        origins={
            "schedule": "script",
            "rate": "script: to 92, 91 and 90 % and back, changing at epochs 90 and 120 of 160",
            "prune": "script",
            "prune.factor": "Nowak et al. 2023; the script leaves it at 0",
        },
        training={
            "epochs": Stated(160, "script"),
            "batch_size": Stated(64, "script"),
            "learning_rate": Stated({"curve": "cosine", "start": 0.1}, "script"),
            "reset_momentum": Stated(False, "code"),
            "weight_decay": Stated(1e-4, "code"),
        },
    ),
)
