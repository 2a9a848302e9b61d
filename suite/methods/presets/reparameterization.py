"""DSR: dynamic sparse reparameterization."""

from suite.methods.presets.method import Method, answer, with_parts

METHODS = (
    Method(
        "dsr",
        "DSR",
        "Prune below a global threshold; regrow at random, more in layers that kept more.",
        "Mostafa and Wang 2019, ICML; numbers of its code",
        with_parts(
            answer("schedule", "every_steps", n=100, until=0.95),
            answer("rate", "adaptive_threshold"),
            answer("prune", "threshold"),
            answer("share", "remaining"),
            answer("regrow", "random", just_pruned="wait"),
        ),
    ),
)
