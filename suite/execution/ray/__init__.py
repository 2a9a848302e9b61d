"""Runs a study on a Ray cluster: the only package that imports ray.

Ray Tune is given the runs that the store lacks and schedules them; each trial is one attempt at
one run. Afterwards the store, not Ray's experiment state, shows what is done.

Nothing ends a study but its last run, an interrupt, another driver that has taken over, or a
worker that sees another store than the driver; what dies meanwhile, Tune starts again.
"""

from suite.execution.ray.schedule import execute

__all__ = ["execute"]
