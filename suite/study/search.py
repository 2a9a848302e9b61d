"""Search spaces: the values that a setting may take when a cell is tuned, and samples of them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import ValidationError

from suite.errors import UserError, suggestion
from suite.methods import flat, library
from suite.methods.parts import KINDS
from suite.randomness import stream
from suite.settings import WRITABLE, ContradictionError, Settings
from suite.study.document import as_yaml

Scale = Literal["log", "uniform", "linear", "int"]
SCALES = ("log", "uniform", "linear", "int")

DIGITS = 4
"""Significant digits of a sampled number: enough to tune with, and short enough to write down."""

NOT_SEARCHED = ("method", "metric", "dataset", "validation", "train_samples", "epochs")
"""Every sample of a cell is the same method on the same images with the same number of epochs."""

_KINDS_OF_RANGE = (
    "{log: [a, b]}, {uniform: [a, b]}, {linear: [a, b]}, {int: [a, b]} or a list of choices"
)

SAID_TWICE = {
    "budget": "rule",
    "rule": "budget",
    "fill": "regrown_weights",
    "regrown_weights": "fill",
}
"""Settings that say the same: one that is sampled takes the place of the other."""


@dataclass(frozen=True)
class Interval:
    """All numbers from low to high.

    Attributes:
        scale: How they are drawn: log evenly by their logarithm, uniform (or linear) evenly, int
            whole numbers evenly.
        low: The smallest.
        high: The largest.
    """

    scale: Scale
    low: float
    high: float

    def at(self, share: float) -> float | int:
        """Return the value below which a share of the range lies, from 0 to below 1."""
        if self.scale == "int":
            low, high = int(self.low), int(self.high)
            return min(low + math.floor(share * (high - low + 1)), high)
        if self.scale == "log":
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + share * (self.high - self.low)
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)


@dataclass(frozen=True)
class Choices:
    """Some values, each as likely.

    Attributes:
        values: As a study file writes them.
    """

    values: tuple[Any, ...]

    def at(self, share: float) -> Any:
        """Return the value below which a share of the choices lies, from 0 to below 1."""
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]


Range = Interval | Choices
Space = Mapping[str, Range]
"""The ranges of the settings that a cell is tuned in, by name, e.g. learning_rate, rate.zeta."""

Sample = dict[str, Any]
"""One value for each searched setting."""


def read_range(written: Any) -> Range:
    """Return the range that a study file writes.

    Raises:
        UserError: If it is not a range, is empty, or runs from high to low.
    """
    if isinstance(written, list):
        if not written:
            raise UserError("has no choices; list 1 or more values.")
        return Choices(tuple(written))
    if not isinstance(written, dict) or len(written) != 1:
        raise UserError(f"must be {_KINDS_OF_RANGE}.")
    ((scale, ends),) = written.items()
    if scale not in SCALES:
        raise UserError(f'there is no range "{scale}"{suggestion(scale, SCALES)}')
    number = int if scale == "int" else int | float
    if (
        not isinstance(ends, list)
        or len(ends) != 2
        or any(isinstance(end, bool) or not isinstance(end, number) for end in ends)
        or not all(math.isfinite(end) for end in ends)
    ):
        what = "whole numbers" if scale == "int" else "numbers"
        raise UserError(f"{scale} must be a list of 2 {what}: the smallest and the largest.")
    low, high = ends
    if low == high:
        raise UserError(
            f"the range from {as_yaml(low)} to {as_yaml(high)} is empty; set the value."
        )
    if low > high:
        raise UserError(
            f"the range runs from {as_yaml(low)} down to {as_yaml(high)}; write the smallest first."
        )
    if scale == "log" and low <= 0:
        raise UserError(f"a log range must begin above 0, not at {as_yaml(low)}.")
    return Interval(scale, low, high)


def check_name(name: str) -> None:
    """Check that a setting or part option can be searched.

    Raises:
        UserError: If there is no such setting, or it is what all samples share.
    """
    kind, dot, option = name.partition(".")
    if name in NOT_SEARCHED:
        raise UserError(f"{name} cannot be searched: it is the same for all samples of a cell.")
    if dot and kind not in KINDS:
        raise UserError(f'there is no part "{kind}"{suggestion(kind, KINDS)}')
    if dot:
        library.check_option(kind, option)  # type: ignore[arg-type]
    if not (dot or name in WRITABLE):
        raise UserError(f'there is no setting "{name}"{suggestion(name, WRITABLE)}')


def with_values(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """Return a cell's settings with searched values in place of its own.

    Args:
        settings: The cell's.
        values: By setting (zeta) or part option (rate.zeta).

    Raises:
        pydantic.ValidationError: If a value is wrong, or contradicts the other settings.
    """
    given: dict[str, Any] = {
        name: getattr(settings, name)
        for name in Settings.model_fields
        if name in settings.model_fields_set
    }
    options = {kind: dict(of) for kind, of in settings.part_options.items()}
    for name, value in values.items():
        kind, dot, option = name.partition(".")
        if not dot:
            given[name] = value
            if name in KINDS:
                options.pop(kind, None)  # those of the part that it replaces
            for replaced in {SAID_TWICE.get(name, ""), *_given_by(name, value)} - {name}:
                given.pop(replaced, None)
        elif (setting := flat_name(kind, option)) is not None:
            given[setting] = value
        else:
            options.setdefault(kind, {})[option] = value
    given.pop(flat.PARTS, None)
    recomposed = {"budget", "rule", "gate"} & values.keys()
    if recomposed and not flat.reads_signal(given.get("budget"), given.get("gate")):
        given.pop("metric", None)
    return Settings.model_validate(given | ({flat.PARTS: options} if options else {}))


def flat_name(kind: str, option: str) -> str | None:
    """Return the setting that gives a part option, None where it has none."""
    named = {(str(of), name): setting for (of, name), setting in flat.OPTIONS.items()}
    return named.get((kind, option))


def one_name(name: str) -> str:
    """Return the setting for an option that it gives, zeta for rate.zeta; else the name."""
    kind, _, option = name.partition(".")
    return flat_name(kind, option) or name


def searched(name: str, values: Range | None) -> set[str]:
    """Return the settings and part options that a range draws, each by its one name.

    `rate` with the choice {cosine: {zeta: 0.2}} draws rate and zeta.

    Args:
        name: The name that the range stands under.
        values: The range, None if a cell takes it back.
    """
    written = values.values if isinstance(values, Choices) else ()
    return {one_name(name)}.union(*(_given_by(name, value) for value in written))


def _given_by(name: str, value: Any) -> set[str]:
    """Return the settings and part options that a part with options gives; none else."""
    if name not in KINDS or not isinstance(value, Mapping):
        return set()
    given = [options for options in value.values() if isinstance(options, Mapping)]
    return {one_name(f"{name}.{option}") for options in given for option in options}


def fitting(settings: Settings, values: Mapping[str, Any]) -> Settings | None:
    """Return a cell's settings with searched values; None where they contradict each other."""
    try:
        return with_values(settings, values)
    except ValidationError as error:
        if contradicts(error):
            return None
        raise


