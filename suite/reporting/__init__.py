"""Reports: a pure function of a study's results in a store; needs neither torch nor ray.

Results -> Table 2, figures, statistics -> sections -> one page and its files
"""

from suite.reporting.compare import compare_reports
from suite.reporting.write import NothingToReportError, Written, write

__all__ = ["NothingToReportError", "Written", "compare_reports", "write"]
