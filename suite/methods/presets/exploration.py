"""GSE: guided stochastic exploration."""

from suite.methods.presets.method import Method, Stated, answer, with_parts

METHODS = (
    Method(
        "gse",
        "GSE",
        "RigL that computes the gradient at sampled positions only.",
        "Heddes et al. 2024; numbers of its code",
        with_parts(
            answer("schedule", "every_steps", n=1000, until=0.6),
            answer("rate", "cosine", zeta=0.2, until=0.6),
            answer("prune", "global_magnitude"),
            answer("regrow", "sampled"),
        ),
        origins={
            "schedule": "code",
            "schedule.until": "code: epoch 120 of 200",
            "rate": "code",
            "rate.until": "code: epoch 120 of 200",
            "prune": "code",
            "regrow": "code",
            "regrow.batches": "code: ten images of each class, so one batch of ten classes",
        },
        training={
            "epochs": Stated(200, "code"),
            "batch_size": Stated(128, "code"),
            "learning_rate": Stated(
                {
                    **{"curve": "step", "start": 0.1, "at": [0.4, 0.6], "factor": 0.1},
                    "warmup": 0.025,
                },
                "code",
            ),
            "momentum": Stated(0.9, "code"),
            "reset_momentum": Stated(False, "code"),
            "weight_decay": Stated(1e-4, "code"),
        },
    ),
)
