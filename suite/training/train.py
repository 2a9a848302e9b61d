"""One run: train a network, evaluate it, update its topology, epoch after epoch.

Independent of Ray and study files. A run that is given its last checkpoint continues bit for bit as
if it had never stopped, because every draw comes from a stream that the epoch, or the step of the
update, names.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import torch

from suite.datasets.dataset import DataSet
from suite.kernels import compile_kernels
from suite.methods.cut_off import CutOff
from suite.settings import Settings
from suite.sparse import mlp, topology
from suite.training.checkpoint import pack
from suite.training.earlier import Earlier
from suite.training.earlier import keep as pack_network
from suite.training.evaluate import DivergedError
from suite.training.fits import check_fits
from suite.training.lifetimes import Counts
from suite.training.state import Epoch, Training

__all__ = [
    "DivergedError",
    "Epoch",
    "Stopped",
    "Trained",
    "Training",
    "check_fits",
    "compile_kernels",
    "train",
]


_log = logging.getLogger(__name__)


class Stopped(Exception):  # noqa: N818  nothing is wrong
    """Raised by `on_epoch` to end a training between two epochs."""


@dataclass(frozen=True)
class Trained:
    """A finished run.

    Attributes:
        history: One record an epoch.
        degrees: "initial" and "final": for each sparse layer how many of its "inputs" and
            "outputs" (units) have 0, 1, 2, ... connections. Empty for a dense network.
        pixels: "initial" and "final": how many connections each pixel of the images has, row by
            row, its channels together. Empty for a dense network and for feature vectors.
        lifetimes: How long connections lived, see `Lifetimes.counts`; None where it is not known
            or no update ever came.
        warnings: Layers that lost their last path, or of which most units were cut off.
    """

    history: list[Epoch]
    degrees: dict[str, list[dict[str, list[int]]]]
    pixels: dict[str, list[int]]
    lifetimes: Counts | None
    warnings: list[CutOff] = field(default_factory=list)


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
    earlier: Earlier | None = None,
    keep_network: Mapping[int, Callable[[bytes], None]] = MappingProxyType({}),
    on_final: Callable[[Training, Epoch], None] = lambda *_: None,
    on_warning: Callable[[CutOff], None] = lambda warning: _log.warning("%s", warning.sentence),
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
        earlier: What a chained run starts from.
        keep_network: By epoch, what is called with the network after it.
        on_final: Called after the last evaluation with the training and the epoch's record so far.
        on_warning: Called after an epoch with each warning that is new; first with those of the
            epochs before `checkpoint`. By default it is logged.
        on_epoch: Called with each epoch's record; may raise `Stopped`.

    Returns:
        The whole history, including the epochs before `checkpoint`.

    Raises:
        Stopped: If `on_epoch` raised it before the last epoch, after a checkpoint was kept.
        DivergedError: If a loss is not finite.
        UserError: If the settings do not fit the data, or a part of the recipe misbehaves.
    """
    torch.set_num_threads(threads)  # a worker process may have served another run before
    check_fits(settings, images)
    training = Training(settings, seed, images, engine=engine, device=device, earlier=earlier)
    evolves = settings.recipe.evolves or settings.noise is not None
    network, lifetimes = training.network, training.lifetimes
    degrees = {"initial": _degrees(network, evolves)}
    pixels = {"initial": _pixels(network.layers[0], images)} if degrees["initial"] else {}
    history = training.history
    if checkpoint is not None:
        training.resume(checkpoint)
    kept, warned = time.monotonic(), 0

    def evaluated(record: Epoch) -> None:
        if record["epoch"] == settings.epochs:
            on_final(training, record)

    while len(history) < settings.epochs:
        started = time.perf_counter()
        record = training.epoch(evaluated)
        record["seconds"] = time.perf_counter() - started
        for warning in training.past.warnings[warned:]:
            on_warning(warning)
        warned = len(training.past.warnings)
        if len(history) in keep_network:
            keep_network[len(history)](pack_network(network, training.optimizer))
        stopped = _stops(on_epoch, record)
        if len(history) < settings.epochs and (stopped or time.monotonic() - kept >= keep_every):
            goes_on = not settings.reset_momentum
            optimizer = training.optimizer
            past = training.past.state() if evolves else None
            keep(
                pack(
                    *(network, optimizer, history),
                    momentum=goes_on,
                    lifetimes=lifetimes,
                    past=past,
                )
            )
            kept = time.monotonic()
            if stopped:
                raise Stopped
    degrees["final"] = _degrees(network, evolves)
    if pixels:
        pixels["final"] = _pixels(network.layers[0], images)
    updated = any(record["evolved"] for record in history)
    lived = lifetimes.counts(training.sizes()) if updated else None
    return Trained(
        history, degrees, pixels if pixels.get("final") else {}, lived, training.past.warnings
    )


def _stops(on_epoch: Callable[[Epoch], None], record: Epoch) -> bool:
    """Pass on an epoch's record; return whether training is to stop."""
    try:
        on_epoch(record)
    except Stopped:
        return True
    return False


def _degrees(network: mlp.MLP, evolves: bool) -> list[dict[str, list[int]]]:
    """Return the degrees of the layers that have a topology, or are to get one."""
    return [
        topology.degrees(layer.positions, layer.shape)
        for layer in network.layers
        if evolves or not layer.dense
    ]


def _pixels(layer: mlp.Layer, images: DataSet) -> list[int]:
    """Return how many connections each pixel has; none of feature vectors."""
    if images.kind == "features":
        return []
    connections = np.bincount(layer.positions % layer.shape[1], minlength=layer.shape[1])
    return connections.reshape(-1, images.shape[-1]).sum(axis=1).tolist()
