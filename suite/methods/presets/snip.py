"""SNIP: a topology chosen before the training, by one look at the data."""

from suite.methods.presets.method import Method, answer, with_parts

METHODS = (
    Method(
        "snip",
        "SNIP",
        "The connections that matter most to the loss of one batch, and they stay.",
        "Lee et al. 2019, ICLR; numbers of its code",
        with_parts(
            answer("initial", "snip", density=0.1, biases="counted", weights="redrawn"),
            answer("schedule", "never"),
        ),
    ),
)
