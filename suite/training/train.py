"""One run: train a network, evaluate it, evolve its topology, epoch after epoch.

Knows neither Ray nor study files. A run that is given its last checkpoint goes on bit for bit as
if it had never stopped, because every draw comes from a stream that the epoch names.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from suite import sparse
from suite.datasets.batches import Batches, Part
from suite.datasets.dataset import DataSet
from suite.datasets.splits import split
from suite.errors import UserError
from suite.kernels import augment
from suite.methods import connectivity, gate, regrow
from suite.methods.evolve import evolve_layer
from suite.randomness import stream
from suite.settings import Settings, too_dense
from suite.sparse import mlp, topology
from suite.sparse.differentiate import differentiate
from suite.sparse.layers import Seen
from suite.training.checkpoint import pack, unpack

Epoch = dict[str, Any]
"""What is recorded of an epoch: epoch (from 1), train_loss, val_loss, val_accuracy, test_loss,
test_accuracy, connections (a list, one number a layer), theta (None without evolution), evolved,
paused, seconds. All but theta, evolved and paused describe the network that was evaluated, before
that epoch's evolution."""


class DivergedError(Exception):
    """A loss is no longer finite: the run has failed, and would fail again."""


class Stopped(Exception):  # noqa: N818  nothing is wrong
    """Raised by `on_epoch` to end a training between two epochs."""


@dataclass(frozen=True)
class Trained:
    """A finished run.

    Attributes:
        history: One record an epoch.
        degrees: "initial" and "final": for each sparse layer how many of its "inputs" and
            "outputs" (units) have 0, 1, 2, ... connections. Empty for a dense network.
    """

    history: list[Epoch]
    degrees: dict[str, list[dict[str, list[int]]]]


def train(
    settings: Settings,
    seed: int,
    images: DataSet,
    *,
    engine: mlp.Engine = "masked",
    device: str = "cpu",
    threads: int = 1,
    checkpoint: bytes | None = None,
    keep: Callable[[bytes], None] = lambda _: None,
    keep_every: float = 30.0,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
) -> Trained:
    """Train one run to its last epoch.

    Args:
        settings: What to compute.
        seed: Names every random stream.
        images: The data.
        engine: "masked" or "sparse"; the same training to rounding.
        device: For the masked engine, e.g. "cuda".
        threads: CPU threads.
        checkpoint: Where to go on; from the start by default.
        keep: Called with a checkpoint after an epoch, at most every `keep_every` seconds.
        keep_every: Seconds; 0 keeps one after every epoch.
        on_epoch: Called with each epoch's record; may raise `Stopped`.

    Returns:
        The whole history, that of the epochs before `checkpoint` included.

    Raises:
        Stopped: If `on_epoch` raised it before the last epoch, after a checkpoint was kept.
        DivergedError: If a loss is not finite.
        UserError: If the settings do not fit the data, or a regrowth strategy misbehaves.
    """
    torch.set_num_threads(threads)  # a worker process may have served another run before
    check_fits(settings, images)
    parts = split(images, settings.validation, settings.train_samples, seed)
    batches = Batches(images, parts, device)
    network = _build(settings, seed, images, engine, device)
    initial = [layer.connections for layer in network.layers]
    degrees = {"initial": _degrees(network)}
    optimizer = _optimizer(settings, network)
    history: list[Epoch] = []
    if checkpoint is not None:
        history = unpack(checkpoint, network, optimizer)
    kept = time.monotonic()
    for epoch in range(len(history) + 1, settings.epochs + 1):
        started = time.perf_counter()
        record: Epoch = {"epoch": epoch}
        if settings.reset_momentum:
            optimizer = _optimizer(settings, network)
        evolves = settings.recipe.evolves and epoch < settings.epochs
        record["train_loss"] = _train_epoch(
            settings, seed, epoch, network, optimizer, batches, parts.train, watch=evolves
        )
        record |= _evaluate(settings, network, batches)
        record["connections"] = [layer.connections for layer in network.layers]
        history.append(record)
        record |= {"theta": None, "evolved": False, "paused": False}
        if evolves:
            record |= _evolve(settings, seed, epoch, network, optimizer, initial, history)
        record["seconds"] = time.perf_counter() - started
        stopped = _stops(on_epoch, record)
        if epoch < settings.epochs and (stopped or time.monotonic() - kept >= keep_every):
            keep(pack(network, optimizer, history, momentum=not settings.reset_momentum))
            kept = time.monotonic()
            if stopped:
                raise Stopped
    return Trained(history, degrees | {"final": _degrees(network)})


