"""Samples from an algorithm that learns: Optuna, through Ray Tune's search interface.

It is asked and told in batches of a fixed size. A batch follows from the samples before it, from
their measures in the first rung, and from a stream of its own: neither the number of cores, nor
the order in which runs end, nor a crash changes it. What it has given is kept in the store.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

from suite.study.search import Choices, drawing, middles
from suite.study.tune import Tuned

BATCH = 8
"""Samples in a batch; the first is random."""


def next_batch(of: Tuned, shares: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the next batch of samples of a cell, as shares of its ranges, a row each.

    Args:
        of: The cell's tuning, with the measures of all samples so far.
        shares: The samples so far, a row each, as they were given.

    Raises:
        ImportError: If Optuna is not installed.

    Source: Bergstra et al. (2011), tree-structured Parzen estimators, as Optuna computes them.
    """
    try:
        import optuna
    except ImportError:
        raise ImportError(
            "optuna needs the package of that name: pip install 'regrowth-suite[tune]'."
        ) from None
    from ray.tune.search.optuna import OptunaSearch

    names = sorted(of.tuning.space)
    space: dict[str, optuna.distributions.BaseDistribution] = {
        name: optuna.distributions.CategoricalDistribution(middles(len(values.values)))
        if isinstance(values := of.tuning.space[name], Choices)
        else optuna.distributions.FloatDistribution(0.0, 1.0)
        for name in names
    }
    batch = len(shares) // BATCH
    seed = int(drawing(of.tuning.root, of.tuning.cell.label, batch + 1).integers(2**31))
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            # Of Optuna's features that may change: what a study uses is kept in its store.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            search = OptunaSearch(
                space,
                metric="measure",
                mode="max",
                sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=BATCH),
            )
            for sample, row in enumerate(shares):
                value = _measure(of, sample)
                search.add_evaluated_point(
                    dict(zip(names, row, strict=True)), value or 0.0, error=value is None
                )
            asked = [search.suggest(f"{len(shares) + place}") for place in range(BATCH)]
    finally:
        optuna.logging.set_verbosity(verbosity)
    return [[float(values[name]) for name in names] for values in asked if values is not None]


def _measure(of: Tuned, sample: int) -> float | None:
    """Return a sample's measure in the first rung, None where it has none: it was not trained."""
    first = of.rungs[0]
    if sample not in first.samples:
        return None  # its values contradict the cell's
    value = first.values[first.samples.index(sample)]
    if value is None or math.isfinite(value):
        return value
    known = [value for value in first.values if value is not None and math.isfinite(value)]
    return min(known, default=0.0)  # diverging is as bad as the worst that did not
