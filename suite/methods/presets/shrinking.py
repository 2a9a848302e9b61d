"""Methods that go from dense to sparse."""

from suite.methods.presets.method import Method, answer, with_parts

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
    ),
)
