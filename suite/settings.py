"""The settings of a cell: one flat set that decides, with a seed, what a run computes.

The defaults are the paper's (Table 1), so the empty set of settings is the paper's SET.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from suite.datasets.sources import KNOWN, Source, has_features, title
from suite.errors import suggestion
from suite.methods import prune, regrow
from suite.methods.methods import METHODS, SIGNALS, Gate, Method, Rule, Signal, reads_signal

Positive = Annotated[int, Field(ge=1)]


EVOLUTION = {
    *("prune", "zeta", "regrow", "neighbourhood", "regrown_weights"),
    *("rule", "gate", "metric", "k", "window", "overshoot"),
}
"""The settings that only evolution reads."""

ALWAYS_IN_KEYS = {
    *("metric", "validation", "train_samples", "hidden", "activation", "negative_slope"),
    *("dropout", "augment", "epsilon", "epochs", "batch_size", "learning_rate", "momentum"),
    *("reset_momentum", *EVOLUTION),
}
"""The settings of version 0.1.0: where they can matter, keys hold their values, defaults too.

Any other setting stays out of the key while it has its default, which stands for its absence. So
a new setting leaves the keys of all earlier runs as they are.
"""


class ContradictionError(ValueError):
    """Settings that are each valid and together are not.

    Args:
        found: The contradictions.
    """

    def __init__(self, found: list[Contradiction]) -> None:
        super().__init__(" ".join(contradiction.sentence for contradiction in found))
        self.found = found


class Contradiction(NamedTuple):
    """One contradiction between settings.

    Attributes:
        field: The setting to change.
        sentence: What is wrong and what is allowed.
        among: All settings that are part of it.
    """

    field: str
    sentence: str
    among: frozenset[str]


class Settings(BaseModel):
    """Every setting of a cell, resolved: rule, gate and metric are filled in from the method.

    Raises:
        pydantic.ValidationError: If a value is of the wrong type or out of range, or if settings
            contradict each other.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    method: str = "set"
    """Which composition: set, accset, lset, dynset, static or dense."""
    metric: Signal | None = None
    """The signal that rule and gate read: loss, val_loss or val_accuracy; the method's own."""
    dataset: Source = "cifar10"
    """A known name, or {parquet: PATH}, {csv: PATH}, {npz: FILE} or {folder: DIR}."""
    validation: Literal["test"] | Annotated[float, Field(gt=0, lt=1)] = "test"
    """What steers: test, as in the paper, or the share of training images held out."""
    train_samples: Positive | None = None
    """Train on a stratified subset of so many images; all by default."""
    hidden: Annotated[tuple[Positive, ...], Field(min_length=1, strict=False)] = (4000, 1000, 4000)
    """Units of each hidden layer."""
    activation: Literal["leaky_relu", "relu", "srelu"] = "leaky_relu"
    """After each hidden layer."""
    negative_slope: Annotated[float, Field(ge=0)] = 0.3
    """Of leaky_relu, 0 or more."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of hidden units dropped in training, from 0 to below 1."""
    augment: bool = True
    """Rotate, shift and flip the training images at random; feature vectors are never changed."""
    epsilon: Annotated[float, Field(gt=0)] = 20.0
    """Initial density: a layer has about epsilon (n_in + n_out) connections."""
    epochs: Positive = 1000
    """Passes over the training images, 1 or more."""
    batch_size: Positive = 100
    """Images a step; the last partial batch of an epoch is dropped."""
    learning_rate: Annotated[float, Field(gt=0)] = 0.01
    """Of SGD, above 0."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Of SGD, from 0 to below 1."""
    reset_momentum: bool = True
    """Momentum starts at zero every epoch, as in the SET authors' code."""
    prune: str = "set"
    """Which connections go: set or magnitude."""
    zeta: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Share of the weights pruned, between 0 and 1."""
    regrow: str = "random"
    """The regrowth strategy: random, one_neighbour, most_neighbours or one of your own."""
    neighbourhood: Literal["block", "diagonal"] = "block"
    """Whom the neighbour strategies count: the 3x3 block or its corners."""
    regrown_weights: Literal["zeros", "normal"] = "zeros"
    """New connections start at zero or at N(0, 0.1 squared)."""
    rule: Rule | None = None
    """Connectivity rule, how many return: full or performance; the method's own."""
    gate: Gate | None = None
    """Whether this epoch evolves: open or pauses; the method's own."""
    k: Annotated[float, Field(gt=-1, lt=1)] = 0.0
    """Curvature of the performance rule (Algorithm 1), between -1 and 1."""
    window: Positive = 3
    """How many epochs back the pausing gate looks; 3 as in Algorithm 2, or 5 as in its text."""
    overshoot: bool = False
    """Let the performance rule regrow more than was removed."""

    @field_validator("method", "prune", "regrow")
    @classmethod
    def _known(cls, name: str, field: ValidationInfo) -> str:
        kind, names = {
            "method": ("method", list(METHODS)),
            "prune": ("prune rule", list(prune.names())),
            "regrow": ("regrowth strategy", regrow.names()),
        }[str(field.field_name)]
        if name not in names:
            sentence = f'there is no {kind} "{name}"{suggestion(name, names)}'
            raise PydanticCustomError("unknown_name", "{sentence}", {"sentence": sentence})
        if field.field_name == "regrow" and (needed := _unmet(name, cls.model_fields)):
            raise PydanticCustomError("unknown_name", "{sentence}", {"sentence": needed})
        return name

    @model_validator(mode="before")
    @classmethod
    def _fill_in_from_method(cls, given: Any) -> Any:
        name = given.get("method", "set") if isinstance(given, dict) else None
        method = METHODS.get(name) if isinstance(name, str) else None
        if method is None:
            return given
        filled = dict(given)
        if "augment" not in filled and has_features(filled.get("dataset", "")):
            filled["augment"] = False
        for name, own in (("rule", method.rule), ("gate", method.gate)):
            if filled.get(name) is None:
                filled[name] = own
        if filled.get("metric") is None and reads_signal(filled["rule"], filled["gate"]):
            filled["metric"] = method.default_metric
        return filled

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if found := contradictions(self):
            raise ContradictionError(found)
        return self

    @property
    def composition(self) -> Method:
        """The row of the method table that this cell names."""
        return METHODS[self.method]

    def deciding(self) -> dict[str, Any]:
        """Return the settings that decide a result, without those that cannot matter.

        The method's name is not among them: the composition that it stands for is. Two cells
        with equal deciding settings, on the same data, are one cell.
        """
        method = self.composition
        idle = {"method", "dataset"}
        if self.activation != "leaky_relu":
            idle.add("negative_slope")
        if self.momentum == 0:
            idle.add("reset_momentum")
        if not method.sparse:
            idle.add("epsilon")
        if method.evolves:
            idle |= self._idle_in_evolution() - set(regrow.options(self.regrow))
        else:
            idle |= EVOLUTION
        kept = {
            name: value
            for name, value in self.model_dump(mode="json", exclude=idle).items()
            if name in ALWAYS_IN_KEYS or getattr(self, name) != _default(type(self), name)
        }
        return kept | {"connected": "sparse" if method.sparse else "dense"}

    def _idle_in_evolution(self) -> set[str]:
        """Return what rule and gate do not read; a regrowth strategy may, which is its option."""
        idle = {"neighbourhood"}
        if not reads_signal(self.rule or "full", self.gate or "open"):
            idle.add("metric")
        if self.rule == "full":
            idle |= {"k", "overshoot"}
        elif self.metric == "val_accuracy":  # never negative, so nothing overshoots
            idle.add("overshoot")
        if self.gate == "open":
            idle.add("window")
        return idle


