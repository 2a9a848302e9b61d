"""Where the milliseconds of a step go."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from suite.bench.timing import timed
from suite.bench.workload import Bench
from suite.sparse.differentiate import differentiate

KERNELS = {
    "forward": "forward: products",
    "backward": "backward: last activation and bias",
    "weight_gradient": "backward: first layer's weights",
    "gradients": "backward: weights, inputs, activations and biases",
}


def profile(bench: Bench, turns: int) -> dict[str, float]:
    """Return where the milliseconds of a step go, part by part; medians, so they add up roughly."""
    first = bench.training("sparse")
    training = first.training
    parts: dict[str, list[float]] = {}
    first.step()
    for _ in range(4 * turns):
        took: dict[str, float] = {}
        with timed_kernels(took):
            x, y = timed(took, "batch: gather, standardise, augment", first.batch)
            timed(took, "rest", functools.partial(differentiate, training.network, x, y))
            timed(took, "SGD", training.optimizer.step)
        took["output layer, loss and the rest"] = took.pop("rest") - sum(
            took.get(part, 0.0) for part in KERNELS.values()
        )
        for part, value in took.items():
            parts.setdefault(part, []).append(value)
    return {part: 1000 * statistics.median(values) for part, values in sorted(parts.items())}


@contextmanager
def timed_kernels(took: dict[str, float]) -> Iterator[None]:
    """Add to `took` the seconds that kernels take meanwhile, by part."""
    from suite.kernels import products

    untimed = {name: getattr(products, name) for name in KERNELS}

    def watch(name: str) -> Callable[..., None]:
        def call(*arguments: Any) -> None:
            timed(took, KERNELS[name], functools.partial(untimed[name], *arguments))

        return call

    for name in KERNELS:
        setattr(products, name, watch(name))
    try:
        yield
    finally:
        for name, kernel in untimed.items():
            setattr(products, name, kernel)
