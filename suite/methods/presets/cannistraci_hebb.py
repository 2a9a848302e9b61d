"""Cannistraci-Hebb training: regrowth where it closes paths of three connections."""

from suite.methods.presets.method import Method, answer, with_parts

METHODS = (
    Method(
        "cht",
        "CHT",
        "Prune by magnitude; regrow the connections that close most paths of length three.",
        "Zhang et al. 2024, ICLR; numbers of its code",
        with_parts(
            answer("prune", "magnitude", zeros="count"),
            answer("regrow", "paths", rule="ch3", form="paths", choice="best"),
            answer("fill", "zeros", returning="kept"),
        ),
    ),
    Method(
        "chts",
        "CHTs",
        "CHT that draws survivors by magnitude and new connections by the paths they close.",
        "Zhang et al. 2025, NeurIPS 38; numbers of its code",
        with_parts(
            answer("prune", "chains", stays="drawn"),
            answer("regrow", "paths", rule="ch2", form="nodes", choice="drawn"),
            answer("fill", "zeros", returning="kept"),
        ),
    ),
)
