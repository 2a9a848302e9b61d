"""Regrowth strategies of the suite's own: candidates to beat random regrowth."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from suite.methods import scored
from suite.methods.layer import LayerView
from suite.methods.parts import part
from suite.methods.positions import draw_outside
from suite.methods.regrow.neighbours import Neighbourhood, active_neighbours

OWN = "a candidate of the suite's own"

Power = Annotated[float, Field(ge=-4, le=4)]


@part("regrow", needs=("gradient",), source=OWN)
def gradient_sampled(
    layer: LayerView,
    count: int,
    rng: np.random.Generator,
    *,
    power: Annotated[float, Field(ge=0, le=4)] = 1.0,
) -> NDArray[np.int64]:
    """Drawn in proportion to |gradient|, where RigL takes the largest.

    The largest gradients of one batch sit at few units, and at the connections that were just
    dropped for being useless. A draw follows the gradient as well, and still explores.

    Args:
        power: The gradient counts to this power: 0 is random, and the higher, the more like RigL.
    """

    def weights(start: int, stop: int) -> NDArray[np.float32]:
        return np.abs(layer.gradient_rows(start, stop)) ** np.float32(power)

    return scored.draw(layer, weights, count, rng)


@part("regrow", needs=("gradient",), source=OWN)
def hidden_gradient(layer: LayerView, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The largest gradients, as in RigL, but at random in the layer that sees the images.

    There, gradients gather connections at few units: on CIFAR-10, the number of inputs of a unit
    ends with a variance of 380 times its mean; with random growth it is 10 times. Where updates
    are frequent, what the largest gradients cost comes from that layer (reports/rare-updates).
    """
    if layer.index == 0:
        return draw_outside(layer.positions, layer.size, count, rng)
    return layer.top_gradient(count)


@part("regrow", source=OWN)
def neighbours_sampled(
    layer: LayerView,
    count: int,
    rng: np.random.Generator,
    *,
    neighbourhood: Neighbourhood = "block",
    strength: Annotated[float, Field(ge=0)] = 1.0,
) -> NDArray[np.int64]:
    """Drawn in proportion to 1 + strength * active neighbours, where most_neighbours ranks.

    A rank lets a dense patch grow until nothing grows elsewhere. By probability the same idea
    leaves every position a chance, so that patches form only where pruning spares them.

    Args:
        neighbourhood: Whom it counts as neighbours: the 3x3 block around a position of the weight
            matrix, or only the corners of the block (diagonal).
        strength: What a neighbour adds.
    """
    bordering, neighbours = active_neighbours(layer, neighbourhood)
    columns = layer.shape[1]

    def weights(start: int, stop: int) -> NDArray[np.float32]:
        block = np.ones((stop - start) * columns, dtype=np.float32)
        first, last = np.searchsorted(bordering, (start * columns, stop * columns))
        added = np.float32(strength) * neighbours[first:last].astype(np.float32)
        block[bordering[first:last] - start * columns] += added
        return block.reshape(-1, columns)

    return scored.draw(layer, weights, count, rng)


@part("regrow", needs=("samples",), source=OWN)
def variance(
    layer: LayerView,
    count: int,
    rng: np.random.Generator,
    *,
    samples: Annotated[int, Field(ge=1)] = 1000,
) -> NDArray[np.int64]:
    """Drawn in proportion to the variance of the input's activation.

    An input that never changes only adds a constant, which the bias can do; one that varies can
    tell images apart. Pixels are standardised, so in the first layer only constant ones lose.

    Args:
        samples: How many training images the activations are computed of.
    """
    inputs, _ = layer.samples(samples)
    return _draw_by_units(layer, np.ones(layer.shape[0]), inputs.var(axis=1), count, rng)


@part("regrow", source=OWN)
def degree(
    layer: LayerView, count: int, rng: np.random.Generator, *, power: Power = 1.0
) -> NDArray[np.int64]:
    """Drawn in proportion to (1 + input's connections) * (1 + output's connections).

    Preferential attachment. The authors of SET see its topologies grow towards power laws, as
    random regrowth and pruning let units with good connections keep more of them; this starts
    there. A negative power evens the degrees out instead.

    Args:
        power: The degrees count to this power: 0 is random, below 0 prefers units with few.
    """
    rows, columns = np.divmod(layer.positions, layer.shape[1])
    of_outputs = 1.0 + np.bincount(rows, minlength=layer.shape[0])
    of_inputs = 1.0 + np.bincount(columns, minlength=layer.shape[1])
    return _draw_by_units(layer, of_outputs**power, of_inputs**power, count, rng)


@part("regrow", source=OWN)
def same_unit(layer: LayerView, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Uniformly among the inputs of each unit, as many as the unit has just lost.

    Random regrowth also moves connections between units, so that some end up with few inputs.
    This keeps every unit's number of inputs, and changes only which ones they are. Where more or
    fewer return than were lost, units are drawn in proportion to what they lost.
    """
    n_out, n_in = layer.shape
    lost = np.bincount(layer.dropped() // n_in, minlength=n_out)
    active = np.bincount(layer.positions // n_in, minlength=n_out)
    wanted = np.minimum(_scaled(lost, count, rng), n_in - active)
    starts = np.searchsorted(layer.positions, np.arange(n_out + 1) * n_in)
    drawn = [
        row * n_in
        + draw_outside(
            layer.positions[starts[row] : starts[row + 1]] - row * n_in, n_in, wanted[row], rng
        )
        for row in np.flatnonzero(wanted)
    ]
    chosen = np.concatenate([*drawn, np.empty(0, dtype=np.int64)])
    taken = np.sort(np.concatenate([layer.positions, chosen]))
    rest = draw_outside(taken, layer.size, count - chosen.size, rng)
    return np.concatenate([chosen, rest])


def _scaled(lost: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return whole numbers that add up to `count`: `lost`, or drawn in proportion to it."""
    total = int(lost.sum())
    if total in (0, count):
        return lost
    whole, part = divmod(count, total)
    drawn = rng.multivariate_hypergeometric(lost, part, method="marginals")
    return whole * lost + drawn


def _draw_by_units(
    layer: LayerView,
    of_outputs: NDArray,
    of_inputs: NDArray,
    count: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Draw positions in proportion to the product of a number of each side's unit."""
    rows = (of_outputs / max(of_outputs.max(), 1e-30)).astype(np.float32)[:, None]
    columns = (of_inputs / max(of_inputs.max(), 1e-30)).astype(np.float32)
    return scored.draw(layer, lambda start, stop: rows[start:stop] * columns, count, rng)