def _default(model: type[Settings], name: str) -> Any:
    return model.model_fields[name].get_default(call_default_factory=True)


def contradictions(settings: Settings) -> list[Contradiction]:
    """Return what contradicts each other in settings that are valid one by one."""
    found = (
        _metric_contradiction(settings),
        _density_contradiction(settings),
        _hold_out_contradiction(settings),
        _size_contradiction(settings),
        _augment_contradiction(settings),
    )
    return [contradiction for contradiction in found if contradiction is not None]


def _unmet(strategy: str, settings: Iterable[str]) -> str:
    """Return what is wrong where a strategy cannot do without an option that is no setting."""
    given = [name for name in settings if name not in ("method", "dataset")]  # strategies get none
    for option, required in regrow.options(strategy).items():
        if required and option not in given:
            return (
                f'the regrowth strategy "{strategy}" needs the option "{option}", which is no '
                f"setting that strategies are given{suggestion(option, given)}"
            )
    return ""


def _metric_contradiction(settings: Settings) -> Contradiction | None:
    method = settings.composition
    own = settings.rule == method.rule and settings.gate == method.gate
    allowed = method.metrics if own else SIGNALS

    def wrong(field: str, sentence: str) -> Contradiction:
        return Contradiction(field, sentence, frozenset({"method", "rule", "gate", "metric"}))

    if not method.evolves and not own:
        field = "rule" if settings.rule != method.rule else "gate"
        return wrong(field, f"{method.name} never evolves, so it has neither rule nor gate.")
    if not reads_signal(settings.rule or "full", settings.gate or "open"):
        if settings.metric is None:
            return None
        return wrong("metric", f"{method.name} reads no signal; leave the metric out.")
    if settings.metric is None:
        composed = f"{method.name} with the rule {settings.rule} and the gate {settings.gate}"
        return wrong("metric", f"{composed} needs a metric: {' or '.join(allowed)}.")
    if settings.metric not in allowed:
        takes = " or ".join(allowed)
        return wrong("metric", f"{method.name} cannot use {settings.metric}; it takes {takes}.")
    return None


