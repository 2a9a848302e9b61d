"""Where the files of a source are, and what stands in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from suite.errors import UserError


class File(NamedTuple):
    """A file of a source.

    Attributes:
        role: "train" or "test"; in a folder of images with the class: "train/cat".
        path: Where it is.
    """

    role: str
    path: Path


def find(name: str, written: str, places: Iterable[Path]) -> list[Path]:
    """Return what a path or glob pattern stands for, sorted; at least one file or folder.

    Args:
        name: The image set's, for the error.
        written: The path as its user wrote it.
        places: Folders that a relative path may be relative to; the first that has it counts.

    Raises:
        UserError: Nothing is there.
    """
    expanded, tried = Path(written).expanduser(), []
    for place in places:
        path = place.absolute() / expanded
        root = Path(path.anchor) if expanded.is_absolute() else place.absolute()
        pattern = path.relative_to(root)
        found = [path] if path.exists() else sorted(root.glob(str(pattern)))
        if found:
            return found
        tried += [str(path)]
    raise UserError(f"{name}: there is no {' and no '.join(dict.fromkeys(tried))}.")


def content(files: Sequence[File], options: str = "") -> str:
    """Return a hash of what stands in the files, wherever they are.

    Args:
        files: In the order that counts.
        options: What else decides what they are read as.

    Raises:
        UserError: A file cannot be read.
    """
    digest = hashlib.sha256(options.encode())
    for role, path in files:
        try:
            with path.open("rb") as file:
                inside = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise UserError(f"{path} cannot be read ({error.strerror}).") from None
        digest.update(f"{role}\0{inside}\n".encode())
    return digest.hexdigest()
