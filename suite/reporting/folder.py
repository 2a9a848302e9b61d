"""A report's folder: its files are replaced all at once, and no other file is touched."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from suite.errors import UserError
from suite.reporting.numbers import listing_some

INDEX = "index.html"
KICKER = "Dynamic sparse training"
"""Every page begins with it, which tells a report from a user's own page."""

_OURS = f'<p class="kicker">{KICKER}'


@contextmanager
def report_folder(out: Path) -> Iterator[Path]:
    """Yield a folder to write a report to; move its files to `out` once all are written.

    Several may be written to one place at the same time.

    Args:
        out: The report's place, made if need be.

    Raises:
        UserError: If it cannot be written, or has files of those names that no report wrote.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        _check_ours(out, [INDEX])
        with tempfile.TemporaryDirectory(dir=out, prefix=".unfinished-") as folder:
            yield Path(folder)
            names = sorted(path.name for path in Path(folder).iterdir())
            _check_ours(out, names)
            # The page first: it marks the folder as a report's for whoever writes next.
            for name in sorted(names, key=lambda name: name != INDEX):
                (Path(folder) / name).replace(out / name)
    except OSError as error:
        raise UserError(f"{out}: cannot be written ({error.strerror or error}).") from None


def _check_ours(out: Path, names: list[str]) -> None:
    taken = [name for name in names if (out / name).exists()]
    if taken and not is_report(out):
        raise UserError(
            f"{out}: has files that no report wrote ({listing_some(taken)}), which this one would "
            "replace; choose another folder with --out."
        )


def is_report(out: Path) -> bool:
    """Whether a folder has the page of a report."""
    try:
        return _OURS in (out / INDEX).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
