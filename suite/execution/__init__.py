"""Execution: from the runs that a store lacks to their results."""
