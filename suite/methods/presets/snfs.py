"""SNFS: sparse networks from scratch."""

from suite.methods.presets.method import Method, answer, with_parts

METHODS = (
    Method(
        "snfs_gradient",
        "SNFS, growth by gradient",
        "Layers with more momentum get more of what returns; it grows where the gradient is.",
        "Dettmers and Zettlemoyer 2019; growth by gradient as in Evci et al. 2020",
        with_parts(
            answer("rate", "cosine", zeta=0.5, end=0.005),
            answer("prune", "magnitude", zeros="count"),
            answer("share", "momentum"),
            answer("regrow", "gradient"),
        ),
    ),
)
