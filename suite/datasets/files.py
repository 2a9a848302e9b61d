"""Finds the files of a source, and hashes their content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from suite.errors import UserError, nearby


class File(NamedTuple):
    """A file of a source.

    Attributes:
        role: "train", "test" or "both"; in a folder of images with the class: "train/cat".
        path: Where it is.
    """

    role: str
    path: Path


_ROLE = "(?<![a-z])(train|test|val(?=(id|idation)?([^a-z]|$)))"
"""The word in a file's name that says what it is for: train, test, val, valid, validation."""


def find(name: str, written: str, places: Iterable[Path]) -> list[Path]:
    """Return the files or folders that a path or glob pattern matches, sorted; at least one.

    Args:
        name: The data set's, for the error.
        written: The path as its user wrote it.
        places: Folders that a relative path may be relative to; the first that has it counts.

    Raises:
        UserError: Nothing is there, or the pattern cannot be read.
    """
    try:
        expanded = Path(written).expanduser()
    except RuntimeError:
        raise UserError(f"{name}: there is no home folder for {written}.") from None
    if joined := [part for part in expanded.parts if "**" in part and part != "**"]:
        raise _unreadable(name, written, f"{joined[0]} is not a whole folder")
    tried: list[Path] = []
    for place in places:
        path = place.absolute() / expanded
        root = Path(path.anchor) if expanded.is_absolute() else place.absolute()
        try:
            found = [path] if path.exists() else sorted(root.glob(str(path.relative_to(root))))
        except (ValueError, NotImplementedError, OSError) as error:
            raise _unreadable(name, written, error) from None
        if path not in found:
            found = [each for each in found if _counts(each, root, expanded)]
        if found:
            return found
        tried += [path]
    meant = next((guess for path in tried if (guess := nearby(path)) != "."), ".")
    nowhere = " and no ".join(dict.fromkeys(map(str, tried)))
    raise UserError(f"{name}: there is no {nowhere}{meant}")


def _unreadable(name: str, written: str, why: object) -> UserError:
    return UserError(
        f"{name}: {written} cannot be read as a path or pattern ({why}); ** stands for whole "
        "folders, as in data/**/*.parquet."
    )


def _counts(path: Path, root: Path, pattern: Path) -> bool:
    """Whether what a pattern matches counts: nothing hidden that it does not name; ** no file."""
    named = [part for part in pattern.parts if part.startswith(".")]
    hidden = (part for part in path.parts[len(root.parts) :] if part.startswith("."))
    seen = all(any(fnmatch(part, each) for each in named) for part in hidden)
    return seen and (pattern.name != "**" or path.is_dir())


def find_one(name: str, written: str, places: Iterable[Path]) -> Path:
    """Return the one file or folder that a path or glob pattern matches.

    Raises:
        UserError: As in `find`, or if there are several.
    """
    found = find(name, written, places)
    if len(found) > 1:
        raise UserError(
            f"{name}: {written} matches {len(found)} files or folders; name one of them, "
            f"for instance {found[0]}."
        )
    return found[0]


def walk(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the files below a folder, and what is hidden there; symbolic links are followed.

    Hidden is what begins with a dot (.DS_Store, ._0.png, .ipynb_checkpoints/). A folder that is
    reached twice through links counts once.

    Raises:
        UserError: A folder cannot be read.
    """
    files: list[Path] = []
    hidden: list[Path] = []
    seen = {folder.resolve()}

    def look(folder: Path) -> None:
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            raise UserError(f"{folder} cannot be read ({error.strerror}).") from None
        for path in entries:
            if path.name.startswith("."):
                hidden.append(path)
            elif not path.is_dir():
                files.append(path)
            elif (real := path.resolve()) not in seen:
                seen.add(real)
                look(path)

    look(folder)
    return sorted(files), hidden


def tables(
    name: str, written: str | Sequence[str], places: Iterable[Path], suffixes: Sequence[str]
) -> list[Path]:
    """Return the files that paths, patterns and folders match, each once.

    Args:
        name: The data set's, for errors.
        written: Files, folders or glob patterns.
        places: As for `find`.
        suffixes: Of the files that count in a folder, e.g. [".parquet"].
    """
    places = list(places)
    paths: list[Path] = []
    for pattern in [written] if isinstance(written, str) else written:
        for path in find(name, pattern, places):
            found = walk(path)[0] if path.is_dir() else [path]
            paths += [
                p for p in found if not path.is_dir() or p.name.lower().endswith(tuple(suffixes))
            ]
    return list({path.resolve(): path for path in reversed(paths)}.values())[::-1]


def parts(
    name: str, paths: Sequence[Path], train: str | None, test: str | float | None
) -> list[File]:
    """Return which files are trained on and then which are tested with, each in order.

    Args:
        name: The data set's, for errors.
        paths: All its files.
        train: Pattern of the training files; default: "train" in a file's or its folder's name.
        test: Pattern of the test files; default: "test", else "val". A number: the share of the
            rows of every file that is tested with.

    Raises:
        UserError: One of the two parts has no file, or a pattern cannot be read.
    """
    if isinstance(test, float):
        both = [path for path in paths if _is(name, path, "", train or "*")]
        if not both:
            raise _no_file(name, "train", paths)
        return [File("both", path) for path in both]
    training = [path for path in paths if _is(name, path, "train", train)]
    rest = [path for path in paths if path not in training]
    testing = [path for path in rest if _is(name, path, "test", test)]
    if not testing and test is None:
        testing = [path for path in rest if _is(name, path, "val", None)]
    share = ", or a share of the rows with test: 0.2"
    if not training:
        raise _no_file(name, "train", paths, share)
    if not testing:
        raise _no_file(name, "test", paths, share)
    return [File("train", path) for path in training] + [File("test", path) for path in testing]


def _no_file(name: str, part: str, paths: Sequence[Path], share: str = "") -> UserError:
    names = ", ".join(path.name for path in paths[:5]) or "none"
    return UserError(
        f"{name}: which files are for {part}? Give them as {part}: PATTERN{share} (found: {names})."
    )


def _is(name: str, path: Path, part: str, pattern: str | None) -> bool:
    """Whether a file belongs to a part by pattern, else by its name, else by its folder's."""
    if pattern is not None:
        try:
            return path.match(pattern)
        except ValueError as error:
            raise UserError(f"{name}: {pattern!r} is not a pattern of files ({error}).") from None
    for word in (path.name, path.parent.name):
        if found := re.search(_ROLE, word.lower()):
            return found.group(1) == part
    return False


def content(files: Sequence[File], options: str = "") -> str:
    """Return a hash of the content of files, independent of their place.

    Args:
        files: In the order that counts.
        options: What else decides how they are read.

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
