"""`load`: any source becomes an image set."""

from __future__ import annotations

from pathlib import Path

from suite.datasets.images import ImageSet
from suite.datasets.sources import Source


def load(
    source: Source,
    data_dir: str | Path,
    *,
    base: str | Path | None = None,  # noqa: ARG001
) -> ImageSet:
    """Load an image set."""
    if source == "digits":
        from suite.datasets.digits import digits

        return digits()
    raise NotImplementedError(source)


def fingerprint(source: Source, data_dir: str | Path, base: str | Path | None = None) -> str:
    """Return the fingerprint of an image set."""
    return load(source, data_dir, base=base).fingerprint
