"""Figures as reasons and notes write them."""

from __future__ import annotations

from collections.abc import Iterable

MINUS = "−"


def signed(value: float) -> str:
    """Write a difference with its sign, e.g. −0.02007."""
    return f"{value:+.4g}".replace("-", MINUS, 1) if value < 0 else f"{value:+.4g}"


def ranges(seeds: Iterable[int]) -> str:
    """Write distinct seeds in ascending order, e.g. 2022-2031, 2033; empty for none."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def percent(share: float) -> str:
    """Write a share, e.g. 36.5 %, with a no-break space."""
    return f"{share:.1%}".replace("-", MINUS).replace("%", "\u00a0%")
