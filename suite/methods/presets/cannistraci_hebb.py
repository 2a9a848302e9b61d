"""Cannistraci-Hebb training: regrowth where it closes paths of three connections."""

from suite.methods.presets.method import Method, answer, with_parts

METHODS = (
    Method(
        "cht",
        "CHT",
        "SET by magnitude that regrows where most paths of three connections are closed.",
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
        "Draw what stays by magnitude, and what returns by the paths that it would close.",
        "Zhang et al. 2025, NeurIPS 38; numbers of its code",
        with_parts(
            answer("prune", "chains", stays="drawn"),
            answer("regrow", "paths", rule="ch2", form="nodes", choice="drawn"),
            answer("fill", "zeros", returning="kept"),
        ),
    ),
)
