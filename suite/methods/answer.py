"""An answer to one of the questions that make a method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from suite.methods import library
from suite.methods.parts import Kind, Part


@dataclass(frozen=True)
class Answer:
    """A part and the values of its options.

    Attributes:
        kind: The question that it answers.
        name: The part's name.
        options: All its options, those at their default included.
    """

    kind: Kind
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.kind, self.name, tuple(sorted(self.options))))

    @property
    def part(self) -> Part:
        """The part."""
        return library.get(self.kind, self.name)

    @property
    def changed(self) -> dict[str, Any]:
        """The options that are not at their default."""
        defaults = self.part.defaults
        return {
            name: value
            for name, value in self.options.items()
            if name not in defaults
            or defaults[name] != value
            or isinstance(defaults[name], bool) != isinstance(value, bool)  # True is 1
        }
