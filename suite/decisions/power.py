"""How many seeds the declared comparisons of a study need."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from suite.decisions.values import sample, values
from suite.errors import UserError
from suite.measures import Outcome, plain
from suite.study import Cell, Study

if TYPE_CHECKING:
    from suite.statistics import Sample, SeedsNeeded, SeedsUntilDecided
    from suite.store.table import Results


LARGEST_EFFECT = 50.0
"""A difference of more standard deviations than this needs no fewer seeds."""


@dataclass(frozen=True)
class Planned:
    """How many seeds one declared comparison needs.

    Attributes:
        cell: The cell ...
        against: ... and the one it is compared with.
        outcome: In what.
        runs: Pairs (or runs a cell) that the spread was measured on; 0 where it was given.
        basis: Where the difference to be detected comes from, in words.
        declared: Seeds that the study declares.
        detectable: Smallest true difference that the declared seeds detect; NaN if not known.
        need: The numbers of seeds; None where no spread is known.
        until: Seeds until it is decided, if it is looked at after each (anytime inference); None
            where no spread is known or nothing is paired.
        until_equivalent: Seeds until the cells are shown equivalent, if they do not differ; None
            also where no margin is declared.
        reason: Why there are no numbers; empty where there are.
    """

    cell: Cell
    against: Cell
    outcome: Outcome
    runs: int
    basis: str
    declared: int
    detectable: float
    need: SeedsNeeded | None
    until: SeedsUntilDecided | None = None
    until_equivalent: SeedsUntilDecided | None = None
    reason: str = ""

    def row(self) -> dict[str, Any]:
        """Return names and figures as one flat mapping for a table or JSON; None if not there."""
        from suite.statistics import SeedsNeeded

        return {
            "cell": self.cell.label,
            "against": self.against.label,
            "outcome": self.outcome,
            "runs": self.runs,
            "basis": self.basis,
            "declared": self.declared,
            "detectable": plain(self.detectable),
            **dict.fromkeys(field.name for field in fields(SeedsNeeded)),
            **(plain(asdict(self.need)) if self.need is not None else {}),
            **_flat("anytime", self.until),
            **_flat("anytime_equivalence", self.until_equivalent),
            "reason": self.reason,
        }


def seeds_needed(
    results: Results,
    *,
    effect: float | None = None,
    sd: float | None = None,
    power: float = 0.8,
) -> list[Planned]:
    """Compute how many seeds each declared comparison needs.

    The difference to be detected is the one given, else the declared equivalence margin (the
    smallest that matters), else the one seen so far, which is the least to be trusted. The
    spread is the one given, else that of the runs done.

    Args:
        results: The study and its finished runs.
        effect: Difference, above 0, in the outcome's units.
        sd: Standard deviation of the paired differences (of one cell's values, if the design is
            independent), above 0, in the outcome's units.
        power: Chance of detection, in (alpha, 1).

    Returns:
        One row a declared comparison.

    Raises:
        UserError: If a figure given is out of its range.
    """
    from suite.statistics.attainability import needed_p

    study = results.study
    declared = study.file.comparisons
    for name, given in (("effect", effect), ("sd", sd)):
        if given is not None and not (isfinite(given) and given > 0):
            raise UserError(f"{name} must be a number above 0, and is {given:g}.")
    if not declared.alpha < power < 1:
        raise UserError(f"power must lie between {declared.alpha:g} and 1, and is {power:g}.")
    family = study.pairs
    if not family:
        return []
    table = values(results, declared.outcome)
    level = needed_p(declared.alpha, len(family), declared.correction)
    return [
        _plan(study, pair, sample(results, table, *pair), effect, sd, level=level, power=power)
        for pair in family
    ]


def _plan(
    study: Study,
    pair: tuple[Cell, Cell],
    done: Sample,
    effect: float | None,
    sd: float | None,
    *,
    level: float,
    power: float,
) -> Planned:
    from suite.statistics.contrast import difference
    from suite.statistics.monitoring import smallest_effect
    from suite.statistics.power import detectable_effect, plan, spread, spread_of_pairs

    declared = study.file.comparisons
    paired = declared.design == "paired"
    target, basis = _target(effect, declared.equivalence_margin, difference(done).estimate)
    measured = spread_of_pairs(done) if done.fallback else spread(done)
    spread_, freedom = (sd, 0) if sd is not None else (measured, _freedom(done))
    seeds = len(study.seeds)
    detects = (
        smallest_effect(seeds, level, power)
        if declared.inference == "anytime"
        else detectable_effect(seeds, level, power, paired)
    )
    planned = Planned(
        cell=pair[0],
        against=pair[1],
        outcome=declared.outcome,
        runs=done.n if sd is None else 0,
        basis=basis,
        declared=seeds,
        detectable=detects * spread_,
        need=None,
    )
    if done.identical and sd is None:
        return replace(planned, detectable=nan, reason=f"identical so far in all {done.n} pairs")
    if not isfinite(spread_):
        return replace(planned, reason="fewer than two seeds are done, and no sd is given")
    if not isfinite(target):
        return replace(planned, reason="no run is done, and no effect is given")
    need = plan(
        abs(target),
        spread_,
        level=level,
        power=power,
        paired=paired,
        freedom=freedom,
        margin=declared.equivalence_margin,
    )
    if not paired:
        return replace(planned, need=need)
    margin = declared.equivalence_margin
    return replace(
        planned,
        need=need,
        until=_until(target, spread_, level, power),
        until_equivalent=None
        if margin is None
        else _until(0.0, spread_, level, power, margin=margin),
    )


def _until(
    target: float, sd: float, level: float, power: float, margin: float | None = None
) -> SeedsUntilDecided:
    """Return the seeds until a decision; effects have three digits, so that few are simulated."""
    from suite.statistics import seeds_until_decided

    def in_sds(value: float) -> float:
        return float(f"{min(abs(value) / sd, LARGEST_EFFECT) if sd else LARGEST_EFFECT:.3g}")

    return seeds_until_decided(
        in_sds(target) if target else 0.0, level, power, None if margin is None else in_sds(margin)
    )


def _flat(name: str, need: SeedsUntilDecided | None) -> dict[str, float | None]:
    return {
        f"{name}_expected": None if need is None else need.expected,
        f"{name}_seeds": None if need is None else need.seeds,
    }


def _target(effect: float | None, margin: float | None, seen: float) -> tuple[float, str]:
    """Return the difference to be detected, and where it comes from."""
    if effect is not None:
        return effect, "given"
    if margin is not None:
        return margin, "equivalence margin"
    return seen, "difference seen so far"


def _freedom(done: Sample) -> int:
    return done.n - 1 if done.paired else done.a.size + done.b.size - 2
