"""Which settings contradict each other, though each is valid by itself."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

from pydantic import ValidationError

from suite.datasets.sources import KNOWN, has_features, title
from suite.errors import suggestion
from suite.methods import flat, library
from suite.methods.moment import SIGNALS
from suite.methods.parts import TITLES
from suite.methods.recipe import contradictions as recipe_contradictions
from suite.settings.fields import Fields


class ContradictionError(ValueError):
    """Settings that are each valid and together are not.

    Args:
        found: The contradictions.
    """

    def __init__(self, found: list[Contradiction]) -> None:
        super().__init__(" ".join(contradiction.sentence for contradiction in found))
        self.found = found

    def __reduce__(self) -> tuple[type[ContradictionError], tuple[list[Contradiction]]]:
        return type(self), (self.found,)  # a process that waits for it would wait forever


class Contradiction(NamedTuple):
    """One contradiction between settings.

    Attributes:
        field: The setting to change.
        sentence: What is wrong and what is allowed.
        among: All settings that are part of it.
        inside: The path to what is wrong within the field's value, empty for the whole.
    """

    field: str
    sentence: str
    among: frozenset[str]
    inside: tuple[str | int, ...] = ()


def contradictions(settings: Fields) -> list[Contradiction]:
    """Return the contradictions between settings that are each valid by themselves."""
    if found := [*_options_contradictions(settings)]:
        return found
    some = (
        _metric_contradiction(settings),
        *_recipe_contradictions(settings),
        _rewind_contradiction(settings),
        _noise_contradiction(settings),
        _optimizer_contradiction(settings),
        _density_contradiction(settings),
        _hold_out_contradiction(settings),
        _size_contradiction(settings),
        _augment_contradiction(settings),
    )
    return [contradiction for contradiction in some if contradiction is not None]


def _options_contradictions(settings: Fields) -> Iterator[Contradiction]:
    """Yield the mistakes in the options of each part."""
    for kind, given in flat.replaced(settings._value).items():
        named, name = f'{TITLES[kind].lower()} "{given["name"]}"', given["name"]
        part = library.get(kind, name)
        among = frozenset({"method", kind, *given["options"]})
        for option, value in settings.part_options.get(kind, {}).items():
            setting = flat.OPTIONS.get((kind, option))
            if setting is None or setting == "metric" or option not in part.options:
                continue
            if getattr(settings, setting) != value:
                sentence = f"{setting} is set both here and in {kind}; keep one of them."
                yield Contradiction(setting, sentence, among | {setting})
        own = settings.preset.parts[kind]
        options = (own.options if own.name == name else {}) | given["options"]
        try:
            part.check({} if part.by_setting else options)
        except ValidationError as error:
            for problem in error.errors():
                option, inside = str(problem["loc"][0]), (name, *problem["loc"])
                whole = len(problem["loc"]) == 1
                if problem["type"] == "extra_forbidden":
                    wrong = f'has no option "{option}"{suggestion(option, part.options)}'
                elif problem["type"] == "missing" and whole:
                    wrong = f'needs the option "{option}".'
                elif problem["type"] == "missing":
                    wrong, inside = f'has too few entries in the option "{option}".', inside[:-1]
                else:
                    wanted = problem["msg"].replace("Input should be", "must be")
                    wrong = f"has the option {option} at {problem['input']!r}; it {wanted}."
                yield Contradiction(kind, f"the {named} {wrong}", among, inside)


def _recipe_contradictions(settings: Fields) -> Iterator[Contradiction]:
    for kind, sentence in recipe_contradictions(settings.recipe):
        among = frozenset({"method", "schedule", "initial", "budget", kind})
        yield Contradiction(kind, f"the {sentence}", among)
    if settings.rule is not None and flat.RULES[settings.rule] != settings.budget:
        sentence = (
            f"the rule {settings.rule} contradicts the budget {settings.budget}; keep one of them."
        )
        yield Contradiction("rule", sentence, frozenset({"method", "rule", "budget"}))
    if "regrown_weights" in settings.model_fields_set and settings.regrown_weights != settings.fill:
        sentence = (
            f"the regrown_weights {settings.regrown_weights} contradict the fill {settings.fill}; "
            "keep one of them."
        )
        yield Contradiction("regrown_weights", sentence, frozenset({"fill", "regrown_weights"}))


def _rewind_contradiction(settings: Fields) -> Contradiction | None:
    recipe = settings.recipe
    rewind = recipe.initial.options["rewind"] if recipe.chained else 0
    epochs = (recipe.chained and recipe.initial.options["epochs"]) or settings.epochs
    if rewind <= epochs:
        return None
    sentence = f"rewind {rewind} lies beyond the {epochs} epochs of the dense training."
    return Contradiction("initial", sentence, frozenset({"method", "initial", "epochs"}))


def _noise_contradiction(settings: Fields) -> Contradiction | None:
    if settings.noise is None or not (settings.recipe.sparse or settings.recipe.evolves):
        return None
    sentence = "learnt noise needs a dense network whose topology stays, as of the method dense."
    return Contradiction("noise", sentence, frozenset({"method", "initial", "schedule", "noise"}))


def _optimizer_contradiction(settings: Fields) -> Contradiction | None:
    if not settings.nesterov or (settings.optimizer == "sgd" and settings.momentum > 0):
        return None
    among = frozenset({"optimizer", "momentum", "nesterov"})
    return Contradiction(
        "nesterov", "Nesterov's momentum needs the optimizer sgd with a momentum above 0.", among
    )


def _metric_contradiction(settings: Fields) -> Contradiction | None:
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
        return wrong(
            field,
            f"{method.name} never updates its topology, so it has neither a budget nor a gate.",
        )
    if not reads:
        if settings.metric is None:
            return None
        return wrong("metric", f"{method.name} reads no signal; leave out the metric.")
    if settings.metric is None:
        composed = f"{method.name} with the budget {settings.budget} and the gate {settings.gate}"
        return wrong("metric", f"{composed} needs a metric: {' or '.join(allowed)}.")
    signals = settings.recipe.signals
    if foreign := [signal for signal in (settings.metric, *signals) if signal not in allowed]:
        takes = " or ".join(allowed)
        return wrong("metric", f"{method.name} cannot use {foreign[0]}; it takes {takes}.")
    if settings.metric not in signals:
        read = " and ".join(signals)
        sentence = f"no part reads {settings.metric}, as their options name {read}; leave it out."
        return wrong("metric", sentence)
    return None


def _density_contradiction(settings: Fields) -> Contradiction | None:
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


def _hold_out_contradiction(settings: Fields) -> Contradiction | None:
    if not isinstance(settings.dataset, str) or settings.validation == "test":
        return None
    chosen = settings.train_samples or KNOWN[settings.dataset].images[0]
    if round(settings.validation * chosen) > 0:
        return None
    return Contradiction(
        "validation",
        f"{settings.validation:g} of {chosen:,} training images holds out no image.",
        frozenset({"dataset", "train_samples", "validation"}),
    )


def _augment_contradiction(settings: Fields) -> Contradiction | None:
    if not settings.augment or not has_features(settings.dataset):
        return None
    return Contradiction(
        "augment",
        f"{title(settings.dataset)} has feature vectors, which cannot be augmented; leave out "
        "augment.",
        frozenset({"dataset", "augment"}),
    )


def _size_contradiction(settings: Fields) -> Contradiction | None:
    """Return what asks for more images than a known set has; other sets must be read first."""
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
    """Return a sentence if epsilon asks for more connections than a layer can have, else ""."""
    largest = n_in * n_out / (n_in + n_out)
    if epsilon <= largest:
        return ""
    fits = math.floor(largest * 1000) / 1000
    return (
        f"epsilon {epsilon:.10g} would make the layer {n_in}-{n_out} denser than dense; "
        f"the largest that fits is {fits:.10g}."
    )
