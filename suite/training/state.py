"""A training in progress: network, optimiser and data, and what happens to them step by step."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Collection
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from suite.datasets.batches import Batches
from suite.datasets.dataset import DataSet
from suite.datasets.splits import split
from suite.kernels import augment
from suite.methods import multiply_adds
from suite.methods.moment import Moment
from suite.methods.update import Updated, due, is_open
from suite.randomness import stream
from suite.settings import Settings
from suite.sparse import mlp
from suite.sparse.differentiate import Take, differentiate, leave
from suite.sparse.layers import joined
from suite.training.build import build
from suite.training.checkpoint import unpack
from suite.training.earlier import Earlier
from suite.training.evaluate import evaluate, finite
from suite.training.fits import check_target
from suite.training.handover import hand_over
from suite.training.lifetimes import Lifetimes
from suite.training.noise import penalty_weight
from suite.training.optimizers import at_once, learning_rate, make_optimizer, set_learning_rate
from suite.training.past import Column, Past
from suite.training.probe import probe
from suite.training.rewire import WATCHED, rewire
from suite.training.samples import activations

Epoch = dict[str, Any]
"""What is recorded of an epoch: epoch (from 1), train_loss, val_loss, val_accuracy, test_loss,
test_accuracy, connections (a list, one number a layer), explored (the share of all positions that
were ever active), active_units (hidden units with connections on both sides), theta and zeta (of
the last update; None without one), evolved (whether there was an update), paused (whether a gate
was shut), updates, pruned and regrown (how many of each, all layers and updates of the epoch
together), returned (how many of the regrown had been pruned by the same update), multiply_adds (of
the epoch's training) and inference_multiply_adds (of one image), seconds.
Losses, accuracies and connections describe the network that was evaluated; an update that follows
the evaluation shows in the next epoch."""

NO_UPDATE: Epoch = {
    **{"theta": None, "evolved": False, "paused": False},
    **{"updates": 0, "pruned": 0, "regrown": 0, "returned": 0, "zeta": None},
}


class Training:
    """One run from its start: `epoch` trains, evaluates and updates; the rest are its steps.

    Args:
        settings: What to compute.
        seed: Names every random stream.
        images: The data.
        engine: "masked" or "sparse".
        device: For the masked engine.
        earlier: What a chained run starts from.
    """

    def __init__(
        self,
        settings: Settings,
        seed: int,
        images: DataSet,
        *,
        engine: mlp.Engine = "masked",
        device: str = "cpu",
        earlier: Earlier | None = None,
    ) -> None:
        self.settings, self.seed, self.recipe = settings, seed, settings.recipe
        self._engine = engine
        parts = split(images, settings.validation, settings.train_samples, seed)
        self.batches = Batches(images, parts, device, settings.standardise)
        sizes = (images.features, *settings.hidden)
        look = probe(settings, seed, sizes, len(images.classes), self.batches, parts.train)
        self.network = build(settings, seed, images, engine, device, earlier, look)
        self.initial = self.sizes()
        check_target(self.recipe, self.initial)
        self.optimizer = make_optimizer(settings, self.network)
        self.history: list[Epoch] = []
        self.lifetimes = Lifetimes(len(self.network.layers))
        self._multiply_adds, self._sizes = 0, self.sizes()
        self._train = parts.train
        self.past = Past(self.network, self.recipe)
        self._seen: deque[list[Any]] = deque(maxlen=self.recipe.window.batches)

    @property
    def steps(self) -> int:
        """How many steps an epoch has."""
        return len(self._train) // self.settings.batch_size

    def epoch(self, evaluated: Callable[[Epoch], None] = lambda _: None) -> Epoch:
        """Train, evaluate and update for one epoch more; return its record.

        Args:
            evaluated: Called with the record between the evaluation and an update after it.

        Raises:
            DivergedError: If a loss is not finite.
            UserError: If a part of the recipe misbehaves.
        """
        number = len(self.history) + 1
        record: Epoch = {"epoch": number}
        if self.settings.reset_momentum:
            self.optimizer = make_optimizer(self.settings, self.network)
        done = dict(NO_UPDATE)
        self._multiply_adds, self._sizes = 0, self.sizes()
        record["train_loss"] = self._train_epoch(number, done)
        record |= self.evaluate()
        record["connections"] = self.sizes()
        if self.settings.noise is not None:  # it cuts connections off without an update
            self.past.look(self.network, number)
        record |= self.past.measure(self.network)
        record["multiply_adds"] = self._multiply_adds
        record["inference_multiply_adds"] = multiply_adds.inference(
            record["connections"], self.network.output_weights
        )
        self.history.append(record)
        evaluated(record)
        self._update_if_due("epoch", self.moment(number, self.steps), done)
        record |= done | {"multiply_adds": self._multiply_adds}
        return record

    def step(self, x: Tensor, labels: Tensor, *, watch: bool = False) -> Tensor:
        """Take one step of the optimiser on a batch.

        Args:
            x: (features, batch).
            labels: (batch,).
            watch: Whether layers keep what an update needs of this batch.

        Returns:
            The batch's mean loss before the step, a tensor without dimensions.
        """
        take = at_once(self.optimizer) if self._engine == "sparse" else None
        loss = self._differentiate(x, labels, watch=watch, take=take or leave)
        if take is None:
            self.optimizer.step()
        if self.settings.noise is not None:
            for layer in self.network.noisy:
                layer.constrain()
        return loss

    def look(self, x: Tensor, labels: Tensor) -> Tensor:
        """Show an update a batch with the weights of now, and train nothing on it.

        Returns:
            The batch's mean loss, a tensor without dimensions.
        """
        return self._differentiate(x, labels, watch=True)

    def _differentiate(
        self, x: Tensor, labels: Tensor, *, watch: bool, take: Take = leave
    ) -> Tensor:
        for layer in self.network.layers:
            layer.watch = watch
        loss = differentiate(self.network, x, labels, take)
        output = self.network.output_weights
        self._charge(multiply_adds.training(self._trained, output, x.shape[1]))
        if watch:
            self._seen.append([layer.seen for layer in self.network.layers])
        return loss

    def draw_noise(self, epoch: int) -> None:
        """Have dropout and learnt noise drawn from an epoch's streams."""
        self.network.draw_dropout_from(stream(self.seed, "dropout", epoch))
        if (noise := self.settings.noise) is not None:
            self.network.penalty_weight = penalty_weight(noise, epoch, len(self._train))
            for index, layer in enumerate(self.network.noisy):
                layer.rng = stream(self.seed, "noise", epoch, index)

    def order(self, epoch: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Return an epoch's order of the training images and, in this order, their warps."""
        order = stream(self.seed, "order", epoch).permutation(self._train)
        if not self.settings.augment:
            return order, None
        return order, augment.draw(stream(self.seed, "augmentation", epoch), len(order))

    def batch(
        self, order: np.ndarray, warps: np.ndarray | None, step: int
    ) -> tuple[Tensor, Tensor]:
        """Return the inputs and labels of a step, counted from 1 in its epoch."""
        size = self.settings.batch_size
        chosen = slice((step - 1) * size, step * size)
        x = self.batches.training(order[chosen], None if warps is None else warps[chosen])
        return x, self.batches.labels(order[chosen])

    def evaluate(self) -> dict[str, float]:
        """Evaluate the network in its present state; see `evaluate.evaluate`."""
        for layer in self.network.layers:
            layer.watch = False
        return evaluate(self.network, self.batches, held_out=self.settings.validation != "test")

    def update(self, moment: Moment) -> Updated | None:
        """Update the topology; see `rewire.rewire`."""

        @functools.cache
        def samples(count: int) -> list[np.ndarray]:
            images = self.order(moment.epoch)[0][:count]
            self._charge(len(images) * sum(before))
            return activations(self.network, self.batches, images)

        self._gather(moment)
        before = self.sizes()
        updated = rewire(
            *(self.recipe, self.network.layers, self.optimizer, moment, self.initial, self.seed),
            samples=samples,
            charge=self._charge,
            last=self.past.last,
        )
        self._hand_over()
        if updated is not None:
            self.lifetimes.note(updated, before)
            self.past.note(updated, moment.epoch)
            self._sizes = self.sizes()
        return updated

    def _gather(self, moment: Moment) -> None:
        """Have each layer show an update all batches of its window as one."""
        window = self.recipe.window
        if self._watches and window.of == "fresh":
            self._look_at_fresh(window.batches, moment)
        if self._seen:
            shares = window.shares(len(self._seen))
            batches = zip(*self._seen, strict=True)
            for layer, seen in zip(self.network.layers, batches, strict=True):
                layer.seen = joined(seen, shares)
            self._seen.clear()

    def _look_at_fresh(self, batches: int, moment: Moment) -> None:
        """Look at batches that are drawn for an update from all training images."""
        rng = stream(self.seed, "gradient", moment.update)
        order = rng.permutation(self._train)
        warps = augment.draw(rng, len(order)) if self.settings.augment else None
        self.network.train()
        before = self.network.draw_dropout_from(rng)
        self._seen.clear()
        for number in range(1, min(batches, self.steps) + 1):
            self.look(*self.batch(order, warps, number))
        self.network.draw_dropout_from(before)

    def resume(self, checkpoint: bytes) -> None:
        """Go on where a checkpoint was kept; see `checkpoint.unpack`."""
        self.history += unpack(
            *(checkpoint, self.network, self.optimizer, self.lifetimes),
            restore=self.past.restore,
            hand_over=self._hand_over,
        )

    def _hand_over(self, before: Collection[int] = ()) -> None:
        if self._engine == "sparse":
            hand_over(self.network, self.optimizer, before)

    def sizes(self) -> list[int]:
        """Return how many connections each hidden layer has."""
        return [layer.connections for layer in self.network.layers]

    def moment(self, epoch: int, step: int) -> Moment:
        """Return the moment after a step, counted from 1 in its epoch."""
        done = (epoch - 1) * self.steps + step
        return Moment(
            update=done if self.recipe.schedule.part.at == "step" else epoch,
            step=done,
            steps=self.settings.epochs * self.steps,
            epoch=epoch,
            epochs=self.settings.epochs,
            signals={
                "loss": Column(self.history, "train_loss"),
                "val_loss": Column(self.history, "val_loss"),
                "val_accuracy": Column(self.history, "val_accuracy"),
            },
            changes=self.past.changes,
        )

    def _train_epoch(self, epoch: int, done: Epoch) -> float:
        """Take an epoch's steps and the updates between them; return the mean loss."""
        order, warps = self.order(epoch)
        self.network.train()
        self.draw_noise(epoch)
        self._seen.clear()
        total = torch.zeros((), dtype=torch.float64, device=self.batches.device)
        for step in range(1, self.steps + 1):
            moment = self.moment(epoch, step)
            x, labels = self.batch(order, warps, step)
            rate = learning_rate(self.settings, (moment.step - 1) / moment.steps)
            set_learning_rate(self.optimizer, rate)
            instead = self.recipe.instead and due(self.recipe, "step", moment)
            if instead and is_open(self.recipe, moment):
                total += self.look(x, labels)
            else:
                total += self.step(x, labels, watch=self._watches_step(epoch, step))
            self._update_if_due("step", moment, done, total)
        return finite(total.item() / self.steps, "training")

    def _charge(self, multiply_adds: int) -> None:
        """Count multiply-adds of this epoch."""
        self._multiply_adds += int(multiply_adds)  # a part may count in numpy's numbers

    @property
    def _trained(self) -> list[int]:
        """How many positions of each layer a step computes; learnt noise needs every one."""
        if self.settings.noise is None:
            return self._sizes
        return [layer.shape[0] * layer.shape[1] for layer in self.network.layers]

    @property
    def _watches(self) -> bool:
        """Whether an update reads what a batch leaves behind."""
        return bool(self.recipe.needs & WATCHED)

    def _watches_step(self, epoch: int, step: int) -> bool:
        """Whether an update of this epoch reads what this step leaves behind."""
        window = self.recipe.window
        if not self._watches or window.of == "fresh":
            return False
        last = min(self.steps, step + window.batches - 1)
        if self.recipe.schedule.part.at == "epoch":  # which may read what is not known yet
            return last == self.steps
        moments = (self.moment(epoch, later) for later in range(step, last + 1))
        return any(due(self.recipe, "step", moment) for moment in moments)

    def _update_if_due(
        self, at: Literal["epoch", "step"], moment: Moment, done: Epoch, loss: Tensor | None = None
    ) -> None:
        """Update, unless the loss of this epoch's steps so far is no longer finite."""
        if due(self.recipe, at, moment):
            if loss is not None:
                finite(loss.item(), "training")
            _note(done, self.update(moment))


def _note(done: Epoch, updated: Updated | None) -> None:
    """Add an update to the record of its epoch."""
    if updated is None:
        done["paused"] = True
        return
    done |= {"theta": updated.theta, "zeta": updated.zeta, "evolved": True}
    done["updates"] += 1
    done["pruned"] += sum(updated.pruned)
    done["regrown"] += sum(updated.regrown)
    done["returned"] += sum(updated.returned)
