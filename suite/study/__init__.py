"""Study files: which cells, over which seeds, compared how.

study file -> Study -> runs (cell x seed)
"""

from suite.study.cells import Cell
from suite.study.file import ClaimPart, Comparisons, StudyFile
from suite.study.load import load_study
from suite.study.resolved import Claim, Reference, Statement
from suite.study.study import Study

__all__ = [
    "Cell",
    "Claim",
    "ClaimPart",
    "Comparisons",
    "Reference",
    "Statement",
    "Study",
    "StudyFile",
    "load_study",
]