def _stops(on_epoch: Callable[[Epoch], None], record: Epoch) -> bool:
    """Pass on an epoch's record; return whether training is to stop."""
    try:
        on_epoch(record)
    except Stopped:
        return True
    return False


def epoch_seconds(
    settings: Settings,
    images: DataSet,
    *,
    engine: mlp.Engine,
    device: str = "cpu",
    threads: int = 1,
    steps: int = 30,
) -> float:
    """Measure what an epoch costs at the initial topology, in seconds.

    Times a few steps (a first one, which warms up, not counted), one evaluation and, where the
    method evolves, one evolution. Methods that lose connections get faster than that.

    Args:
        settings: What to compute.
        images: The data.
        engine: "masked" or "sparse".
        device: For the masked engine.
        threads: CPU threads.
        steps: How many steps to time, 1 or more.
    """
    torch.set_num_threads(threads)
    parts = split(images, settings.validation, settings.train_samples, 0)
    batches = Batches(images, parts, device)
    network = _build(settings, 0, images, engine, device)
    initial = [layer.connections for layer in network.layers]
    optimizer = _optimizer(settings, network)
    in_epoch = len(parts.train) // settings.batch_size

    def timed(work: Callable[[], object]) -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    def train_steps(count: int, watch: bool) -> float:
        chosen = parts.train[: count * settings.batch_size]
        return _train_epoch(settings, 0, 1, network, optimizer, batches, chosen, watch=watch)

    steps = min(steps, in_epoch)
    evolves = settings.recipe.evolves
    train_steps(1, False)
    seconds = timed(lambda: train_steps(steps, evolves)) / steps * in_epoch
    measures: list[dict[str, Any]] = [{"train_loss": 1.0}]
    seconds += timed(lambda: measures[0].update(_evaluate(settings, network, batches)))
    if evolves:
        seconds += timed(lambda: _evolve(settings, 0, 1, network, optimizer, initial, measures))
    return seconds


def check_fits(settings: Settings, images: DataSet) -> None:
    """Check what only the data can tell.

    Raises:
        UserError: If a layer would be denser than dense, an epoch would have no batch, or feature
            vectors are to be warped.
    """
    if images.kind == "features" and settings.augment and "augment" in settings.model_fields_set:
        raise UserError(
            f"augment: {images.name} has feature vectors, which cannot be warped; leave it out."
        )
    sentence = too_dense(settings.epsilon, images.features, settings.hidden[0])
    if sentence and settings.recipe.sparse:
        raise UserError(sentence)
    count = len(split(images, settings.validation, settings.train_samples, 0).train)
    if settings.batch_size > count:
        raise UserError(
            f"batch_size {settings.batch_size} is more than the {count} training images of "
            f"{images.name}."
        )


def _build(
    settings: Settings, seed: int, images: DataSet, engine: mlp.Engine, device: str
) -> mlp.MLP:
    return mlp.build(
        (images.features, *settings.hidden),
        len(images.classes),
        seed=seed,
        connected="sparse" if settings.recipe.sparse else "dense",
        epsilon=settings.epsilon,
        activation=settings.activation,
        negative_slope=settings.negative_slope,
        dropout=settings.dropout,
        engine=engine,
        device=device,
    )


def _optimizer(settings: Settings, network: mlp.MLP) -> torch.optim.Optimizer:
    return torch.optim.SGD(
        network.parameters(),
        lr=settings.learning_rate,  # type: ignore[arg-type]
        momentum=settings.momentum,
        fused=True,
    )


def _train_epoch(
    settings: Settings,
    seed: int,
    epoch: int,
    network: mlp.MLP,
    optimizer: torch.optim.Optimizer,
    batches: Batches,
    train: np.ndarray,
    *,
    watch: bool,
) -> float:
    """Train one epoch and return the mean loss over its batches."""
    order = stream(seed, "order", epoch).permutation(train)
    warps = None
    if settings.augment:
        warps = augment.draw(stream(seed, "augmentation", epoch), len(order))
    network.train()
    network.draw_dropout_from(stream(seed, "dropout", epoch))
    needs = regrow.get(settings.regrow).needs if watch else ()
    steps = len(order) // settings.batch_size
    total = torch.zeros((), dtype=torch.float64, device=batches.device)
    for step in range(steps):
        _watch(network, on=bool(needs) and step == steps - 1)
        chosen = slice(step * settings.batch_size, (step + 1) * settings.batch_size)
        x = batches.training(order[chosen], None if warps is None else warps[chosen])
        total += differentiate(network, x, batches.labels(order[chosen]))
        optimizer.step()
    return _finite(total.item() / steps, "training")