def _density_contradiction(settings: Settings) -> Contradiction | None:
    if not settings.composition.sparse:
        return None
    known = KNOWN.get(settings.dataset) if isinstance(settings.dataset, str) else None
    sizes = settings.hidden
    if known is not None:
        sizes = (math.prod(known.shape), *sizes)
    for n_in, n_out in itertools.pairwise(sizes):
        if sentence := too_dense(settings.epsilon, n_in, n_out):
            among = frozenset({"method", "dataset", "hidden", "epsilon"})
            return Contradiction("epsilon", sentence, among)
    return None


def _hold_out_contradiction(settings: Settings) -> Contradiction | None:
    if not isinstance(settings.dataset, str) or settings.validation == "test":
        return None
    chosen = settings.train_samples or KNOWN[settings.dataset].images[0]
    if round(settings.validation * chosen) > 0:
        return None
    return Contradiction(
        "validation",
        f"{settings.validation:g} of {chosen:,} training images holds out none.",
        frozenset({"dataset", "train_samples", "validation"}),
    )


def _augment_contradiction(settings: Settings) -> Contradiction | None:
    if not settings.augment or not has_features(settings.dataset):
        return None
    return Contradiction(
        "augment",
        f"{title(settings.dataset)} has feature vectors, which cannot be warped; leave augment "
        "out.",
        frozenset({"dataset", "augment"}),
    )


def _size_contradiction(settings: Settings) -> Contradiction | None:
    """Return what asks for more images than a known set has; of others only reading tells."""
    if not isinstance(settings.dataset, str):
        return None
    images, _ = KNOWN[settings.dataset].images
    chosen = settings.train_samples or images
    if chosen > images:
        sentence = f"{settings.dataset} has {images:,} training images, not {chosen:,}."
        return Contradiction("train_samples", sentence, frozenset({"dataset", "train_samples"}))
    if settings.validation != "test":
        chosen -= round(settings.validation * chosen)
    if settings.batch_size <= chosen:
        return None
    return Contradiction(
        "batch_size",
        f"a batch of {settings.batch_size:,} is more than the {chosen:,} images to train on.",
        frozenset({"dataset", "train_samples", "validation", "batch_size"}),
    )


def too_dense(epsilon: float, n_in: int, n_out: int) -> str:
    """Return what is wrong where epsilon asks for more connections than a layer can have, or ""."""
    largest = n_in * n_out / (n_in + n_out)
    if epsilon <= largest:
        return ""
    fits = math.floor(largest * 1000) / 1000
    return (
        f"epsilon {epsilon:.10g} would make the layer {n_in}-{n_out} denser than dense; "
        f"the largest that fits is {fits:.10g}."
    )
