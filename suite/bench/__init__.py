"""What a step costs, where its time goes, what it grows with, and what scheduling runs costs."""

from suite.bench.measures import MEASURES, rows, run_bench

__all__ = ["MEASURES", "rows", "run_bench"]
