"""CTRE: regrowth between units that are alike."""

from suite.methods.presets.method import Method, answer, with_parts

SOURCE = "Atashgahi et al. 2022, Machine Learning 111; numbers of its code"

_SHARED = (
    answer("rate", "constant", zeta=0.2),
    answer("prune", "magnitude", zeros="count"),
    answer("fill", "uniform", returning="kept"),
)

METHODS = (
    Method(
        "ctre_sim",
        "CTRE, similarity",
        "Regrow between units with similar activations, but no connection just pruned.",
        SOURCE,
        with_parts(*_SHARED, answer("regrow", "cosine", dropped="replaced")),
    ),
    Method(
        "ctre_seq",
        "CTRE, sequential",
        "Regrow between units with similar activations; at random once that stops helping.",
        SOURCE,
        with_parts(*_SHARED, answer("regrow", "cosine_then_random", patience=40)),
    ),
)
