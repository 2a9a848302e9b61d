"""The settings of a cell: one flat set that decides, with a seed, what a run computes.

The defaults are the paper's (Table 1), so the empty set of settings is the paper's SET.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from suite.datasets.sources import KNOWN, Source, has_features, title
from suite.errors import suggestion
from suite.methods import flat, library
from suite.methods.curves import LearningRate
from suite.methods.moment import SIGNALS, Signal
from suite.methods.parts import KINDS, TITLES
from suite.methods.presets import METHODS, Method
from suite.methods.recipe import Recipe, resolve
from suite.methods.recipe import contradictions as recipe_contradictions

Positive = Annotated[int, Field(ge=1)]


MADE_INTO_PARTS = {"method", "dataset", flat.PARTS, *flat.NAMES, *KINDS}
"""Settings that enter a key as the recipe that they make, or as the data that they name."""

ALWAYS_IN_KEYS = {
    *("validation", "train_samples", "hidden", "activation", "negative_slope", "dropout"),
    *("augment", "epochs", "batch_size", "learning_rate", "momentum", "reset_momentum"),
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
    """The recipe: a method's name; any of its parts may be replaced below."""
    metric: Signal | None = None
    """The signal that budget and gate read: loss, val_loss or val_accuracy; the method's own."""
    dataset: Source = "cifar10"
    """A known name, or {parquet: PATH}, {csv: PATH}, {npz: FILE} or {folder: DIR}."""
    validation: Literal["test"] | Annotated[float, Field(gt=0, lt=1)] = "test"
    """What steers: test, as in the paper, or the share of training images held out."""
    train_samples: Positive | None = None
    """Train on a stratified subset of this many images; all by default."""
    hidden: Annotated[tuple[Positive, ...], Field(min_length=1, strict=False)] = (4000, 1000, 4000)
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
    epochs: Positive = 1000
    """Passes over the training images, 1 or more."""
    batch_size: Positive = 100
    """Images a step; the last partial batch of an epoch is dropped."""
    optimizer: Literal["sgd", "adam", "adamw"] = "sgd"
    """Torch's own, with its defaults."""
    learning_rate: Annotated[float, Field(gt=0)] | LearningRate = 0.01
    """A number above 0, or {curve: cosine, start: 0.1, ...}."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Of SGD, from 0 to below 1."""
    nesterov: bool = False
    """Nesterov's momentum, of SGD."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Share of each weight added to its gradient (L2), 0 or more; adamw decays apart from it."""
    reset_momentum: bool = True
    """The optimizer forgets its state every epoch, as in the SET authors' code."""
    initial: str | None = None
    """Which connections exist at the start."""
    schedule: str | None = None
    """When an update is due."""
    rate: str | None = None
    """Which share of the connections goes."""
    prune: str = "set"
    """Which connections go: set or magnitude."""
    zeta: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Share of the connections that goes, between 0 and 1."""
    budget: str | None = None
    """How many connections return to each layer."""
    share: str | None = None
    """How those that return are divided among the layers."""
    regrow: str = "random"
    """The regrowth strategy: random, one_neighbour, most_neighbours or one of your own."""
    fill: str | None = None
    """Which weights new connections start with."""
    neighbourhood: Literal["block", "diagonal"] = "block"
    """Whom the neighbour strategies count: the 3x3 block or its corners."""
    regrown_weights: Literal["zeros", "normal"] = "zeros"
    """New connections start at zero or at N(0, 0.1 squared)."""
    rule: Literal["full", "performance"] | None = None
    """The budget of version 0.1.0: full is the budget all; the method's own."""
    gate: str | None = None
    """Whether an update that is due takes place: open or pauses; the method's own."""
    k: Annotated[float, Field(gt=-1, lt=1)] = 0.0
    """Curvature of the performance budget (Algorithm 1), between -1 and 1."""
    window: Positive = 3
    """How many epochs back the pausing gate looks; 3 as in Algorithm 2, or 5 as in its text."""
    overshoot: bool = False
    """Let the performance budget regrow more than was removed."""
    part_options: dict[str, dict[str, Any]] = {}
    """The options of parts that have no name above, by kind."""

    @field_validator("method", *KINDS)
    @classmethod
    def _known(cls, name: str | None, field: ValidationInfo) -> str | None:
        if name is None:
            return None
        kind = str(field.field_name)
        title, names = ("method", list(METHODS))
        if kind != "method":
            title, names = TITLES[kind].lower(), library.names(kind)  # type: ignore[arg-type,index]
        if name not in names:
            sentence = f'there is no {title} "{name}"{suggestion(name, names)}'
            raise PydanticCustomError("unknown_name", "{sentence}", {"sentence": sentence})
        if kind == "regrow" and (needed := _unmet(name, cls.model_fields)):
            raise PydanticCustomError("unknown_name", "{sentence}", {"sentence": needed})
        return name

    @model_validator(mode="before")
    @classmethod
    def _fill_in_from_method(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        name = given.get("method", "set")
        method = METHODS.get(name) if isinstance(name, str) else None
        written = flat.spread(given)
        if "augment" not in written and has_features(written.get("dataset", "")):
            written["augment"] = False
        return written if method is None else flat.fill_in(written, method)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if found := contradictions(self):
            raise ContradictionError(found)
        return self

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
        """Return a copy; its recipe is made anew."""
        copy = super().model_copy(update=update, deep=deep)
        copy.__dict__.pop("recipe", None)
        return copy

    def _value(self, name: str) -> Any:
        return getattr(self, name, None)

    def deciding(self) -> dict[str, Any]:
        """Return what decides a result, without what cannot matter.

        The method's name is not part of it: the recipe that it stands for is. Two cells with equal
        deciding settings, on the same data, are one cell.
        """
        idle = set(MADE_INTO_PARTS)
        if self.activation not in ("leaky_relu", "all_relu"):
            idle.add("negative_slope")
        if self.optimizer != "sgd":
            idle |= {"momentum", "nesterov"}
        elif self.momentum == 0:
            idle.add("reset_momentum")
        kept = {
            name: value
            for name, value in self.model_dump(mode="json", exclude=idle).items()
            if name in ALWAYS_IN_KEYS or getattr(self, name) != _default(type(self), name)
        }
        return kept | flat.key_of(self.recipe, self._value)


def _default(model: type[Settings], name: str) -> Any:
    return model.model_fields[name].get_default(call_default_factory=True)


def contradictions(settings: Settings) -> list[Contradiction]:
    """Return what contradicts each other in settings that are valid one by one."""
    if found := [*_options_contradictions(settings)]:
        return found
    some = (
        _metric_contradiction(settings),
        *_recipe_contradictions(settings),
        _optimizer_contradiction(settings),
        _density_contradiction(settings),
        _hold_out_contradiction(settings),
        _size_contradiction(settings),
        _augment_contradiction(settings),
    )
    return [contradiction for contradiction in some if contradiction is not None]


def _unmet(strategy: str, settings: Iterable[str]) -> str:
    """Return what is wrong where a strategy of 0.1.0 needs an option that is not a setting."""
    part = library.get("regrow", strategy)
    given = [name for name in settings if name not in ("method", "dataset")]  # strategies get none
    for option in part.options.values():
        if part.by_setting and option.required and option.name not in given:
            return (
                f'the regrowth strategy "{strategy}" needs the option "{option.name}", which is '
                f"not a setting that strategies are given{suggestion(option.name, given)}"
            )
    return ""


def _options_contradictions(settings: Settings) -> Iterator[Contradiction]:
    """Yield what is wrong with the options of each part."""
    for kind, given in flat.replaced(settings._value).items():
        named, name = f'{TITLES[kind].lower()} "{given["name"]}"', given["name"]
        part = library.get(kind, name)
        among = frozenset({"method", kind, *given["options"]})
        for option, value in settings.part_options.get(kind, {}).items():
            setting = flat.OPTIONS.get((kind, option))
            if setting not in (None, "metric") and getattr(settings, setting) != value:
                sentence = f"{setting} stands here and in {kind} as well; keep one of them."
                yield Contradiction(setting, sentence, among | {setting})
        own = settings.preset.parts[kind]
        options = (own.options if own.name == name else {}) | given["options"]
        try:
            part.check({} if part.by_setting else options)
        except ValidationError as error:
            for problem in error.errors():
                option = str(problem["loc"][0])
                if problem["type"] == "extra_forbidden":
                    wrong = f'has no option "{option}"{suggestion(option, part.options)}'
                elif problem["type"] == "missing":
                    wrong = f'needs the option "{option}".'
                else:
                    wanted = problem["msg"].replace("Input should be", "must be")
                    wrong = f"has the option {option} at {problem['input']!r}; it {wanted}."
                yield Contradiction(kind, f"the {named} {wrong}", among)


def _recipe_contradictions(settings: Settings) -> Iterator[Contradiction]:
    for kind, sentence in recipe_contradictions(settings.recipe):
        among = frozenset({"method", "schedule", "initial", "budget", kind})
        yield Contradiction(kind, f"the {sentence}", among)
    if settings.rule is not None and flat.RULES[settings.rule] != settings.budget:
        sentence = f"the rule {settings.rule} is another budget than {settings.budget}; keep one."
        yield Contradiction("rule", sentence, frozenset({"method", "rule", "budget"}))


def _optimizer_contradiction(settings: Settings) -> Contradiction | None:
    if not settings.nesterov or (settings.optimizer == "sgd" and settings.momentum > 0):
        return None
    among = frozenset({"optimizer", "momentum", "nesterov"})
    return Contradiction(
        "nesterov", "Nesterov's momentum needs sgd with a momentum above 0.", among
    )


def _metric_contradiction(settings: Settings) -> Contradiction | None:
    method = settings.preset
    own_gate = settings.gate == method.parts["gate"].name
    own = own_gate and settings.budget == method.parts["budget"].name
    reads = flat.reads_signal(settings.budget, settings.gate)
    allowed = method.metrics if own and method.metrics else SIGNALS

    def wrong(field: str, sentence: str) -> Contradiction:
        among = frozenset({"method", "rule", "budget", "gate", "metric"})
        return Contradiction(field, sentence, among)

    if not settings.recipe.evolves and not own:
        field = "rule" if own_gate else "gate"
        return wrong(field, f"{method.name} never updates, so it has neither budget nor gate.")
    if not reads:
        if settings.metric is None:
            return None
        return wrong("metric", f"{method.name} reads no signal; leave the metric out.")
    if settings.metric is None:
        composed = f"{method.name} with the budget {settings.budget} and the gate {settings.gate}"
        return wrong("metric", f"{composed} needs a metric: {' or '.join(allowed)}.")
    if settings.metric not in allowed:
        takes = " or ".join(allowed)
        return wrong("metric", f"{method.name} cannot use {settings.metric}; it takes {takes}.")
    return None


def _density_contradiction(settings: Settings) -> Contradiction | None:
    if settings.initial != "erdos_renyi":
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
