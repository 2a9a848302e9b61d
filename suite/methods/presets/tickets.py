"""Methods that start from an earlier run."""

from suite.methods.presets.method import Method, answer, with_parts

METHODS = (
    Method(
        "ticket",
        "Lottery ticket",
        "Train the connections that an earlier run kept, from their initial weights.",
        "Frankle and Carbin 2019, ICLR; a fifth a round as in its code",
        with_parts(answer("initial", "ticket"), answer("schedule", "never")),
    ),
)
