"""Truly sparse neural networks at scale: SET with an alternating activation."""

from suite.methods.presets.method import Method, answer, with_parts

METHODS = (
    Method(
        "truly_sparse",
        "Truly sparse",
        "SET with All-ReLU; new weights are drawn uniformly instead of being zero.",
        "Curci et al. 2021; numbers of its code",
        with_parts(answer("fill", "uniform")),
        settings={"activation": "all_relu", "negative_slope": 0.75},
    ),
)
