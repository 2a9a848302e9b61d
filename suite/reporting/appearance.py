"""One colour, dash and marker a method, the same in every figure and on every page.

The hues are Okabe and Ito's, darkened until each stands out from white by 3:1 or more, so that
readers with any colour vision tell them apart; dashes and markers tell them apart in grey. On a
dark page each has a lighter twin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from suite.study.cells import Cell

Dash = tuple[float, ...]
_Kind = tuple[str, str | None]


@dataclass(frozen=True)
class Hue:
    """A colour on white and its twin on a dark page, both as #rrggbb."""

    light: str
    dark: str


@dataclass(frozen=True)
class Look:
    """How a cell is drawn.

    Attributes:
        hue: Its colour.
        dash: On and off lengths in points; () is solid.
        marker: A matplotlib marker.
    """

    hue: Hue
    dash: Dash
    marker: str

    @property
    def dashes(self) -> Any:
        """Its dash as matplotlib takes it."""
        return self.dash or (None, None)


PAPER = Hue("#ffffff", "#16181c")
INK = Hue("#1a1a1a", "#e9e9e6")
MUTED = Hue("#5c5f66", "#a3a8b0")
RULE = Hue("#d9dadd", "#3a3e45")

_METHODS: dict[_Kind, Look] = {
    ("set", None): Look(Hue("#1b1c1e", "#f2f2ef"), (), "o"),
    ("accset", "val_accuracy"): Look(Hue("#c44d00", "#ff8f4d"), (5, 1.5), "s"),
    ("lset", "loss"): Look(Hue("#0069a6", "#5ab4ee"), (1, 1.2), "^"),
    ("dynset", "loss"): Look(Hue("#008a63", "#3fd0a4"), (6, 1.5, 1, 1.5), "D"),
    ("dynset", "val_loss"): Look(Hue("#b0508c", "#e79cc8"), (3, 1), "v"),
    ("dynset", "val_accuracy"): Look(Hue("#a87500", "#ebb53c"), (8, 1.5, 2, 1.5, 2, 1.5), "P"),
    ("lset", "val_loss"): Look(Hue("#3a85b5", "#8fd0f5"), (2, 2), "<"),
    ("static", None): Look(Hue("#75787d", "#9da2a9"), (4, 3), "p"),
    ("dense", None): Look(Hue("#6a4c93", "#b79be0"), (1, 2.5), "h"),
}
_SPARE = (
    Look(Hue("#7d3c2e", "#dc9583"), (7, 2), ">"),
    Look(Hue("#35607a", "#86b6d2"), (2, 1, 2, 3), "H"),
    Look(Hue("#5f7216", "#b9cf5e"), (9, 2, 1, 2), "8"),
    Look(Hue("#8a2f5d", "#e082b0"), (1, 1, 4, 1), "d"),
)
_REGROW = {"random": 0, "one_neighbour": 1, "most_neighbours": 2}
_STEPS: tuple[tuple[float, Dash], ...] = (
    # towards the page, dash
    (0.22, (3.5, 1.2)),
    (0.42, (1.2, 1.0)),
    (0.12, (6, 1, 1, 1, 1, 1)),
    (0.32, (2, 2)),
    (0.42, (5, 3)),
)
_STEP_MARKERS = "X*d<>H8p"
"""Each method begins two further on, so that few of the first ones are taken already."""


def looks(cells: Sequence[Cell]) -> dict[str, Look]:
    """Return each cell's look, by label.

    A method with its metric has a fixed look. Cells that vary it (the paper's other regrowth
    strategies, other settings) take its hue one step nearer to the page, with a dash and marker of
    their own. Regrowth strategies that the paper does not have, methods without a look, and more
    variants than there are steps take spare looks, then those of methods that the cells lack.
    Cells that differ in their data set alone look alike: figures that show both name it.
    """
    first: dict[tuple[str, str], Cell] = {}
    for cell in cells:
        first.setdefault((cell.brief, cell.settings.method), cell)
    found = _distinct(list(first.values()))
    return {cell.label: found[first[cell.brief, cell.settings.method].label] for cell in cells}


def _distinct(cells: Sequence[Cell]) -> dict[str, Look]:
    """Return a look of its own for each cell, by label."""
    kinds = dict.fromkeys(map(_kind, cells))
    bases = {kind: _METHODS[kind] for kind in kinds if kind in _METHODS}
    others = [kind for kind in kinds if kind not in _METHODS]
    spare = (*_SPARE, *(look for kind, look in _METHODS.items() if kind not in kinds))
    markers = {look.marker for look in (*bases.values(), *spare[: len(others)])}
    for number, kind in enumerate(others):
        round_, place = divmod(number, len(spare))
        bases[kind] = _stepped(spare[place], round_, markers)
        markers.add(bases[kind].marker)
    free = iter(spare[len(others) :])
    taken: dict[_Kind, set[int]] = {}
    found = {}
    for cell in cells:
        kind = _kind(cell)
        used = taken.setdefault(kind, set())
        wanted = _step(cell)
        step = wanted if wanted not in used else next(s for s in count() if s not in used)
        used.add(step)
        other = next(free, None) if step > len(_STEPS) else None
        found[cell.label] = other or _stepped(bases[kind], step, markers)
        markers.add(found[cell.label].marker)
    return found


def _step(cell: Cell) -> int:
    """Return how far a cell is from its kind's look: the paper's strategies are 0, 1 and 2."""
    regrow = cell.settings.recipe.regrow.name
    own = cell.settings.preset.parts["regrow"].name
    return 0 if regrow == own else _REGROW.get(regrow, 0)


def _kind(cell: Cell) -> _Kind:
    """Return what fixes a cell's hue: its method and metric, and what its method does not have."""
    settings, recipe = cell.settings, cell.settings.recipe
    own = settings.preset.parts
    name = settings.method
    if recipe.budget.name != own["budget"].name or recipe.gate.name != own["gate"].name:
        name += f", {recipe.gate.name}"
    if recipe.regrow.name not in (own["regrow"].name, *_REGROW):
        name += f", {recipe.regrow.name}"
    return name, next(iter(recipe.signals), None)


def _stepped(look: Look, step: int, markers: set[str]) -> Look:
    """Return a method's look some steps nearer to the page, with a marker of its own."""
    if step == 0:
        return look
    share, dash = _STEPS[(step - 1) % len(_STEPS)]
    hue = Hue(mix(look.hue.light, PAPER.light, share), mix(look.hue.dark, PAPER.dark, share))
    rank = list(_METHODS.values()).index(look) if look in _METHODS.values() else len(_METHODS)
    first = 2 * rank + step - 1
    in_turn = [_STEP_MARKERS[(first + n) % len(_STEP_MARKERS)] for n in range(len(_STEP_MARKERS))]
    free = [marker for marker in in_turn if marker not in markers]
    return Look(hue, dash, (free or in_turn)[0])


def mix(colour: str, other: str, share: float) -> str:
    """Return a colour that is `share` of the way to another, all as #rrggbb."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _channels(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
