"""Decide a study's declared comparisons and claims from its finished runs.

Results -> one value a cell and seed -> samples by seed -> suite.statistics -> rows

Report and command line print these rows alike: each has `row()`, plain values for tables and JSON.
"""

from suite.decisions.claims import SEVERAL_STATEMENTS, Claimed, Statement, claims, rows
from suite.decisions.comparisons import (
    Compared,
    comparison,
    comparisons,
    decide,
    win_tie_loss,
)
from suite.decisions.power import Planned, seeds_needed
from suite.decisions.ranks import blocks, ranking
from suite.decisions.undecided import Undecided, decided, undecided, up_to
from suite.decisions.values import measure_words, published, sample, values

__all__ = [
    "SEVERAL_STATEMENTS",
    "Claimed",
    "Compared",
    "Planned",
    "Statement",
    "Undecided",
    "blocks",
    "claims",
    "comparison",
    "comparisons",
    "decide",
    "decided",
    "measure_words",
    "published",
    "ranking",
    "rows",
    "sample",
    "seeds_needed",
    "undecided",
    "up_to",
    "values",
    "win_tie_loss",
]
