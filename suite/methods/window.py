"""Over which batches the gradient is taken that an update reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

Batches = Annotated[int, Field(ge=1)]
Of = Literal["steps", "fresh"]


@dataclass(frozen=True)
class Window:
    """The batches of a gradient.

    Attributes:
        batches: How many.
        of: "steps": those of the last steps, each with the weights before its step; "fresh": new
            ones, drawn for the update, with the weights of now.
        decay: Each batch weighs this to the power of how many came after it.
    """

    batches: int = 1
    of: Of = "steps"
    decay: float = 1.0

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Window:
        """Return the window that a part's options of these names describe."""
        named = {name: options[name] for name in ("batches", "of", "decay") if name in options}
        return cls(**named)

    def shares(self, seen: int) -> list[float]:
        """Return how much each of the batches seen counts, the earliest first; 1 in all.

        Args:
            seen: How many batches there were, 1 to `batches`.
        """
        weights = [self.decay**age for age in range(seen - 1, -1, -1)]
        return [weight / sum(weights) for weight in weights]
