"""ITOP: rare updates, to the end of the training."""

from suite.methods.presets.method import Method, answer, with_parts

# Numbers of the code: a death rate of .5 on a cosine to .005, counts rounded up, and masks applied
# only after growth, so that what returns at once keeps its weight.
_SHARED = (
    answer("rate", "cosine", zeta=0.5, end=0.005),
    answer("prune", "magnitude", zeros="count", rounding="ceil"),
    answer("fill", "zeros", returning="kept"),
)

METHODS = (
    Method(
        "set_itop",
        "SET-ITOP",
        "Prune by magnitude and regrow at random every 1,500 steps until training ends.",
        "Liu et al. 2021, ICML; numbers of its code",
        with_parts(*_SHARED, answer("schedule", "every_steps", n=1500)),
    ),
    Method(
        "rigl_itop",
        "RigL-ITOP",
        "RigL with an update every 4,000 steps until training ends.",
        "Liu et al. 2021, ICML; numbers of its code",
        with_parts(
            *_SHARED, answer("schedule", "every_steps", n=4000), answer("regrow", "gradient")
        ),
    ),
)