def contradicts(error: ValidationError) -> bool:
    """Whether values are only wrong in combination, e.g. an epsilon too large for the layers."""
    causes = [problem.get("ctx", {}).get("error") for problem in error.errors()]
    return all(isinstance(cause, ContradictionError) for cause in causes)


def has(settings: Settings, name: str, values: Range) -> bool:
    """Whether a cell has a setting: whether its value decides what a run of the cell computes."""
    kind, dot, option = name.partition(".")
    if dot:
        answers = {answer.kind: answer for answer in settings.recipe.in_use}
        if kind not in answers or option not in answers[kind].part.options:
            return False
    many = [n / 8 for n in range(9)]
    shares = many if isinstance(values, Interval) else middles(len(values.values))
    found = [fitting(settings, {name: values.at(share)}) for share in shares]
    if isinstance(values, Interval) and None in found:
        return True  # some numbers do not fit its other settings, so the number matters
    meanings = [repr(of.deciding()) for of in found if of is not None]
    if not meanings:
        return True  # it has the setting, and none of these values fits
    return len({*meanings, repr(settings.deciding())}) > 1


def middles(count: int) -> list[float]:
    """Return for each of some choices the share in the middle of its part of the range."""
    return [(place + 0.5) / count for place in range(count)]


def drawing(root: int, cell: str, batch: int = 0) -> np.random.Generator:
    """Return the generator of a cell's samples, at its start.

    Args:
        root: First seed of the study.
        cell: Label of the cell, which names its stream.
        batch: Which batch, for an algorithm that learns from the batches before.
    """
    place = int.from_bytes(hashlib.sha256(cell.encode()).digest()[:4])
    return stream(root, "tuning", epoch=batch, layer=place)


def draw(space: Space, algorithm: str, samples: int, root: int, cell: str) -> list[Sample]:
    """Return samples of a search space; more of them only adds to the fewer.

    Args:
        space: The ranges.
        algorithm: "sobol", a scrambled Sobol sequence (Owen 1998), or "random".
        samples: How many.
        root: First seed of the study.
        cell: Label of the cell, which names its stream.
    """
    rng = drawing(root, cell)
    if algorithm == "sobol":
        from scipy.stats import qmc

        sobol = qmc.Sobol(len(space), scramble=True, seed=rng)
        shares = sobol.random_base2(max(0, math.ceil(math.log2(samples))))[:samples]
    else:
        shares = rng.random((samples, len(space)))
    return [sample_at(space, row) for row in shares]


def sample_at(space: Space, shares: Sequence[float] | np.ndarray) -> Sample:
    """Return the sample below whose values these shares of the ranges lie.

    Args:
        space: The ranges.
        shares: From 0 to 1, one a range, in the order of their names.
    """
    # By name, whatever their order in the file
    return {name: space[name].at(float(u)) for name, u in zip(sorted(space), shares, strict=True)}
