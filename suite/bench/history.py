"""Figures of earlier measurements, one line of JSON each, and what has changed since."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from suite.errors import UserError
from suite.files import write_whole
from suite.machine import provenance

NOTICED = 0.1
"""A figure that is worse by more than this share is said to be worse."""

MORE_IS_BETTER = {"times_faster", "throughput", "saved", "share_of_core_time"}
"""Of every other figure (times, memory, shares of an epoch) less is better."""

UNJUDGED = {"connections"}
"""Figures that are neither better nor worse."""


def add(file: Path, figures: dict[str, Any]) -> None:
    """Add a measurement to a history file, with when and of which commit it is.

    Raises:
        UserError: If the file is no history, or cannot be written.
    """
    earlier = file.read_text() if file.exists() else ""
    if earlier:
        _entries(file, earlier)  # never add to a file that is something else
    now = datetime.now(UTC).isoformat(timespec="seconds")
    entry = {"time": now, "commit": provenance().get("commit"), **figures}
    try:
        write_whole(file, (earlier + json.dumps(entry) + "\n").encode())
    except OSError as error:
        raise UserError(f"{file}: cannot be written ({error.strerror or error}).") from None


def latest(file: Path, machine: dict[str, Any]) -> dict[str, Any]:
    """Return the last measurement in a history file that was made on a processor like this one.

    Args:
        file: A history, or what `suite bench --json` printed.
        machine: What `measures.machine` returns.

    Raises:
        UserError: If the file is missing or holds no measurement, or none of such a processor.
    """
    try:
        text = file.read_text()
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror or error}).") from None
    entries = _entries(file, text)
    fitting = [entry for entry in entries if entry["machine"].get("cpu") == machine["cpu"]]
    if not fitting:
        cpus = ", ".join(sorted({str(entry["machine"].get("cpu")) for entry in entries}))
        raise UserError(
            f"{file}: its figures are of another processor ({cpus}), not of {machine['cpu']}."
        )
    return fitting[-1]


def worse(figures: dict[str, Any], before: dict[str, Any]) -> Iterator[str]:
    """Yield a sentence for each figure that is worse than before by more than `NOTICED`."""
    earlier = dict(_flat(before))
    for name, value in _flat(figures):
        was = earlier.get(name)
        if was is None or min(was, value) <= 0 or name[-1] in UNJUDGED:
            continue
        ratio = was / value if name[-1] in MORE_IS_BETTER else value / was
        if ratio > 1 + NOTICED:
            what = ": ".join(name).replace("_", " ")
            yield f"worse: {what} was {was:.4g} and is {value:.4g}"


def _entries(file: Path, text: str) -> list[dict[str, Any]]:
    """Return the measurements in a text: one JSON document, or one a line."""
    try:
        found = [json.loads(text)]
    except ValueError:
        try:
            found = [json.loads(line) for line in text.splitlines()]
        except ValueError:
            found = []
    if not found or not all(
        isinstance(e, dict) and isinstance(e.get("machine"), dict) for e in found
    ):
        raise UserError(f"{file}: holds no figures of suite bench.")
    return found


def _flat(figures: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield each number with the names that lead to it."""
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from (((name, *rest), number) for rest, number in _flat(value))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield (name,), float(value)
