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

EARLIER_NAMES = {"evolution": "update", "evolution_ms": "update_ms"}
"""What version 0.1.0 called measures and figures, and what they are called now."""

UNJUDGED = {
    *("connections", "runs", "run_ms", "compiling_ms", "first_cache_share"),
    *("first_cache_ms", "sparselab_ms"),
}
"""Figures that are neither better nor worse, depend on what was compiled before, or are those of
what the suite is compared with."""


def check(file: Path) -> None:
    """Check that a measurement can be added to a history file.

    Raises:
        UserError: If the file is something else, or cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and (content := file.read_bytes()):
            _entries(file, content)  # never add to a file that is something else
        with file.open("a"):
            pass
    except OSError as error:
        raise UserError(f"{file}: cannot be written ({error.strerror or error}).") from None


def add(file: Path, figures: dict[str, Any]) -> None:
    """Add a measurement to a history file, with when and of which commit it is.

    Raises:
        UserError: If the file is not a history, or cannot be written.
    """
    check(file)
    earlier = file.read_text()
    if earlier and not earlier.endswith("\n"):
        earlier += "\n"
    now = datetime.now(UTC).isoformat(timespec="seconds")
    entry = {"time": now, "commit": provenance().get("commit"), **figures}
    try:
        write_whole(file, (earlier + json.dumps(entry) + "\n").encode())
    except OSError as error:
        raise UserError(f"{file}: cannot be written ({error.strerror or error}).") from None


def latest(file: Path, machine: dict[str, Any]) -> dict[str, Any]:
    """Return the last figures of each measure in a history file, of a processor like this one.

    Args:
        file: A history, or what `suite bench --json` printed, once or several times.
        machine: What `measures.machine` returns.

    Raises:
        UserError: If the file is missing or holds no measurement, or none of such a processor.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror or error}).") from None
    entries = _entries(file, content)
    fitting = [entry for entry in entries if entry["machine"].get("cpu") == machine["cpu"]]
    if not fitting:
        cpus = ", ".join(sorted({str(entry["machine"].get("cpu")) for entry in entries}))
        raise UserError(
            f"{file}: its figures are of another processor ({cpus}), not of {machine['cpu']}."
        )
    found: dict[str, Any] = {}
    for entry in fitting:  # one may hold all measures, and a later one some of them
        found |= _renamed(entry)
    return found


def verdict(figures: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """Return what is worse than before, in sentences; or one that says that nothing is."""
    compared = [
        name for name in figures if name != "machine" and isinstance(before.get(name), dict)
    ]
    if not compared:
        return ["nothing to compare with: the file has no figures of these measures."]
    nothing = f"nothing is more than {100 * NOTICED:.0f} % worse than before."
    return list(worse(figures, before)) or [nothing]


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


def _entries(file: Path, content: bytes) -> list[dict[str, Any]]:
    """Return the measurements in a file: JSON documents, one after the other."""
    found: list[dict[str, Any]] = []
    at, decoder = 0, json.JSONDecoder()
    try:
        text = content.decode().strip()
        while at < len(text):
            entry, at = decoder.raw_decode(text, at)
            at += len(text[at:]) - len(text[at:].lstrip())
            found.append(entry)
    except ValueError:
        found = []
    if not found or not all(
        isinstance(e, dict) and isinstance(e.get("machine"), dict) for e in found
    ):
        raise UserError(f"{file}: holds no figures of suite bench.")
    return found


def _renamed(figures: dict[str, Any]) -> dict[str, Any]:
    """Return figures by the names of today."""
    return {
        EARLIER_NAMES.get(name, name): _renamed(value) if isinstance(value, dict) else value
        for name, value in figures.items()
    }


def _flat(figures: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield each number with the names that lead to it."""
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from (((name, *rest), number) for rest, number in _flat(value))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield (name,), float(value)
