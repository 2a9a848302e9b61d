"""The settings of a cell. Together with a seed they decide what a run computes."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, Self

from pydantic import ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from suite.datasets.sources import has_features
from suite.errors import suggestion
from suite.methods import flat, library
from suite.methods.parts import KINDS, TITLES
from suite.methods.presets import METHODS
from suite.settings.contradictions import ContradictionError, contradictions
from suite.settings.fields import Fields

MADE_INTO_PARTS = {"method", "dataset", flat.PARTS, *flat.NAMES, *KINDS}
"""Settings that enter a key as the recipe that they make, or as the data that they name."""

ALWAYS_IN_KEYS = {
    *("validation", "train_samples", "hidden", "activation", "negative_slope", "dropout"),
    *("augment", "epochs", "batch_size", "learning_rate", "momentum", "reset_momentum"),
}
"""The settings of version 0.1.0: where they can matter, keys hold their values, defaults too.

Any other setting stays out of the key while it has its default. So a new setting
leaves the keys of all earlier runs unchanged.
"""


class Settings(Fields):
    """Every setting of a cell, resolved: rule, gate and metric are filled in from the method.

    Raises:
        pydantic.ValidationError: If a value is of the wrong type or out of range, or if settings
            contradict each other.
    """

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

    def deciding(self) -> dict[str, Any]:
        """Return what decides a result, without what cannot matter.

        The recipe is part of it, the name of the method is not. Two cells with equal
        deciding settings, on the same data, are one cell.
        """
        return dict(self._deciding)

    @functools.cached_property
    def _deciding(self) -> dict[str, Any]:
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
        for name in kept.keys() & {"noise", "initial_weights"}:
            kept[name] = getattr(self, name).model_dump(mode="json", exclude_defaults=True)
        return kept | flat.key_of(self.recipe, self._value)


WRITABLE = tuple(name for name in Settings.model_fields if name != flat.PARTS)
"""The settings that a study can name."""


def _default(model: type[Settings], name: str) -> Any:
    return model.model_fields[name].get_default(call_default_factory=True)


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
