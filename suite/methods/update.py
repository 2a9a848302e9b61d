"""Updates of the topology: prune all layers, count, share, regrow all layers, fill.

Nothing here knows a network: training passes arrays in and takes arrays out.
"""

from __future__ import annotations

import copy
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
from suite.methods.moment import Change, Moment
from suite.methods.positions import find_sorted
from suite.methods.recipe import Recipe

Stream = Callable[[Literal["evolution", "regrown", "pruned"], int], np.random.Generator]
"""(purpose, index of the layer) -> the update's generator: "evolution" for what is regrown,
"regrown" for the weights that new connections start with, "pruned" for prune rules that draw."""


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
        theta: The share of the missing connections that returned; None where the budget has none.
        pruned: How many connections of each layer went.
        regrown: How many connections of each layer returned.
        returned: How many of the regrown had gone in this update.
    """

    layers: list[Rewired]
    zeta: float
    theta: float | None
    pruned: list[int]
    regrown: list[int]
    returned: list[int]

    @property
    def change(self) -> Change:
        """The counts, as later moments tell of them."""
        return Change(tuple(self.pruned), tuple(self.regrown), tuple(self.returned))


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


def is_open(recipe: Recipe, moment: Moment) -> bool:
    """Whether the gate lets an update that is due take place."""
    return _ask(recipe.gate, moment, check=checks.boolean)


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
        None if the gate is shut. A connection that is pruned and regrown is new, unless the fill
        has the option returning at kept; one that a shrinking budget took out is always new.

    Raises:
        UserError: If a part raises an error or gives a wrong answer; the sentence names the part,
            the layer and the reason.
    """
    if not is_open(recipe, moment):
        return None
    draws = "rng" in recipe.prune.part.needs
    layers = [
        replace(layer, moment=moment, rng=stream("pruned", layer.index) if draws else None)
        for layer in layers
    ]
    zeta = _ask(recipe.rate, moment, check=checks.rate)
    if "layers" in recipe.budget.part.needs:
        budget, left, meant = _budget(recipe, layers, moment, initial)
        kept = _prune(recipe.prune, left, zeta)
        wanted = budget.counts + (meant - _counts(kept))
    else:
        left = layers
        budget, kept, _ = _budget(recipe, _prune(recipe.prune, layers, zeta), moment, initial)
        wanted = budget.counts
    free = np.array([layer.size - layer.positions.size for layer in kept])
    wanted = np.clip(wanted, 0, free)  # only overshoot asks for more
    drifts = recipe.share.options.get("total") == "drifts"
    returning = _ask(
        recipe.share,
        [_shown(layer, recipe.share) for layer in kept],
        wanted.copy(),
        check=partial(checks.shared, before=None if drifts else wanted, free=free),
    )
    positions = _positions(recipe, kept, returning, stream)
    rewired = [
        _rewired(recipe.fill, layer, exchanged.positions, new, stream)
        for layer, exchanged, new in zip(kept, left, positions, strict=True)
    ]
    return Updated(
        layers=[layer for layer, _ in rewired],
        zeta=zeta,
        theta=budget.theta,
        pruned=(_counts(layers) - _counts(kept)).tolist(),
        regrown=[new.size for new in positions],
        returned=[returned for _, returned in rewired],
    )


def _ask(
    answer: Answer, *arguments: Any, check: Callable[[Any], Any], layer: int | None = None
) -> Any:
    return checks.ask(
        answer.part, copy.deepcopy(dict(answer.options)), *arguments, check=check, layer=layer
    )


def _budget(
    recipe: Recipe, layers: Sequence[LayerView], moment: Moment, initial: Sequence[int]
) -> tuple[Budgeted, list[LayerView], NDArray[np.int64]]:
    """Return how many connections return, the layers without those that are too many, and counts.

    The counts are how many connections the budget means to leave: a prune rule that also takes
    every weight of exactly zero may leave fewer.
    """
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
        return budget, list(layers), _counts(layers)
    meant = _counts(layers) - budget.surplus
    return budget, _trim(recipe.prune, layers, budget.surplus), meant


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
    # The rule rounds zeta * n down, or up; half a connection keeps that away from the number.
    half = -0.5 if rule.options.get("rounding") == "ceil" else 0.5
    return [
        _prune(rule, [layer], min(1.0, (more + half) / layer.positions.size))[0] if more else layer
        for layer, more in zip(layers, surplus.tolist(), strict=True)
    ]


def _positions(
    recipe: Recipe, kept: Sequence[LayerView], counts: NDArray[np.int64], stream: Stream
) -> list[NDArray[np.int64]]:
    """Return which positions of each layer become active, ascending."""
    shown = [_shown(layer, recipe.regrow) for layer in kept]
    if recipe.regrow.part.scope == "network":
        check = partial(checks.inactive_everywhere, layers=kept, count=int(counts.sum()))
        return _ask(recipe.regrow, shown, counts, stream("evolution", 0), check=check)
    return [
        _ask(
            recipe.regrow,
            layer,
            count,
            stream("evolution", layer.index),
            check=partial(checks.inactive, layer=layer, count=count),
            layer=layer.index,
        )
        if count
        else np.empty(0, dtype=np.int64)
        for layer, count in zip(shown, counts.tolist(), strict=True)
    ]


def _rewired(
    fill: Answer,
    kept: LayerView,
    exchanged: NDArray[np.int64],
    new: NDArray[np.int64],
    stream: Stream,
) -> tuple[Rewired, int]:
    """Return a layer with its new positions, and how many of them have just gone.

    Args:
        fill: The fill.
        kept: What pruning left of the layer.
        exchanged: The positions that the prune rate's share was taken of: what a shrinking budget
            took out before is not among them, and begins anew where it returns, as in the code of
            GraNet.
        new: The positions that become active.
        stream: The update's generators.
    """
    before = kept.before or kept
    source = np.full(new.size, -1)
    back = find_sorted(new, before.positions)  # what was active and is new was pruned
    if fill.options.get("returning") == "kept":
        pruned = find_sorted(new, exchanged)
        source[pruned] = find_sorted(before.positions, new[pruned])
    values = np.zeros(new.size, dtype=np.float32)
    fresh = source < 0
    if fresh.any():
        values[fresh] = _ask(
            fill,
            _shown(kept, fill),
            new[fresh],
            stream("regrown", kept.index),
            check=partial(checks.weights, count=int(np.count_nonzero(fresh))),
            layer=kept.index,
        )
    stayed = np.searchsorted(before.positions, kept.positions)
    nothing = np.zeros(kept.positions.size, dtype=np.float32)
    at = np.searchsorted(kept.positions, new)
    rewired = Rewired(
        positions=np.insert(kept.positions, at, new),
        source=np.insert(stayed, at, source),
        weights=np.insert(nothing, at, values),
    )
    return rewired, back.size


def _shown(layer: LayerView, to: Answer) -> LayerView:
    """Return a layer with no more than a part said that it needs."""
    needs = to.part.needs
    return replace(
        layer,
        gradient_from=layer.gradient_from if "gradient" in needs else None,
        activations_from=layer.activations_from if "activations" in needs else None,
        samples_from=layer.samples_from if "samples" in needs else None,
        batch_from=layer.batch_from if "gradient" in needs else None,
        last_from=layer.last_from if "last_weights" in needs else None,
        rng=layer.rng if "rng" in needs else None,
    )


def _counts(layers: Sequence[LayerView]) -> NDArray[np.int64]:
    return np.array([layer.positions.size for layer in layers], dtype=np.int64)
