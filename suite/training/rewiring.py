"""A method of the suite for a model of one's own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import torch
from pydantic import ValidationError
from torch import nn

from suite.errors import UserError, suggestion
from suite.methods import flat
from suite.methods.last_weights import LastWeights
from suite.methods.moment import SIGNALS, Change, Moment
from suite.methods.parts import KINDS
from suite.methods.recipe import Recipe
from suite.methods.update import due
from suite.settings import Settings
from suite.sparse.layers import Seen, joined
from suite.sparse.linear import SparseLinear
from suite.training.fits import check_target
from suite.training.past import kept, restored
from suite.training.rewire import rewire

_GIVEN = {"gradient", "layers", "rng", "last_weights"}
"""The needs of parts that a model of one's own can serve."""

_REPLACEABLE = sorted({*KINDS, *flat.NAMES} - {"initial", "epsilon"})
"""Parts and options that may be given; the layers themselves are the initial topology."""


class Rewiring:
    """Updates the topology of a model's sparse layers while it trains, as a method says.

    Call `step` after each step of the optimiser. If the method reads a loss or an accuracy, call
    `epoch` with it after each epoch:

        rewiring = suite.Rewiring("accset", model, optimizer, epochs=10, steps=500)
        for _ in range(10):
            for x, y in batches:
                ...
                optimizer.step()
                rewiring.step()
            rewiring.epoch(val_accuracy=...)

    A checkpoint keeps `state_dict()` next to those of the model and the optimiser;
    `load_state_dict()` goes on from it, once theirs are loaded.

    Where a step has several passes (accumulated gradients, a layer that is used twice), methods
    read the sum of their gradients, as the optimiser does. Passes whose gradients are to be
    discarded (as those that make adversarial images) are followed by `zero_grad` before the next
    forward pass.

    The connections that the layers have are the initial topology. An update follows the step of
    its batch, also where a method, such as RigL, would leave that step out in a study.

    Args:
        method: A method's name.
        layers: The sparse layers, first to last, or the modules or the model that have them.
        optimizer: What trains them all; what it keeps of each connection is carried over.
        epochs: Of the whole training, 1 or more.
        steps: Of each epoch, 1 or more.
        seed: Names the random streams of the updates.
        **parts: Parts that replace the method's own and their options, as in a study file:
            `zeta=0.2`, `regrow={"one_neighbour": {}}`.

    Attributes:
        layers: The sparse layers.
        recipe: The method's parts.

    Raises:
        UserError: If there is no sparse layer, one is listed twice, the optimiser does not train
            one or keeps what cannot be begun anew, a part or option is wrong, or the method needs
            what only a study has.
    """

    def __init__(
        self,
        method: str,
        layers: Iterable[nn.Module] | nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        epochs: int,
        steps: int,
        seed: int = 0,
        **parts: Any,
    ) -> None:
        self.layers = _sparse_layers([layers] if isinstance(layers, nn.Module) else layers)
        _check_trains(optimizer, self.layers)
        for name, number in (("epochs", epochs), ("steps", steps)):
            if not isinstance(number, int) or number < 1:
                raise UserError(f"Rewiring: {name} is {number!r}; it is a whole number from 1.")
        self.recipe = _recipe(method, parts)
        self._optimizer, self._seed = optimizer, seed
        self._epochs, self._steps, self._done = epochs, steps, 0
        self._initial = [layer.connections for layer in self.layers]
        check_target(self.recipe, self._initial)
        self._signals: dict[str, list[float]] = {name: [] for name in self.recipe.signals}
        self._changes: list[Change] = []
        self._last: list[LastWeights] | None = None
        if "last_weights" in self.recipe.needs:
            self._last = [LastWeights() for _ in self.layers]
        self._seen: deque[list[Seen | None]] = deque(maxlen=self.recipe.window.batches)
        self._watch()

    def step(self) -> bool:
        """Update the layers if an update is due after this step of the optimiser.

        Returns:
            Whether they were updated.

        Raises:
            UserError: If a part reads the gradient of a layer that the step did not train, or
                `epoch` was not called after the last epoch.
        """
        if any(len(values) < self._done // self._steps for values in self._signals.values()):
            raise UserError(f"Rewiring: after each epoch call {self._asked}.")
        self._done += 1
        if self._done % self._steps == 1 % self._steps:  # a window is of one epoch
            self._seen.clear()
        if self.layers[0].watch:
            self._seen.append([_of_step(layer) for layer in self.layers])
        moment = self._moment(self._done)
        # An update after an epoch waits for the epoch's signals, where the method reads any.
        is_due = self._due(moment, "step") or (not self._signals and self._due(moment, "epoch"))
        updated = is_due and self._update(moment)
        self._watch()
        return updated

    def epoch(self, **signals: float) -> bool:
        """Update the layers if the method reads signals and an update is due after this epoch.

        Args:
            **signals: loss (of training), val_loss, val_accuracy (a share, from 0 to 1); at least
                those that the method reads.

        Returns:
            Whether they were updated.

        Raises:
            UserError: If a signal is missing or unknown, the epoch has steps left, or this was
                called after it before.
        """
        for name in signals:
            if name not in SIGNALS:
                raise UserError(f'Rewiring: there is no signal "{name}"{suggestion(name, SIGNALS)}')
        if not self._signals.keys() <= signals.keys():
            raise UserError(f"Rewiring: the method reads more signals: call {self._asked}.")
        ended, left = divmod(self._done, self._steps)
        if left or not ended:
            raise UserError(
                f"Rewiring: epoch() comes after the {self._steps} steps of an epoch, not after "
                f"{left}."
            )
        accuracy = signals.get("val_accuracy", 0.0)
        if not 0 <= accuracy <= 1:
            raise UserError(f"Rewiring: val_accuracy is a share from 0 to 1, not {accuracy:g}.")
        for name, values in self._signals.items():
            if len(values) == ended:
                raise UserError(f"Rewiring: epoch() was already called after epoch {ended}.")
            values.append(float(signals[name]))
        moment = self._moment(self._done)
        updated = bool(self._signals) and self._due(moment, "epoch") and self._update(moment)
        self._watch()  # a schedule may answer otherwise now that it knows the signals
        return updated

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps besides model and optimiser: numbers and tensors."""
        state: dict[str, Any] = {
            "of": self._of,
            "done": self._done,
            "initial": list(self._initial),
            "signals": {name: list(values) for name, values in self._signals.items()},
            "changes": [tuple(change) for change in self._changes],
            "seen": [
                [each and (each.inputs, each.outputs, each.error) for each in step]
                for step in self._seen
            ],
        }
        if self._last is not None:
            state["last"] = kept(self._last)
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a checkpoint was kept, of the same method and layers.

        Raises:
            UserError: If it is of another method or of other layers.
        """
        if state["of"] != self._of:
            raise UserError("Rewiring: this state is of another method or of other layers.")
        self._done, self._initial = state["done"], list(state["initial"])
        for name, values in state["signals"].items():
            self._signals[name][:] = values
        self._changes[:] = [Change(*map(tuple, change)) for change in state["changes"]]
        if self._last is not None:
            self._last = restored(state["last"])
        self._seen.clear()
        self._seen.extend([each and Seen(*each) for each in step] for step in state["seen"])
        self._watch()

    @property
    def _of(self) -> dict[str, Any]:
        """The parts and the layers that a state belongs to."""
        return {
            "parts": [answer.name for answer in self.recipe.answers],
            "shapes": [list(layer.shape) for layer in self.layers],
        }

    @property
    def _asked(self) -> str:
        return f"epoch({', '.join(f'{name}=...' for name in self._signals)})"

    def _update(self, moment: Moment) -> bool:
        if "gradient" in self.recipe.needs:
            shares = self.recipe.window.shares(len(self._seen))
            for number, layer in enumerate(self.layers):
                seen = [each for step in self._seen if (each := step[number]) is not None]
                if len(seen) < len(self._seen):
                    raise UserError(
                        f"Rewiring: {layer} was not in the forward and backward pass of a step "
                        "whose gradient the method reads."
                    )
                layer.seen = joined(seen, shares)
            self._seen.clear()
        updated = rewire(
            *(self.recipe, self.layers, self._optimizer, moment, self._initial, self._seed),
            last=self._last,
        )
        if updated is not None:
            self._changes.append(updated.change)
        return updated is not None

    def _watch(self) -> None:
        """Have the layers keep of the next step what an update reads of it, if one does."""
        coming = range(self._done + 1, self._done + 1 + self.recipe.window.batches)
        needed = "gradient" in self.recipe.needs and any(map(self._may_update, coming))
        for layer in self.layers:
            layer.watch, layer.seen = needed, None
            layer.passes.clear()

    def _may_update(self, step: int) -> bool:
        """Whether an update may follow a step to come, as far as is known before its epoch ends."""
        if self.recipe.schedule.part.at == "epoch":
            return step % self._steps == 0
        return self._due(self._moment(step), "step")

    def _due(self, moment: Moment, *after: Literal["step", "epoch"]) -> bool:
        ends = moment.step % self._steps == 0
        return any(due(self.recipe, at, moment) for at in after if at == "step" or ends)

    def _moment(self, step: int) -> Moment:
        epoch = (step - 1) // self._steps + 1
        return Moment(
            update=step if self.recipe.schedule.part.at == "step" else epoch,
            step=step,
            steps=self._epochs * self._steps,
            epoch=epoch,
            epochs=self._epochs,
            signals=self._signals,
            changes=self._changes,
        )


def _sparse_layers(modules: Iterable[nn.Module]) -> list[SparseLinear]:
    found = [layer for module in modules for layer in module.modules()]
    layers = [layer for layer in found if isinstance(layer, SparseLinear)]
    if not layers:
        raise UserError(
            "Rewiring: there is no suite.SparseLinear among the layers. (The networks of "
            "load_network have layers of another kind, which cannot be rewired.)"
        )
    if len({id(layer) for layer in layers}) < len(layers):
        raise UserError("Rewiring: a layer is listed twice; list each once.")
    return layers


def _check_trains(optimizer: torch.optim.Optimizer, layers: Iterable[SparseLinear]) -> None:
    """Check that an optimiser trains all layers, and that zeros begin what it keeps of a weight."""
    trained = {id(weight) for group in optimizer.param_groups for weight in group["params"]}
    for layer in layers:
        if id(layer.weight) not in trained:
            raise UserError(
                f"Rewiring: the optimiser does not train {layer}; give the one that trains all."
            )
    begins = any(group.get("initial_accumulator_value") for group in optimizer.param_groups)
    if begins or isinstance(optimizer, torch.optim.Rprop | torch.optim.LBFGS):
        raise UserError(
            f"Rewiring: what {type(optimizer).__name__} keeps of a weight cannot begin at zero, as "
            "that of a new connection does; SGD, Adam and RMSprop can."
        )


def _of_step(layer: SparseLinear) -> Seen | None:
    """Return what the passes of a step saw together, as their gradients add up."""
    passes = [seen for seen in layer.passes if seen.error is not None]
    return joined(passes, [1.0] * len(passes)) if passes else None


def _recipe(method: str, parts: dict[str, Any]) -> Recipe:
    """Return a method's recipe with some parts replaced.

    Raises:
        UserError: If a part or option is wrong, or the recipe needs what only a study has.
    """
    for name in parts:
        if name not in _REPLACEABLE:
            raise UserError(
                f'Rewiring: "{name}" is neither a part nor an option that can be replaced here'
                f"{suggestion(name, _REPLACEABLE)}"
            )
    try:
        settings = Settings(method=method, **parts)
    except ValidationError as error:
        found = error.errors()[0]
        where = ".".join(map(str, found["loc"]))
        said = found["msg"].removeprefix("Value error, ")
        end = "" if said.endswith((".", "?")) else "."
        raise UserError(f"Rewiring: {where}{': ' if where else ''}{said}{end}") from None
    recipe = settings.recipe
    lacks = {
        **{need: need for need in sorted(recipe.needs - _GIVEN)},
        **({"noise": "learnt noise"} if settings.noise is not None else {}),
        **({"fresh": "fresh batches for its gradient"} if recipe.window.of == "fresh" else {}),
    }
    if lacks:
        raise UserError(
            f"Rewiring: {method} needs {' and '.join(lacks.values())}, which only a study has."
        )
    return recipe
