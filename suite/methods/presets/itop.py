"""ITOP: rare updates, to the end of the training."""

from suite.methods.presets.method import Method, answer, with_parts

METHODS = (
    Method(
        "set_itop",
        "SET-ITOP",
        "SET by magnitude every 1,500 steps, ever less, to the end of the training.",
        "Liu et al. 2021, ICML",
        with_parts(
            answer("schedule", "every_steps", n=1500),
            answer("rate", "cosine", zeta=0.5, end=0.005),
            answer("prune", "magnitude", zeros="count"),
        ),
    ),
    Method(
        "rigl_itop",
        "RigL-ITOP",
        "RigL every 4,000 steps to the end of the training.",
        "Liu et al. 2021, ICML",
        with_parts(
            answer("schedule", "every_steps", n=4000),
            answer("rate", "cosine", zeta=0.5, end=0.005),
            answer("prune", "magnitude", zeros="count"),
            answer("regrow", "gradient"),
        ),
    ),
)
