"""The settings of a cell, field by field.

The defaults are the paper's (Table 1), so the empty set of settings is the paper's SET.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from suite.datasets.dataset import Standardise
from suite.datasets.sources import Source
from suite.methods import flat
from suite.methods.curves import LearningRate
from suite.methods.moment import Signal
from suite.methods.noise import Noise
from suite.methods.presets import METHODS, Method
from suite.methods.recipe import Recipe, resolve
from suite.paper import HIDDEN
from suite.settings.weights import InitialWeights

MOST = 1_000_000_000
"""No network and no training of the field is near this; larger numbers fit in no date."""
Positive = Annotated[int, Field(ge=1, le=MOST)]


class Fields(BaseModel):
    """The settings of a cell, each valid by itself; `Settings` checks them against each other."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    method: str = "set"
    """The recipe: a method's name; any of its parts may be replaced below."""
    metric: Signal | None = None
    """The signal that budget and gate read: loss, val_loss or val_accuracy; the method's own."""
    dataset: Source = "cifar10"
    """A known name, or {parquet: PATH}, {csv: PATH}, {npz: FILE} or {folder: DIR}."""
    validation: Literal["test"] | Annotated[float, Field(gt=0, lt=1)] = "test"
    """Which images are for validation: test, as in the paper, or a share of the training images."""
    standardise: Standardise = "pixel"
    """By the mean and deviation of each pixel, of a whole channel, or by none (0 to 1)."""
    train_samples: Positive | None = None
    """Train on a stratified subset of this many images; all by default."""
    hidden: Annotated[tuple[Positive, ...], Field(min_length=1, strict=False)] = HIDDEN
    """Units of each hidden layer."""
    activation: Literal["leaky_relu", "relu", "srelu", "all_relu"] = "leaky_relu"
    """After each hidden layer; all_relu alternates the sign of its slope (Curci et al. 2021)."""
    negative_slope: Annotated[float, Field(ge=0)] = 0.3
    """Of leaky_relu and all_relu, 0 or more."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of hidden units dropped in training, from 0 to below 1."""
    augment: bool = True
    """Rotate, shift and flip the training images at random; feature vectors are never changed."""
    epsilon: Annotated[float, Field(gt=0)] = 20.0
    """Initial density: a layer has about epsilon (n_in + n_out) connections."""
    initial_weights: InitialWeights = InitialWeights()
    """Weights at the start, {scale: 2, fan: in}; Glorot's, as always of a dense output layer."""
    noise: Noise | None = None
    """Noise that is learnt and tells which weights are needed, {kind: hard_concrete, ...}; none."""
    epochs: Positive = 1000
    """Passes over the training images, 1 or more."""
    batch_size: Positive = 100
    """Images per step; the last partial batch of an epoch is dropped."""
    optimizer: Literal["sgd", "adam", "adamw"] = "sgd"
    """Torch's own, with its defaults."""
    learning_rate: Annotated[float, Field(gt=0)] | LearningRate = 0.01
    """A number above 0, or {curve: cosine, start: 0.1, ...}."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Of SGD, from 0 to below 1."""
    nesterov: bool = False
    """Nesterov's momentum, of SGD."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Share of each weight, bias and learnt value of an activation that is added to its gradient
    (L2), 0 or more; adamw decouples it."""
    reset_momentum: bool = True
    """The optimiser forgets its state every epoch, as in the SET authors' code."""
    initial: str | None = None
    """Which connections exist at the start."""
    schedule: str | None = None
    """When an update is due."""
    rate: str | None = None
    """Which share of the connections is removed."""
    prune: str = "set"
    """Which connections are removed; suite methods lists the prune rules."""
    zeta: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Share of the connections that is removed, between 0 and 1."""
    budget: str | None = None
    """How many connections each layer regrows."""
    share: str | None = None
    """How the regrown connections are divided among the layers."""
    regrow: str = "random"
    """Which connections return; suite methods lists the regrowth strategies."""
    fill: str | None = None
    """Which weights new connections start with."""
    neighbourhood: Literal["block", "diagonal"] = "block"
    """Which neighbours the neighbour strategies count: the 3x3 block or its corners."""
    regrown_weights: Literal["zeros", "normal"] = "zeros"
    """New connections start at zero or at N(0, 0.1 squared)."""
    rule: Literal["full", "performance"] | None = None
    """The budget as version 0.1.0 wrote it: full means all; by default that of the method."""
    gate: str | None = None
    """Whether a due update takes place; suite methods lists the gates."""
    k: Annotated[float, Field(gt=-1, lt=1)] = 0.0
    """Curvature of the performance budget (Algorithm 1), between -1 and 1."""
    window: Positive = 3
    """How many epochs back the pausing gate looks; 3 as in Algorithm 2, or 5 as in its text."""
    overshoot: bool = False
    """Let the performance budget regrow more than was removed."""
    part_options: dict[str, dict[str, Any]] = {}
    """The options of parts that are not settings of their own, by kind."""

    @property
    def preset(self) -> Method:
        """The method that this cell names."""
        return METHODS[self.method]

    @functools.cached_property
    def recipe(self) -> Recipe:
        """The method's recipe, with the parts that this cell replaces."""
        return resolve(self.method, flat.replaced(self._value))

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy; what is derived from the settings is derived again."""
        copy = super().model_copy(update=update, deep=deep)
        for derived in copy.__dict__.keys() - type(self).model_fields.keys():
            del copy.__dict__[derived]
        return copy

    def _value(self, name: str) -> Any:
        return getattr(self, name, None)