def _watch(network: mlp.MLP, *, on: bool) -> None:
    for layer in network.layers:
        layer.watch = on


def _evaluate(settings: Settings, network: mlp.MLP, batches: Batches) -> dict[str, float]:
    network.eval()
    _watch(network, on=False)
    test_loss, test_accuracy = _loss_and_accuracy(network, batches, "test")
    val_loss, val_accuracy = test_loss, test_accuracy
    if settings.validation != "test":
        val_loss, val_accuracy = _loss_and_accuracy(network, batches, "validation")
    return {
        "val_loss": _finite(val_loss, "validation"),
        "val_accuracy": val_accuracy,
        "test_loss": _finite(test_loss, "test"),
        "test_accuracy": test_accuracy,
    }


def _loss_and_accuracy(network: mlp.MLP, batches: Batches, part: Part) -> tuple[float, float]:
    loss = torch.zeros((), dtype=torch.float64, device=batches.device)
    correct = torch.zeros((), dtype=torch.int64, device=batches.device)
    count = 0
    with torch.inference_mode():
        for x, labels in batches.evaluation(part):
            logits = network(x)
            loss += functional.cross_entropy(logits, labels, reduction="sum")
            correct += (logits.argmax(dim=1) == labels).sum()
            count += len(labels)
    return loss.item() / count, correct.item() / count


def _finite(loss: float, which: str) -> float:
    if not math.isfinite(loss):
        raise DivergedError(f"the {which} loss is not finite ({loss}); a lower learning_rate helps")
    return loss


def _evolve(
    settings: Settings,
    seed: int,
    epoch: int,
    network: mlp.MLP,
    optimizer: torch.optim.Optimizer,
    initial: list[int],
    history: list[Epoch],
) -> Epoch:
    """Evolve every layer, unless the gate pauses; return theta, evolved and paused."""
    signal = settings.metric or "loss"
    column = "train_loss" if signal == "loss" else signal
    values = [record[column] for record in history]
    if gate.paused(
        settings.gate or "open",  # type: ignore[arg-type]
        values,
        signal,
        window=settings.window,
    ):
        return {"paused": True}
    theta = connectivity.theta(
        settings.rule or "full", values, signal, k=settings.k, overshoot=settings.overshoot
    )
    options = settings.model_dump(exclude={"method", "dataset"})  # neither enters a run's key
    for index, layer in enumerate(network.layers):
        momentum = optimizer.state[layer.weight].get("momentum_buffer")
        seen = layer.seen
        evolved = evolve_layer(
            index,
            layer.shape,
            layer.positions,
            layer.gather(layer.weight),
            None if momentum is None else layer.gather(momentum),
            initial_count=initial[index],
            theta=theta,
            prune=settings.prune,
            zeta=settings.zeta,
            regrow=settings.regrow,
            regrown_weights=settings.regrown_weights,
            rng=stream(seed, "evolution", epoch, index),
            weights_rng=stream(seed, "regrown", epoch, index),
            gradient=None if seen is None else seen.gradient,
            activations=None if seen is None else functools.partial(_activations, seen),
            settings=options,
        )
        layer.seen = None
        layer.rewire(evolved.positions, evolved.weights)
        if momentum is not None:
            optimizer.state[layer.weight]["momentum_buffer"] = layer.scatter(evolved.momentum)
    return {"theta": theta, "evolved": True}


def _activations(seen: Seen) -> tuple[np.ndarray, np.ndarray]:
    """Return what entered and what left a layer, float32 (n_in, b) and (n_out, b)."""
    assert seen.outputs is not None, "a watched pass leaves both"
    return seen.inputs.cpu().numpy(), seen.outputs.cpu().numpy()


def _degrees(network: mlp.MLP) -> list[dict[str, list[int]]]:
    return [
        topology.degrees(layer.positions, layer.shape)
        for layer in network.layers
        if not layer.dense
    ]


def compile_kernels(engine: mlp.Engine) -> float:
    """Compile what an engine trains with, or load it where an earlier process has compiled it.

    One process compiles while others wait.

    Returns:
        Seconds it took.
    """
    return augment.compile_kernels() + (sparse.compile_kernels() if engine == "sparse" else 0.0)
