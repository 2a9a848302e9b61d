"""RigL: growth where the gradient is."""

from suite.methods.presets.method import Method, answer, with_parts

METHODS = (
    Method(
        "rigl",
        "RigL",
        "Every 100 steps, prune by magnitude and regrow where the gradient is largest.",
        "Evci et al. 2020, ICML; the update as in its code",
        with_parts(
            # In the code an update replaces a step of SGD: the batch only gives the gradient.
            answer("schedule", "every_steps", n=100, until=0.75, instead=True),
            answer("rate", "cosine", zeta=0.3, until=0.75),
            answer("prune", "magnitude", zeros="count"),
            answer("regrow", "gradient"),
            # The code zeroes new weights only; one that was pruned in the same update is not new.
            answer("fill", "zeros", returning="kept"),
        ),
    ),
)
