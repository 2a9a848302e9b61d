"""The weights that a network starts with."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field


class InitialWeights(BaseModel):
    """Weights of variance scale / fan, drawn around zero; Glorot's uniform ones by default.

    Sources: Glorot and Bengio 2010, Equation 16; He et al. 2015, Equation 10; a fan of connections
    as in Evci et al. 2022, AAAI, and in the code of CHTs.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    scale: Annotated[float, Field(gt=0)] = 1.0
    """The variance of a weight times the fan: 1 as Glorot, 2 as He."""
    fan: Literal["mean", "in", "out"] = "mean"
    """The inputs of a unit of the layer (in), the outputs of an input (out), or their mean."""
    counts: Literal["positions", "connections"] = "positions"
    """What the fan counts: all positions, or the connections that the layer starts with."""
    distribution: Literal["uniform", "normal"] = "uniform"
    """Of the weights."""

    def draw(
        self, shape: tuple[int, int], count: int | tuple[int, ...], rng: np.random.Generator
    ) -> np.ndarray:
        """Draw the initial weights of a layer.

        Args:
            shape: (n_out, n_in) of the layer.
            count: How many connections it has, or the shape of the array of its weights.
            rng: Generator of the layer's weights.

        Returns:
            float32 array of `count` weights.
        """
        fan = {"mean": sum(shape) / 2, "in": shape[1], "out": shape[0]}[self.fan]
        if self.counts == "connections":
            fan *= max(1, int(np.prod(count))) / math.prod(shape)  # a layer of none draws nothing
        variance = self.scale / fan
        if self.distribution == "normal":
            return np.float32(math.sqrt(variance)) * rng.standard_normal(count, dtype=np.float32)
        return (2 * rng.random(count, dtype=np.float32) - 1) * np.float32(math.sqrt(3 * variance))

    def __str__(self) -> str:
        return f"{self.distribution}, variance {self.scale:g} / fan {self.fan} of {self.counts}"
