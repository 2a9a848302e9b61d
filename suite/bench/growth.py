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
from suite.bench.workload import Bench, synthetic_images
from suite.training.rewire import WATCHED


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
    memory = [
        in_fresh_process(added_memory, other.hidden, other.epsilon) for other in (bench, wide)
    ]
    return {
        "connections": connections[1] / connections[0],
        "time": float(np.median(times[:, 1] / times[:, 0])),
        "memory": memory[1] / memory[0],
    }


def memory(bench: Bench, turns: int) -> dict[str, float]:  # noqa: ARG001 (one run is enough)
    """Measure what a run adds to a process that has its imports and the images, at its peak."""
    return {"added_mb": in_fresh_process(added_memory, bench.hidden, bench.epsilon)}


def added_memory(hidden: tuple[int, ...], epsilon: float, method: str = "set") -> float:
    """Train, evaluate and update in this process, and return the MB that this added at its peak."""
    torch.set_num_threads(1)
    images = synthetic_images()
    small = Bench(images, (100,), epsilon).training("sparse")  # what is imported, comes with it
    small.step()
    before = resident()
    training = Bench(images, hidden, epsilon).training("sparse", method=method)
    recipe = training.training.recipe
    for _ in range(20):
        training.step()
    training.evaluate()
    if recipe.evolves:
        training.step(watch=bool(recipe.needs & WATCHED))
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
