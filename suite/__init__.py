"""Dynamic sparse training studies, from a study file to a report."""

__version__ = "0.1.0"
