"""What time and memory grow with: connections, width, processes at once."""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch

from suite.bench.timing import alternate, in_fresh_process
from suite.bench.workload import COLOUR, TESTED, Bench, synthetic_images
from suite.training.build import build
from suite.training.checkpoint import pack
from suite.training.timing import FirstEpoch

GREY = (256, 256, 1)
"""Images of 65,536 pixels."""

WIDTHS = (10_000, 100_000, 1_000_000)
"""Units of the one hidden layer above such images."""

SECONDS = 1.5
"""For this long workers train at the same time."""


def halved_epsilon(bench: Bench, turns: int) -> dict[str, float]:
    """Compare a step with one of a network of half the connections."""
    half = Bench(bench.images, bench.hidden, bench.epsilon / 2)
    times = alternate((bench.training("sparse").step, half.training("sparse").step), turns, (5, 5))
    return {"saved": 1 - float(np.median(times[:, 1] / times[:, 0]))}


def fourfold_width(bench: Bench, turns: int) -> dict[str, float]:
    """Compare a step with one of a network of four times the hidden units."""
    wide = Bench(bench.images, tuple(4 * units for units in bench.hidden), bench.epsilon)
    sides = bench.training("sparse"), wide.training("sparse")
    connections = [
        sum(layer.connections for layer in side.training.network.layers) for side in sides
    ]
    times = alternate([side.step for side in sides], turns, (3, 1))
    memory = [_added_memory(other) for other in (bench, wide)]
    return {
        "connections": connections[1] / connections[0],
        "time": float(np.median(times[:, 1] / times[:, 0])),
        "memory": memory[1] / memory[0],
    }


def growth(
    bench: Bench, turns: int, *, widths: Sequence[int] = WIDTHS
) -> dict[str, dict[str, float]]:
    """Compare the cost of a connection in ever wider networks with that in the paper's.

    The wider networks have 65,536 inputs and one hidden layer. A connection is a weight, of hidden
    layers or of the output layer. Compared per connection: the time to build the network, to take a
    step with a batch of 100, to update the topology and to write a checkpoint, and the memory that
    a run adds to its process.
    """
    sides = [bench]
    sides += [Bench(synthetic_images(200, GREY), (units,), bench.epsilon) for units in widths]
    memory = [_added_memory(side) for side in sides]
    paper = Parts(bench)
    figures = {}
    for units, side, added in zip(widths, sides[1:], memory[1:], strict=True):
        wide = Parts(side)
        each = paper.connections / wide.connections
        found = {"connections": wide.connections / paper.connections}
        for part, often in (("build", 1), ("step", turns), ("update", 2), ("checkpoint", 2)):
            calls = getattr(paper, part), getattr(wide, part)
            times = alternate(calls, max(1, often // 3), (10, 1))
            found[part] = each * float(np.median(times[:, 1] / times[:, 0]))
        figures[f"{units:,} units"] = found | {"memory": each * added / memory[0]}
    return figures


class Parts:
    """What `growth` times, in the first epoch of a training.

    Attributes:
        connections: All weights of the network.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._first: FirstEpoch = bench.training("sparse")
        training = self._first.training
        self.connections = sum(training.sizes()) + training.network.output_weights

    def build(self) -> None:
        """Draw the topology and the weights, and index the connections."""
        training = self._first.training
        build(training.settings, 1, self._bench.images, "sparse", "cpu")

    def step(self) -> None:
        """Take a step."""
        self._first.step()

    def update(self) -> None:
        """Prune and regrow."""
        self._first.update()

    def checkpoint(self) -> None:
        """Write a checkpoint."""
        training = self._first.training
        pack(
            *(training.network, training.optimizer, []),
            momentum=True,
            lifetimes=training.lifetimes,
            past=training.past.state(),
        )


def memory(bench: Bench, turns: int) -> dict[str, float]:  # noqa: ARG001 (one run is enough)
    """Measure what a run adds to a process that has its imports and the images, at its peak."""
    return {"added_mb": _added_memory(bench)}


def _added_memory(bench: Bench) -> float:
    images = len(bench.images.x_train), bench.images.shape
    added: float = in_fresh_process(added_memory, bench.hidden, bench.epsilon, "set", *images)
    return added


def added_memory(
    hidden: tuple[int, ...],
    epsilon: float,
    method: str = "set",
    count: int = TESTED,
    shape: tuple[int, ...] = COLOUR,
) -> float:
    """Train, evaluate and update in this process, and return the MB that this added at its peak.

    Args:
        hidden: Units of the hidden layers.
        epsilon: Of the initial topology.
        method: What trains.
        count: How many images, see `workload.synthetic_images`.
        shape: Of an image.
    """
    torch.set_num_threads(1)
    images = synthetic_images(count, shape)
    small = Bench(images, (100,), epsilon).training("sparse")  # what is imported, comes with it
    small.step()
    before = resident()
    training = Bench(images, hidden, epsilon).training("sparse", method=method)
    for _ in range(5):
        training.step()
    training.evaluate()
    if training.training.recipe.evolves:
        training.watch()
        training.update()
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
    """Compare the throughput of two simultaneous processes with that of one."""
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


def ask_for_steps(pipes: Sequence[Connection]) -> list[float]:
    """Let workers train at the same time, and return the steps per second of each."""
    for pipe in pipes:
        pipe.send(SECONDS)
    return [pipe.recv() for pipe in pipes]


def serve_steps(pipe: Connection, hidden: tuple[int, ...], epsilon: float) -> None:
    """Train for as many seconds as are asked for, and answer with steps per second, until None."""
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
