"""Regrowth strategies: which positions become active.

Candidates are the positions that are inactive after pruning, those just pruned among them.
"""

from suite.methods.families import load

# Files of version 0.1.0 import these from here.
from suite.methods.parts import regrowth
from suite.methods.positions import draw_outside, find_sorted

__all__ = ["draw_outside", "find_sorted", "regrowth"]

load(
    __name__,
    "random",
    "neighbours",
    "gradient",
    "sampled",
    "similarity",
    "paths",
    "candidates",
)
