"""DSR: dynamic sparse reparameterization."""

from suite.methods.presets.method import Method, Stated, answer, with_parts

METHODS = (
    Method(
        "dsr",
        "DSR",
        "Prune below a global threshold; regrow at random, more in layers that kept more.",
        "Mostafa and Wang 2019, ICML; numbers of its code",
        with_parts(
            answer("schedule", "every_steps", n=100, until=0.95, doubles_at=(0.125, 0.4, 0.7)),
            answer("rate", "adaptive_threshold"),
            answer("prune", "threshold"),
            answer("share", "remaining"),
            answer("regrow", "random", just_pruned="wait"),
        ),
        origins={
            "schedule": "code",
            "schedule.n": "code, for WRN-28",
            "schedule.doubles_at": "code: 200, 400, 800 from epochs 25, 80, 140 of 200, for WRN-28",
            "schedule.until": "code: epoch 190 of 200, for WRN-28",
            "rate": "code",
            "regrow": "code",
        },
        training={
            "epochs": Stated(200, "code, WRN-28"),
            "learning_rate": Stated(
                {"curve": "step", "start": 0.1, "at": [0.3, 0.6, 0.8], "factor": 0.2},
                "code, WRN-28: 0.1, 0.02, 0.004, 0.0008",
            ),
            "momentum": Stated(0.9, "code"),
            "nesterov": Stated(True, "code"),
            "reset_momentum": Stated(False, "code"),
            "weight_decay": Stated(1e-4, "code"),
        },
    ),
)
