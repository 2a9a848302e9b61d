"""Methods that start from an earlier run."""

from suite.methods.presets.method import Method, answer, with_parts

METHODS = (
    Method(
        "ticket",
        "Lottery ticket",
        "What an earlier training left is trained from the weights that it had at first.",
        "Frankle and Carbin 2019, ICLR; a fifth a round as in its code",
        with_parts(answer("initial", "ticket"), answer("schedule", "never")),
    ),
)
