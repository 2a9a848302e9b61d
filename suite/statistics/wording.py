"""Figures as they stand in reasons and notes."""

from __future__ import annotations

MINUS = "−"


def signed(value: float) -> str:
    """Write a difference with its sign, e.g. −0.02007."""
    return f"{value:+.4g}".replace("-", MINUS, 1) if value < 0 else f"{value:+.4g}"


def percent(share: float) -> str:
    """Write a share, e.g. 36.5 %, with a no-break space."""
    return f"{share:.1%}".replace("-", MINUS).replace("%", "\u00a0%")
