"""How near the products of a step are to what the processor's caches allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from suite.bench.timing import alternate
from suite.bench.workload import Bench
from suite.kernels import products

NEAR = 40
"""Units whose activations lie in the first cache: 16 KB of a batch of 100."""


def limit(bench: Bench, turns: int) -> dict[str, float]:
    """Compare a step's products with the same ones whose activations lie in the first cache.

    Both sides compute as much; on the other one each connection leads to one of the first `NEAR`
    units. So no order of the connections can be faster than that side.
    """
    training = bench.training("sparse").training
    layers = list(training.network.layers)
    batch = training.settings.batch_size
    sides = [_products(layers, batch, wrapped) for wrapped in (None, NEAR)]
    times = alternate(sides, turns, (5, 5))
    return {
        "products_ms": 1000 * float(np.median(times[:, 0])),
        "first_cache_ms": 1000 * float(np.median(times[:, 1])),
        "first_cache_share": float(np.median(times[:, 1] / times[:, 0])),
    }


def _products(layers: list[Any], batch: int, wrapped: int | None) -> Callable[[], None]:
    """Return what computes all products of a step once, with numbers that cost as usual.

    Args:
        layers: Sparse layers.
        batch: Images.
        wrapped: To how many units, the first ones, connections lead; None: where they do lead.
    """
    rng = np.random.default_rng(0)
    random = [rng.standard_normal(shape, dtype=np.float32) for shape in _shapes(layers, batch)]
    given = []
    for layer in layers:
        starts, columns = layer.indices.by_row
        by_column, rows, order = layer.indices.by_column
        if wrapped is not None:
            columns, rows = columns % np.uint32(wrapped), rows % np.uint32(wrapped)
        weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        given.append(((starts, columns), (by_column, rows, order), weight, bias))
    errors = [array.copy() for array in random]
    slope, scale, threshold = 0.3, 1.0, 0

    def compute() -> None:
        for (by_row, _, weight, bias), x, h in zip(given, random, random[1:], strict=False):
            products.forward(*by_row, weight, bias, x, h, slope, scale, threshold, 0, 0)
        for at in range(len(given) - 1, 0, -1):
            _, by_column, weight, _ = given[at]
            gradient, below = np.empty_like(weight), np.empty_like(given[at - 1][3])
            arrays = random[at], errors[at + 1], gradient, errors[at], below
            products.gradients(*by_column, weight, *arrays, slope, scale, threshold)
        by_row, _, weight, _ = given[0]
        products.weight_gradient(*by_row, random[0], errors[1], np.empty_like(weight))

    return compute


def _shapes(layers: list[Any], batch: int) -> list[tuple[int, int]]:
    return [(layers[0].shape[1], batch), *((layer.shape[0], batch) for layer in layers)]
