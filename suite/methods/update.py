"""Updates of the topology: prune all layers, count, share, regrow all layers, fill.

Nothing here knows a network: training passes arrays in and takes arrays out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from suite.methods import checks
from suite.methods.answer import Answer
from suite.methods.budgets import Budgeted
from suite.methods.layer import LayerView
from suite.methods.moment import Moment
from suite.methods.recipe import Recipe

Stream = Callable[[Literal["evolution", "regrown"], int], np.random.Generator]
"""(purpose, index of the layer) -> the update's generator: "evolution" for what is regrown,
"regrown" for the weights that new connections start with."""


@dataclass(frozen=True, eq=False)
class Rewired:
    """A layer after an update.

    Attributes:
        positions: int64 (nnz,), ascending.
        source: int64 (nnz,), where each connection stood among those before; -1 if it is new.
        weights: float32 (nnz,), the weight that a new connection starts with; 0 elsewhere.
    """

    positions: NDArray[np.int64]
    source: NDArray[np.int64]
    weights: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Updated:
    """A network after an update.

    Attributes:
        layers: One for each layer.
        zeta: The prune rate.
        theta: The share of what is lacking that returned; None where the budget has none.
        pruned: How many connections of each layer went.
        regrown: How many connections of each layer returned.
    """

    layers: list[Rewired]
    zeta: float
    theta: float | None
    pruned: list[int]
    regrown: list[int]


def due(recipe: Recipe, at: Literal["epoch", "step"], moment: Moment) -> bool:
    """Whether an update is due after this step, or after this epoch and its evaluation.

    Args:
        recipe: The method.
        at: What has just ended. A schedule is asked after steps or after epochs, never both.
        moment: When it ended.
    """
    if recipe.schedule.part.at != at:
        return False
    return _ask(recipe.schedule, moment, check=checks.boolean)


def initial_topology(
    recipe: Recipe,
    shapes: Sequence[tuple[int, int]],
    rngs: Sequence[np.random.Generator],
    probe: Any = None,
) -> list[NDArray[np.int64] | None]:
    """Return the positions that are active at the start.

    Args:
        recipe: The method.
        shapes: (n_out, n_in) of each layer.
        rngs: A generator for each layer's topology.
        probe: For parts with needs=("probe",) or needs=("earlier",); others get None.

    Returns:
        For each layer int64 positions, ascending, or None where every position is active.

    Raises:
        UserError: If the part raises an error or gives a wrong answer.
    """
    asked = probe if {"probe", "earlier"} & set(recipe.initial.part.needs) else None
    check = partial(checks.topologies, shapes=shapes)
    return _ask(recipe.initial, shapes, rngs, asked, check=check)


def update(
    recipe: Recipe,
    layers: Sequence[LayerView],
    moment: Moment,
    initial: Sequence[int],
    stream: Stream,
) -> Updated | None:
    """Prune and regrow a network's layers together.

    Args:
        recipe: The method.
        layers: The sparse layers, first to last.
        moment: The moment, after the step or epoch.
        initial: Each layer's count at the start.
        stream: The update's generators.

    Returns:
        None if the gate is shut. A connection that is dropped and regrown is new.

    Raises:
        UserError: If a part raises an error or gives a wrong answer; the sentence names the part,
            the layer and the reason.
    """
    if not _ask(recipe.gate, moment, check=checks.boolean):
        return None
    zeta = _ask(recipe.rate, moment, check=checks.rate)
    layers = [replace(layer, moment=moment) for layer in layers]
    if "layers" in recipe.budget.part.needs:
        budget, left = _budget(recipe, layers, moment, initial)
        kept = _prune(recipe.prune, left, zeta)
        wanted = budget.counts + (_counts(left) - _counts(kept))
    else:
        budget, kept = _budget(recipe, _prune(recipe.prune, layers, zeta), moment, initial)
        wanted = budget.counts
    free = np.array([layer.size - layer.positions.size for layer in kept])
    wanted = np.minimum(wanted, free)  # only overshoot asks for more
    returning = _ask(
        recipe.share,
        [_shown(layer, recipe.share) for layer in kept],
        wanted,
        check=partial(checks.shared, before=wanted, free=free),
    )
    rewired = [
        _regrow(recipe, layer, int(count), stream)
        for layer, count in zip(kept, returning, strict=True)
    ]
    return Updated(
        layers=rewired,
        zeta=zeta,
        theta=budget.theta,
        pruned=[
            before.positions.size - after.positions.size
            for before, after in zip(layers, kept, strict=True)
        ],
        regrown=returning.tolist(),
    )


def _ask(
    answer: Answer, *arguments: Any, check: Callable[[Any], Any], layer: int | None = None
) -> Any:
    return checks.ask(answer.part, dict(answer.options), *arguments, check=check, layer=layer)


def _budget(
    recipe: Recipe, layers: Sequence[LayerView], moment: Moment, initial: Sequence[int]
) -> tuple[Budgeted, list[LayerView]]:
    """Return how many connections return, and the layers without those that are too many."""
    answer, counts = recipe.budget, _counts(layers)
    asked = [_shown(layer, answer) for layer in layers]
    budget = _ask(
        answer,
        moment,
        np.asarray(initial, dtype=np.int64),
        asked if "layers" in answer.part.needs else counts,
        check=partial(checks.budgeted, kept=counts),
    )
    if budget.stays is not None:
        layers = [_left(layer, stays) for layer, stays in zip(layers, budget.stays, strict=True)]
    if budget.surplus is None or not budget.surplus.any():
        return budget, list(layers)
    return budget, _trim(recipe.prune, layers, budget.surplus)


def _prune(rule: Answer, layers: Sequence[LayerView], zeta: float) -> list[LayerView]:
    """Return what stays of each layer, with the layer before pruning as its `before`."""
    shown = [_shown(layer, rule) for layer in layers]
    if rule.part.scope == "network":
        sizes = [layer.positions.size for layer in layers]
        keep = _ask(rule, shown, zeta, check=partial(checks.masks, connections=sizes))
    else:
        keep = [
            _ask(
                rule,
                layer,
                zeta,
                check=partial(checks.mask, connections=layer.positions.size),
                layer=layer.index,
            )
            for layer in shown
        ]
    return [_left(layer, stays) for layer, stays in zip(layers, keep, strict=True)]


def _left(layer: LayerView, stays: NDArray[np.bool_]) -> LayerView:
    """Return what stays of a layer, with the layer before pruning as its `before`."""
    return replace(
        layer,
        positions=layer.positions[stays],
        weights=layer.weights[stays],
        momentum=layer.momentum[stays],
        before=layer.before or layer,
    )


def _trim(rule: Answer, layers: Sequence[LayerView], surplus: NDArray[np.int64]) -> list[LayerView]:
    """Prune a number of connections more from each layer, by the same rule."""
    # The rule removes floor(zeta * n); half a connection keeps rounding away from the number.
    return [
        _prune(rule, [layer], min(1.0, (more + 0.5) / layer.positions.size))[0] if more else layer
        for layer, more in zip(layers, surplus.tolist(), strict=True)
    ]


def _regrow(recipe: Recipe, kept: LayerView, count: int, stream: Stream) -> Rewired:
    new = np.empty(0, dtype=np.int64)
    values = np.empty(0, dtype=np.float32)
    if count:
        layer = _shown(kept, recipe.regrow)
        check: Callable[[Any], Any] = partial(checks.inactive, layer=kept, count=count)
        rng = stream("evolution", kept.index)
        new = _ask(recipe.regrow, layer, count, rng, check=check, layer=kept.index)
        layer, rng = _shown(kept, recipe.fill), stream("regrown", kept.index)
        check = partial(checks.weights, count=count)
        values = _ask(recipe.fill, layer, new, rng, check=check, layer=kept.index)
    before = kept.before or kept
    source = np.searchsorted(before.positions, kept.positions)
    merged = np.concatenate([kept.positions, new])
    order = np.argsort(merged, kind="stable")  # a merge sort: both parts are ascending
    weights = np.concatenate([np.zeros(kept.positions.size, dtype=np.float32), values])
    return Rewired(
        positions=merged[order],
        source=np.concatenate([source, np.full(count, -1)])[order],
        weights=weights[order],
    )


def _shown(layer: LayerView, to: Answer) -> LayerView:
    """Return a layer with no more than a part said that it needs."""
    needs = to.part.needs
    return replace(
        layer,
        gradient_from=layer.gradient_from if "gradient" in needs else None,
        activations_from=layer.activations_from if "activations" in needs else None,
        samples_from=layer.samples_from if "samples" in needs else None,
    )


def _counts(layers: Sequence[LayerView]) -> NDArray[np.int64]:
    return np.array([layer.positions.size for layer in layers], dtype=np.int64)
