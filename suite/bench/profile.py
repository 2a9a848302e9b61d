"""Where the milliseconds of a step go."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from suite.bench.timing import timed
from suite.bench.workload import Bench
from suite.sparse.differentiate import differentiate, leave
from suite.training.optimizers import at_once

KERNELS = {
    "products.forward": "forward: products",
    "output.logits": "forward: output layer",
    "output.gradients": "backward: output layer, last activation and bias",
    "products.weight_gradient": "backward: first layer's weights",
    "products.gradients": "backward: weights, inputs, activations and biases",
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
            sgd = _timed(took, "SGD", at_once(training.optimizer) or leave)
            timed(took, "rest", functools.partial(differentiate, training.network, x, y, sgd))
        took["loss and the rest"] = took.pop("rest") - sum(
            took.get(part, 0.0) for part in (*KERNELS.values(), "SGD")
        )
        for part, value in took.items():
            parts.setdefault(part, []).append(value)
    return {part: 1000 * statistics.median(values) for part, values in sorted(parts.items())}


@contextmanager
def timed_kernels(took: dict[str, float]) -> Iterator[None]:
    """Add to `took` the seconds that kernels take meanwhile, by part."""
    from suite.kernels import output, products

    modules = {"products": products, "output": output}
    untimed: list[tuple[Any, str, Any]] = []
    for kernel, part in KERNELS.items():
        module, name = kernel.split(".")
        untimed.append((modules[module], name, getattr(modules[module], name)))
        setattr(modules[module], name, _timed(took, part, untimed[-1][2]))
    try:
        yield
    finally:
        for place, name, function in untimed:
            setattr(place, name, function)


def _timed(took: dict[str, float], part: str, work: Callable[..., None]) -> Callable[..., None]:
    """Return what does the same, and adds the seconds that it takes to a part."""

    def call(*arguments: Any) -> None:
        timed(took, part, functools.partial(work, *arguments))

    return call
