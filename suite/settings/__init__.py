"""The settings of a cell, and which of them contradict each other."""

from suite.settings.contradictions import ContradictionError, too_dense
from suite.settings.settings import MADE_INTO_PARTS, WRITABLE, Settings

__all__ = ["MADE_INTO_PARTS", "WRITABLE", "ContradictionError", "Settings", "too_dense"]
