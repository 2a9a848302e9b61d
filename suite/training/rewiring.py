"""A method of the suite for a model of one's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from suite.errors import UserError
from suite.methods.moment import Moment
from suite.methods.update import due
from suite.settings import Settings
from suite.sparse.linear import SparseLinear
from suite.training.rewire import WATCHED, rewire


class Rewiring:
    """Updates the topology of a model's sparse layers while it trains, as a method says.

    Call `step` after each step of the optimiser:

        rewiring = suite.Rewiring("rigl", model, optimizer, epochs=10, steps=500)
        for x, y in batches:
            ...
            optimizer.step()
            rewiring.step()

    Args:
        method: A method's name.
        layers: The sparse layers, first to last, or the model that has them.
        optimizer: What trains them; what it keeps of each connection goes along.
        epochs: Of the whole training.
        steps: Of each epoch.
        seed: Names the random streams of the updates.
        **parts: Parts that replace the method's own and their options, as in a study file:
            `zeta=0.2`, `regrow={"one_neighbour": {}}`.

    Raises:
        UserError: If there is no sparse layer, or the method reads losses or accuracies.
        pydantic.ValidationError: If a setting is wrong.
    """

    def __init__(
        self,
        method: str,
        layers: Iterable[SparseLinear] | nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        epochs: int,
        steps: int,
        seed: int = 0,
        **parts: Any,
    ) -> None:
        self.recipe = Settings(method=method, **parts).recipe
        given = layers.modules() if isinstance(layers, nn.Module) else layers
        self.layers = [layer for layer in given if isinstance(layer, SparseLinear)]
        if not self.layers:
            raise UserError("Rewiring: there is no suite.SparseLinear among the layers.")
        if self.recipe.signals:
            read = " and ".join(self.recipe.signals)
            raise UserError(f"Rewiring: {method} reads {read}, which only a study records.")
        if more := self.recipe.needs - WATCHED:
            needed = " and ".join(sorted(more))
            raise UserError(f"Rewiring: {method} needs {needed}, which only a study has.")
        self._optimizer, self._seed = optimizer, seed
        self._epochs, self._steps, self._done = epochs, steps, 0
        self._initial = [layer.connections for layer in self.layers]
        self._watch()

    def step(self) -> bool:
        """Update the layers if an update is due after this step of the optimiser.

        Returns:
            Whether they were updated.
        """
        self._done += 1
        moment = self._moment(self._done)
        updated = False
        if self._due(moment):
            done = rewire(
                self.recipe, self.layers, self._optimizer, moment, self._initial, self._seed
            )
            updated = done is not None
        self._watch()
        return updated

    def _watch(self) -> None:
        """Have the layers keep what the next step's update, if one is due, needs of its batch."""
        needed = bool(self.recipe.needs & WATCHED) and self._due(self._moment(self._done + 1))
        for layer in self.layers:
            layer.watch = needed

    def _due(self, moment: Moment) -> bool:
        at_end = moment.step % self._steps == 0 and due(self.recipe, "epoch", moment)
        return at_end or due(self.recipe, "step", moment)

    def _moment(self, step: int) -> Moment:
        epoch = (step - 1) // self._steps + 1
        return Moment(
            update=step if self.recipe.schedule.part.at == "step" else epoch,
            step=step,
            steps=self._epochs * self._steps,
            epoch=epoch,
            epochs=self._epochs,
        )
