"""Measurements of the engines: what a step costs, where the time goes, and what it grows with.

A step is what training does with a batch: gather, standardise and augment it, forward with dropout,
loss, backward, and SGD with momentum. Sides that are compared take turns in one process, on one
thread, and what counts is the median over the turns: so a machine that is busy with something else
slows down both.
"""

from __future__ import annotations

import functools
import itertools
import multiprocessing
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from suite import augment, sparse
from suite.datasets.batches import Batches
from suite.datasets.images import ImageSet, image_set
from suite.datasets.splits import split
from suite.evolution import evolve, regrow
from suite.randomness import stream
from suite.training import compile_kernels

HIDDEN = (4000, 1000, 4000)
BATCH = 100
EPOCH = 50_000 // BATCH
"""Steps of an epoch of CIFAR-10."""

TESTED = 10_000
"""Images of an evaluation."""

Step = Callable[[], None]


@dataclass(frozen=True)
class Bench:
    """What is measured.

    Attributes:
        images: Images like CIFAR-10's; what they show costs nothing.
        hidden: Units of the hidden layers.
        epsilon: Of the initial topology.
    """

    images: ImageSet
    hidden: tuple[int, ...] = HIDDEN
    epsilon: float = 20.0

    def network(self, engine: sparse.mlp.Engine) -> sparse.MLP:
        """Return a new network in training mode."""
        sizes = (self.images.features, *self.hidden)
        network = sparse.build(sizes, 10, seed=1, epsilon=self.epsilon, engine=engine)
        network.draw_dropout_from(stream(1, "dropout", 1))
        return network

    def training(self, engine: sparse.mlp.Engine) -> Training:
        """Return the training of a new network."""
        return Training(self.network(engine), self.images)


class Training:
    """A network that trains, step by step.

    Args:
        network: The network.
        images: What it trains on and is tested on.
    """

    def __init__(self, network: sparse.MLP, images: ImageSet) -> None:
        self.network = network
        self.optimizer = optimizer_of(network)
        parts = split(images)
        self.batches = Batches(images, parts)
        self._starts = itertools.cycle(range(0, len(parts.train) - BATCH + 1, BATCH))
        self._order = stream(1, "order", 1).permutation(parts.train)
        self._warps = augment.draw(stream(1, "augmentation", 1), len(self._order))

    def batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the next batch, augmented, and its labels."""
        start = next(self._starts)
        chosen = slice(start, start + BATCH)
        indices = self._order[chosen]
        return self.batches.training(indices, self._warps[chosen]), self.batches.labels(indices)

    def step(self) -> None:
        """Train on the next batch."""
        x, y = self.batch()
        loss = functional.cross_entropy(self.network(x), y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def evaluate(self) -> None:
        """Pass all test images through the network once."""
        self.network.eval()
        with torch.inference_mode():
            for x, y in self.batches.evaluation("test"):
                functional.cross_entropy(self.network(x), y, reduction="sum")
        self.network.train()

    def evolve(self, strategy: str) -> None:
        """Evolve every layer once, as SET does, with a regrowth strategy."""
        for index, layer in enumerate(self.network.layers):
            momentum = self.optimizer.state[layer.weight]["momentum_buffer"]
            seen = layer.seen  # where the strategy asked for it
            evolved = evolve.evolve_layer(
                index,
                layer.shape,
                layer.positions,
                layer.gather(layer.weight),
                layer.gather(momentum),
                initial_count=layer.connections,
                theta=1.0,
                prune="set",
                zeta=0.3,
                regrow=strategy,
                regrown_weights="zeros",
                rng=stream(1, "evolution", 1, index),
                weights_rng=stream(1, "regrown", 1, index),
                gradient=seen.gradient if seen else None,
                activations=seen.activations if seen else None,
                settings={"neighbourhood": "block"},
            )
            layer.rewire(evolved.positions, evolved.weights)
            self.optimizer.state[layer.weight]["momentum_buffer"] = layer.scatter(evolved.momentum)


def optimizer_of(network: nn.Module) -> torch.optim.SGD:
    """Return the optimiser of the paper."""
    return torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, fused=True)


def run_bench(
    *,
    epsilon: float = 20.0,
    turns: int = 15,
    measures: Sequence[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure the engines on the paper's network, on one thread.

    Args:
        epsilon: Sparsity parameter.
        turns: How often sides that are compared take turns, 1 or more.
        measures: Names out of `MEASURES`; all by default.
        progress: Called with what is measured next.

    Returns:
        JSON-able figures by measure; times are in milliseconds, memory in MB.
    """
    torch.set_num_threads(1)
    progress("compiling")
    figures: dict[str, Any] = {
        "machine": machine(),
        "compiling_ms": 1000 * compile_kernels("sparse"),
    }
    bench = Bench(synthetic_images(), epsilon=epsilon)
    for name in measures or MEASURES:
        progress(name.replace("_", " "))
        figures[name] = MEASURES[name](bench, turns)
    return figures


