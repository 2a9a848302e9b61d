"""The comparisons and claims still undecided with anytime inference, and what they wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import TYPE_CHECKING, Any

from suite.decisions.claims import Claimed, claims
from suite.decisions.comparisons import Compared, comparisons
from suite.decisions.values import ended
from suite.measures import plain
from suite.study import Cell
from suite.study.resolved import Pair

if TYPE_CHECKING:
    from suite.store.table import Results

_OPEN = ("inconclusive", "unattainable")


@dataclass(frozen=True)
class Undecided:
    """A comparison or claim that more seeds may decide.

    Attributes:
        what: Its cells, e.g. accset against set, or the claim's sentence.
        cells: The cells that it still needs.
        n: Pairs so far; of a claim, of the statement that has fewest.
        p: Its p so far, adjusted over the family; NaN where it has none.
        alpha: What that must reach.
        earliest: Seeds with which it can be decided at the earliest.
        waits_for: The next seed of each of its cells that is still to run, by label; empty where
            every seed of the study has run.
    """

    what: str
    cells: tuple[Cell, ...]
    n: int
    p: float
    alpha: float
    earliest: int
    waits_for: Mapping[str, int]

    def row(self) -> dict[str, Any]:
        """Return it as a mapping for JSON."""
        return {
            "what": self.what,
            "cells": [cell.label for cell in self.cells],
            "n": self.n,
            "p_adjusted": plain(self.p),
            "alpha": self.alpha,
            "waits_for": dict(self.waits_for),
        }

    @property
    def sentence(self) -> str:
        """Say what is undecided, how far it is, and which runs it waits for."""
        p = "" if isnan(self.p) else f", adjusted p = {self.p:.3g}"
        far = f"{self.what}: open with {self.n} {'pair' if self.n == 1 else 'pairs'}{p}"
        if not self.waits_for:
            return f"{far}; every seed of the study has run (raise seeds: count for more)."
        by_seed: dict[int, list[str]] = {}
        for label, seed in self.waits_for.items():
            by_seed.setdefault(seed, []).append(label)
        waits = [f"seed {seed} of {', '.join(labels)}" for seed, labels in by_seed.items()]
        return f"{far}; waits for {'; '.join(waits)}."


def undecided(results: Results) -> list[Undecided]:
    """Return the declared comparisons and claims that more seeds may decide, in their order."""
    found = [_comparison(results, row) for row in comparisons(results)]
    found += [_claim(results, row) for row in claims(results)]
    return [it for it in found if it is not None]


def decided(results: Results) -> bool:
    """Whether a study with anytime inference needs no more seeds."""
    study = results.study
    anytime = study.file.comparisons.inference == "anytime"
    return anytime and bool(study.pairs or study.claims) and not undecided(results)


def up_to(results: Results, seeds: Mapping[str, int]) -> Results:
    """Return the results as if each cell had run with its first seeds only.

    Args:
        results: What it holds.
        seeds: How many seeds of each cell, by label; none of a cell that is not named.
    """
    order = {seed: place for place, seed in enumerate(results.study.seeds)}

    def asked(cell: str, seed: int) -> bool:
        return order[seed] < seeds.get(cell, 0)

    frame = results.frame
    if not frame.empty:
        rows = zip(frame["cell"], frame["seed"], strict=True)
        frame = frame[[asked(cell, seed) for cell, seed in rows]]
    runs = [
        run if asked(run.cell, run.seed) else replace(run, state="missing", record=None)
        for run in results.runs
    ]
    return replace(results, frame=frame, runs=runs)


def _comparison(results: Results, row: Compared) -> Undecided | None:
    from suite.statistics.inference import seeds_needed

    found, declared = row.found, results.study.file.comparisons
    if found.verdict not in _OPEN:
        return None
    equal = declared.equivalence_margin is not None
    lacking = seeds_needed(found.needed, "anytime") - (found.n - found.ties)
    earliest = found.n + max(1, lacking)
    if equal:
        earliest = min(earliest, max(found.n + 1, seeds_needed(found.needed, "anytime", sides=1)))
    what = f"{row.cell.label} against {row.against.label}"
    return _undecided(results, what, [(row.cell, row.against)], found.n, found.p_adjusted, earliest)


def _claim(results: Results, row: Claimed) -> Undecided | None:
    found = row.found
    if found.verdict not in _OPEN:
        return None
    # With anytime inference a p only falls: a statement that is shown needs no more seeds.
    left = [it for it in row.statements if not it.found.p_for <= found.needed] or row.statements
    pairs = [(it.cell, it.against) for it in left]
    n = min(it.found.n for it in left)
    earliest = max(it.found.seeds_needed or n + 1 for it in left)
    p = found.p_adjusted if found.verdict == "inconclusive" else float("nan")
    return _undecided(results, row.claim.sentence.rstrip("."), pairs, n, p, earliest)


def _undecided(
    results: Results, what: str, pairs: Sequence[Pair], n: int, p: float, earliest: int
) -> Undecided:
    alpha = results.study.file.comparisons.alpha
    cells = {cell.label: cell for pair in pairs for cell in pair}
    waits_for: dict[str, int] = {}
    for pair in pairs:
        waits_for |= _waited_for(results, {cell.label for cell in pair})
    return Undecided(what, tuple(cells.values()), n, p, alpha, earliest, waits_for)


def _waited_for(results: Results, labels: set[str]) -> dict[str, int]:
    """Return the first seed that is still to run, by the label of each cell that needs it."""
    open_ = [run for run in results.runs if run.cell in labels and not ended(run)]
    first = min((run.seed for run in open_), default=None)
    return {run.cell: run.seed for run in open_ if run.seed == first}
