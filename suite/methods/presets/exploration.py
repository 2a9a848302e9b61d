"""GSE: guided stochastic exploration."""

from suite.methods.presets.method import Method, answer, with_parts

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
    ),
)
