"""Errors that a user can correct: shown as sentences, with the nearest valid name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

MOST_NAMES = 30
"""How many valid names a sentence lists."""


class UserError(Exception):
    """One or more mistakes that the user can correct.

    The command line prints each sentence on a separate line and exits with code 2.

    Args:
        sentences: Each describes what is wrong, where, and what is allowed.
    """

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class RunsFailedError(UserError):
    """Runs failed, so that what was asked for cannot go on; the command line exits with code 3."""


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Return the name that a misspelt word most likely meant, or None if none is similar."""
    from difflib import get_close_matches

    by_lower = {name.lower(): name for name in names}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def suggestion(word: str, names: Iterable[str]) -> str:
    """Return '; did you mean "NAME"?' or, if none is similar, the list of valid names."""
    names = list(names)
    if guess := nearest(word, names):
        return f'; did you mean "{guess}"?'
    shown = ", ".join(names[:MOST_NAMES])
    rest = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"; known: {shown}{rest}." if names else "."


def nearby(path: Path, pattern: str = "*") -> str:
    """Return '; did you mean FILE?' where a file that does not exist has a similar neighbour.

    Args:
        path: The missing file or folder.
        pattern: Of the neighbours that may be meant.

    Returns:
        "." where none is similar.
    """
    try:
        files = sorted(path.parent.glob(pattern), key=lambda file: file.suffix == path.suffix)
    except (OSError, ValueError):
        return "."
    by_stem = {file.stem: file for file in files}  # that all names end alike makes none likely
    guess = nearest(path.stem, by_stem)
    return f"; did you mean {by_stem[guess]}?" if guess else "."


def reason(error: OSError) -> str:
    """Return why the system refused, and for which file, without the number of the error."""
    if error.strerror is None or error.filename is None:
        return error.strerror or str(error)
    return f"{error.strerror}: {error.filename}"
