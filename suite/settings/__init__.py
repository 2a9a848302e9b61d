"""The settings of a cell, and which of them contradict each other."""

from suite.settings.contradictions import ContradictionError, too_dense
from suite.settings.settings import MADE_INTO_PARTS, Settings

__all__ = ["MADE_INTO_PARTS", "ContradictionError", "Settings", "too_dense"]
