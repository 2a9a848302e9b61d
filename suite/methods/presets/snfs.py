"""SNFS: sparse networks from scratch."""

from suite.methods.presets.method import Method, answer, with_parts

# Numbers of the code: a prune rate of .5 on a cosine to .005, counts rounded up.
_SHARED = (
    answer("rate", "cosine", zeta=0.5, end=0.005),
    answer("prune", "magnitude", zeros="count", rounding="ceil"),
    answer("share", "momentum", total="drifts"),
    answer("fill", "zeros", returning="kept"),
)

METHODS = (
    Method(
        "snfs_gradient",
        "SNFS, growth by gradient",
        "Give layers with more momentum more connections; regrow by the gradient of one batch.",
        "Dettmers and Zettlemoyer 2019; growth by gradient as in Evci et al. 2020",
        with_parts(*_SHARED, answer("regrow", "gradient")),
    ),
    Method(
        "snfs_window",
        "SNFS, momentum of a window",
        "Give layers with more momentum more connections; regrow by the momentum of ten steps.",
        "Dettmers and Zettlemoyer 2019; the window is the suite's",
        with_parts(*_SHARED, answer("regrow", "windowed_momentum")),
    ),
)
