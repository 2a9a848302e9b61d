"""SNIP: a topology chosen before training, from the gradient of one batch."""

from suite.methods.presets.method import Method, answer, with_parts

METHODS = (
    Method(
        "snip",
        "SNIP",
        "Keep the connections with most effect on the loss of one batch; never change them.",
        "Lee et al. 2019, ICLR; numbers of its code",
        with_parts(
            answer("initial", "snip", density=0.1, biases="counted", weights="redrawn"),
            answer("schedule", "never"),
        ),
    ),
)
