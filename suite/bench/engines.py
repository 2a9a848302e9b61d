"""The sparse engine's step, evaluation and update, compared with alternatives."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from suite.bench.timing import alternate
from suite.bench.workload import EPOCH, Bench
from suite.methods import library
from suite.methods.initial.random import expected_density
from suite.sparse.linear import SparseLinear


def engines(bench: Bench, turns: int) -> dict[str, float]:
    """Compare a step of the sparse engine with one of the masked."""
    sides = bench.training("masked").step, bench.training("sparse").step
    times = alternate(sides, turns, (1, 5))
    return {
        "masked_ms": 1000 * float(np.median(times[:, 0])),
        "sparse_ms": 1000 * float(np.median(times[:, 1])),
        "times_faster": float(np.median(times[:, 0] / times[:, 1])),
    }


def sparselab(bench: Bench, turns: int) -> dict[str, Any]:
    """Compare a step of the sparse engine with one of the package sparselab, without augmentation.

    It is given its batch ready-made. It is not a dependency of the suite: if it is not installed,
    the figures show that.
    """
    theirs = _sparselabs_layer()
    if theirs is None:
        return {"missing": "sparselab is not installed"}
    training = bench.training("sparse")
    step = _step(bench, theirs, *training.batch())
    times = alternate((step, training.step), turns, (1, 3))
    return {
        "sparselab_ms": 1000 * float(np.median(times[:, 0])),
        "sparse_ms": 1000 * float(np.median(times[:, 1])),
        "times_faster": float(np.median(times[:, 0] / times[:, 1])),
    }


def sparse_linear(bench: Bench, turns: int) -> dict[str, Any]:
    """Compare `suite.SparseLinear` with sparselab's layer, in models that are otherwise the same.

    Both take (batch, features), and PyTorch differentiates and drops out.
    """
    theirs = _sparselabs_layer()
    if theirs is None:
        return {"missing": "sparselab is not installed"}
    batch = bench.training("sparse").batch()
    steps = _step(bench, theirs, *batch), _step(bench, SparseLinear, *batch)
    times = alternate(steps, turns, (1, 3))
    return {
        "sparselab_ms": 1000 * float(np.median(times[:, 0])),
        "sparse_linear_ms": 1000 * float(np.median(times[:, 1])),
        "times_faster": float(np.median(times[:, 0] / times[:, 1])),
    }


def _sparselabs_layer() -> Callable[..., nn.Module] | None:
    """Return what makes a layer of sparselab; None where it is not installed."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        from sparselab import SparseLinear as Theirs
    except ImportError:
        return None

    def layer(n_in: int, n_out: int, density: float) -> nn.Module:
        made: nn.Module = Theirs(n_in, n_out, sparsity=1 - density)
        return made

    return layer


def _step(
    bench: Bench, layer: Callable[..., nn.Module], x: Tensor, y: Tensor
) -> Callable[[], None]:
    """Return a training step of a model of such layers on a batch, x (features, batch)."""
    sizes = (bench.images.features, *bench.hidden)
    parts: list[nn.Module] = []
    for n_in, n_out in itertools.pairwise(sizes):
        density = expected_density((n_out, n_in), bench.epsilon)
        parts += [layer(n_in, n_out, density=density), nn.LeakyReLU(0.3), nn.Dropout(0.3)]
    network = nn.Sequential(*parts, nn.Linear(sizes[-1], 10))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, fused=True)
    rows = x.T.contiguous()

    def step() -> None:
        loss = functional.cross_entropy(network(rows), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def evaluation(bench: Bench, turns: int) -> dict[str, float]:
    """Compare the evaluation of 10,000 images with an epoch's steps."""
    training = bench.training("sparse")
    times = alternate((training.step, training.evaluate), max(3, turns // 2), (10, 1))
    return {
        "evaluation_ms": 1000 * float(np.median(times[:, 1])),
        "share_of_epoch": float(np.median(times[:, 1] / times[:, 0])) / EPOCH,
    }


def update(bench: Bench, turns: int) -> dict[str, dict[str, float]]:
    """Compare an update, with each regrowth strategy, with an epoch's steps."""
    figures: dict[str, dict[str, float]] = {}
    for strategy in library.names("regrow"):
        first = bench.training("sparse", regrow=strategy)
        sides = first.step, first.watch, first.update
        times = alternate(sides, max(3, turns // 3), (10, 1, 1))
        figures[strategy] = {
            "update_ms": 1000 * float(np.median(times[:, 2])),
            "share_of_epoch": float(np.median(times[:, 2] / times[:, 0])) / EPOCH,
        }
    return figures