def rows(figures: dict[str, Any]) -> list[list[str]]:
    """Return figures as rows of a table: what was measured, the figure, and what is wanted."""
    table: list[list[str]] = []
    for name, found in figures.items():
        if name == "machine":
            continue
        for part, value in (found if isinstance(found, dict) else {"": found}).items():
            figure = part or name
            if isinstance(value, dict):  # the evolution with a regrowth strategy
                figure, value = "share_of_epoch", value["share_of_epoch"]
            what = f"{name}: {part}" if part else name
            row = [what.replace("_", " "), _shown(figure, value), WANTED.get((name, figure), "")]
            table.append(row)
    return table


def _shown(figure: str, value: float | str) -> str:
    if isinstance(value, str):
        return value
    if figure in {"share_of_epoch", "saved"}:
        return f"{100 * value:.1f} %"
    if figure.endswith("_mb"):
        return f"{value:.0f} MB"
    if figure in {"times_faster", "connections", "time", "memory", "throughput"}:
        return f"{value:.2f} x"
    return f"{value:.2f} ms"


def machine() -> dict[str, str]:
    """Return what the figures depend on beside the suite itself."""
    cpu = platform.processor() or platform.machine()
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        lines = listed.read_text().splitlines()
        cpu = next((line.split(":")[1].strip() for line in lines if "model name" in line), cpu)
    return {
        "cpu": cpu,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def synthetic_images(count: int = TESTED) -> ImageSet:
    """Return random images in the shape of CIFAR-10's, `count` to train on and to test with."""
    rng = np.random.default_rng(0)
    x = rng.integers(256, size=(count, 32, 32, 3), dtype=np.uint8)
    y = np.arange(count) % 10
    return image_set("random images", (x, y), (x, y), fingerprint="0" * 64)


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def alternate(sides: Sequence[Step], turns: int, each: Sequence[int] | None = None) -> np.ndarray:
    """Return seconds a call (turns, sides): sides take turns, after a first one that warms up.

    Args:
        sides: What to call.
        turns: How often.
        each: Calls a turn of each side, one by default: their median counts.
    """
    each = each or [1] * len(sides)
    for side in sides:
        side()
    return np.array(
        [
            [
                statistics.median(seconds(side) for _ in range(n))
                for side, n in zip(sides, each, strict=True)
            ]
            for _ in range(turns)
        ]
    )


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

    It is given its batch ready-made. It is no dependency of the suite: where it is not installed,
    the figures say so.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        from sparselab import SparseLinear  # type: ignore[import-not-found]
    except ImportError:
        return {"missing": "sparselab is not installed"}
    sizes = (bench.images.features, *bench.hidden)
    parts: list[nn.Module] = []
    for n_in, n_out in itertools.pairwise(sizes):
        density = sparse.topology.density((n_out, n_in), bench.epsilon)
        parts += [
            SparseLinear(n_in, n_out, sparsity=1 - density),
            nn.LeakyReLU(0.3),
            nn.Dropout(0.3),
        ]
    network = nn.Sequential(*parts, nn.Linear(sizes[-1], 10))
    optimizer = optimizer_of(network)
    training = bench.training("sparse")
    x, y = training.batch()
    x = x.T.contiguous()

    def step() -> None:
        loss = functional.cross_entropy(network(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    times = alternate((step, training.step), turns, (1, 3))
    return {
        "sparselab_ms": 1000 * float(np.median(times[:, 0])),
        "sparse_ms": 1000 * float(np.median(times[:, 1])),
        "times_faster": float(np.median(times[:, 0] / times[:, 1])),
    }


def profile(bench: Bench, turns: int) -> dict[str, float]:
    """Return where the milliseconds of a step go, part by part; medians, so they add up roughly."""
    training = bench.training("sparse")
    parts: dict[str, list[float]] = {}
    training.step()
    for _ in range(4 * turns):
        took: dict[str, float] = {}
        with timed_kernels(took):
            x, y = timed(took, "batch: gather, standardise, augment", training.batch)
            logits = timed(took, "forward", functools.partial(training.network, x))
            loss = timed(took, "loss", functools.partial(functional.cross_entropy, logits, y))
            training.optimizer.zero_grad()
            timed(took, "backward", loss.backward)
            timed(took, "SGD", training.optimizer.step)
        took["forward: output layer and the rest"] = took.pop("forward") - took["forward: products"]
        kernels = sum(value for part, value in took.items() if part.startswith("backward: "))
        took["backward: output layer and the rest"] = took.pop("backward") - kernels
        for part, value in took.items():
            parts.setdefault(part, []).append(value)
    return {part: 1000 * statistics.median(values) for part, values in sorted(parts.items())}


KERNELS = {
    "forward": "forward: products",
    "backward": "backward: activation and bias",
    "weight_gradient": "backward: first layer's weights",
    "gradients": "backward: weights and inputs",
}


@contextmanager
def timed_kernels(took: dict[str, float]) -> Iterator[None]:
    """Add to `took` the seconds that kernels take meanwhile, by part."""
    from suite.sparse import kernels

    untimed = {name: getattr(kernels, name) for name in KERNELS}

    def watch(name: str) -> Callable[..., None]:
        def call(*arguments: Any) -> None:
            timed(took, KERNELS[name], functools.partial(untimed[name], *arguments))

        return call

    for name in KERNELS:
        setattr(kernels, name, watch(name))
    try:
        yield
    finally:
        for name, kernel in untimed.items():
            setattr(kernels, name, kernel)


def timed(took: dict[str, float], part: str, work: Callable[[], Any]) -> Any:
    """Return what a call returns, and add the seconds that it takes to a part."""
    began = time.perf_counter()
    result = work()
    took[part] = took.get(part, 0.0) + time.perf_counter() - began
    return result


def halved_epsilon(bench: Bench, turns: int) -> dict[str, float]:
    """Compare a step with one of a network of half the connections."""
    half = Bench(bench.images, bench.hidden, bench.epsilon / 2)
    times = alternate((bench.training("sparse").step, half.training("sparse").step), turns, (5, 5))
    return {"saved": 1 - float(np.median(times[:, 1] / times[:, 0]))}


def fourfold_width(bench: Bench, turns: int) -> dict[str, float]:
    """Compare a step with one of a network of four times the hidden units."""
    wide = Bench(bench.images, tuple(4 * units for units in bench.hidden), bench.epsilon)
    sides = bench.training("sparse"), wide.training("sparse")
    connections = [sum(layer.connections for layer in side.network.layers) for side in sides]
    times = alternate([side.step for side in sides], turns, (3, 1))
    memory = [
        in_fresh_process(added_memory, other.hidden, other.epsilon) for other in (bench, wide)
    ]
    return {
        "connections": connections[1] / connections[0],
        "time": float(np.median(times[:, 1] / times[:, 0])),
        "memory": memory[1] / memory[0],
    }


def evaluation(bench: Bench, turns: int) -> dict[str, float]:
    """Compare the evaluation of 10,000 images with an epoch's steps."""
    training = bench.training("sparse")
    times = alternate((training.step, training.evaluate), max(3, turns // 2), (10, 1))
    return {
        "evaluation_ms": 1000 * float(np.median(times[:, 1])),
        "share_of_epoch": float(np.median(times[:, 1] / times[:, 0])) / EPOCH,
    }


def evolution(bench: Bench, turns: int) -> dict[str, dict[str, float]]:
    """Compare an evolution, with each regrowth strategy, with an epoch's steps."""
    figures: dict[str, dict[str, float]] = {}
    for strategy in regrow.names():
        training = bench.training("sparse")
        for layer in training.network.layers:
            layer.watch = bool(regrow.get(strategy).needs)

        def one(training: Training = training, strategy: str = strategy) -> None:
            training.evolve(strategy)

        times = alternate((training.step, one), max(3, turns // 3), (10, 1))
        figures[strategy] = {
            "evolution_ms": 1000 * float(np.median(times[:, 1])),
            "share_of_epoch": float(np.median(times[:, 1] / times[:, 0])) / EPOCH,
        }
    return figures


def memory(bench: Bench, turns: int) -> dict[str, float]:  # noqa: ARG001 (one run is enough)
    """Measure what a run adds to a process that has its imports and the images, at its peak."""
    return {"added_mb": in_fresh_process(added_memory, bench.hidden, bench.epsilon)}


def added_memory(hidden: tuple[int, ...], epsilon: float) -> float:
    """Train, evaluate and evolve in this process, and return the MB that this added at its peak."""
    torch.set_num_threads(1)
    images = synthetic_images()
    small = Bench(images, (10,), epsilon).training("sparse")  # what is imported, comes with it
    small.step()
    before = resident()
    training = Bench(images, hidden, epsilon).training("sparse")
    for _ in range(20):
        training.step()
    training.evaluate()
    training.evolve("random")
    training.step()
    return peak() - before


def resident() -> float:
    """Return the memory that this process has resident, in MB."""
    return _status("VmRSS") or _most_resident()


def peak() -> float:
    """Return the most memory that this process has had resident, in MB."""
    return _status("VmHWM") or _most_resident()


def _status(field: str) -> float:
    """Return a field of Linux's status of this process, in MB; 0 on other systems."""
    file = Path("/proc/self/status")
    lines = file.read_text().splitlines() if file.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(field)), 0.0)


def _most_resident() -> float:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20) if sys.platform == "darwin" else most / 1024


def side_by_side(bench: Bench, turns: int) -> dict[str, float]:
    """Compare the throughput of two processes at once with that of one alone."""
    spawn = multiprocessing.get_context("spawn")
    pipes = [spawn.Pipe() for _ in range(2)]
    workers = [
        spawn.Process(target=serve_steps, args=(theirs, bench.hidden, bench.epsilon), daemon=True)
        for _, theirs in pipes
    ]
    ours = [mine for mine, _ in pipes]
    for worker in workers:
        worker.start()
    for pipe in ours:
        pipe.recv()
    ratios = []
    for turn in range(max(3, turns // 3)):
        alone = sum(ask_for_steps([ours[turn % 2]]))
        ratios.append(sum(ask_for_steps(ours)) / alone)
    for pipe in ours:
        pipe.send(None)
    for worker in workers:
        worker.join()
    return {"throughput": statistics.median(ratios)}


def ask_for_steps(pipes: Sequence[Connection], duration: float = 1.5) -> list[float]:
    """Let workers train at the same time, for seconds, and return the steps a second of each."""
    for pipe in pipes:
        pipe.send(duration)
    return [pipe.recv() for pipe in pipes]


def serve_steps(pipe: Connection, hidden: tuple[int, ...], epsilon: float) -> None:
    """Train for as many seconds as are asked for, and answer with steps a second, until None."""
    torch.set_num_threads(1)
    training = Bench(synthetic_images(), hidden, epsilon).training("sparse")
    training.step()
    pipe.send("ready")
    while (duration := pipe.recv()) is not None:
        began, steps = time.perf_counter(), 0
        while (now := time.perf_counter()) - began < duration:
            training.step()
            steps += 1
        pipe.send(steps / (now - began))


def in_fresh_process(work: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a call returns in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


MEASURES: dict[str, Callable[[Bench, int], Any]] = {
    "engines": engines,
    "sparselab": sparselab,
    "profile": profile,
    "halved_epsilon": halved_epsilon,
    "fourfold_width": fourfold_width,
    "evaluation": evaluation,
    "evolution": evolution,
    "side_by_side": side_by_side,
    "memory": memory,
}
"""What `run_bench` measures, by name."""

WANTED = {
    ("engines", "times_faster"): "at least 12",
    ("sparselab", "times_faster"): "at least 2.5",
    ("halved_epsilon", "saved"): "at least 25 %",
    ("fourfold_width", "time"): "at most 6",
    ("fourfold_width", "memory"): "at most 6",
    ("evaluation", "share_of_epoch"): "at most 8 %",
    ("evolution", "share_of_epoch"): "at most 5 %",
    ("side_by_side", "throughput"): "at least 1.8",
    ("memory", "added_mb"): "at most 200 MB",
}
"""What the sparse engine is meant to reach, by measure and figure."""
