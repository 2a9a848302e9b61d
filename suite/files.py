"""Whole files with a checksum, in a directory or behind a URL.

A file is one header line and the payload:

    suite 1 sha256 HEX LENGTH

HEX covers the file's name and the payload, so a file that was moved or copied to another name does
not check out either. A file is written whole and then renamed, so a reader sees the old file or
the new one. A file that does not match its header raises `DamagedError`; one whose header has a
higher number, `LaterError`.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar
from urllib.parse import unquote

READS_OF_AN_OBJECT = 3

QUESTIONS = 16
"""How many are asked at once."""

MARK = "regrowth-suite"
"""A file in every directory in use: a lost mount leaves a directory without it."""

_HEADER = "suite 1 sha256"
_LATER = re.compile(rb"suite ([2-9]|[1-9][0-9]+) ")
_OURS_UNFINISHED = re.compile(r"(^|/)\.[^/]+\.[0-9a-f]{32}$")
_T = TypeVar("_T")


class Stamp(NamedTuple):
    """What a listing says of a file: its size in bytes, and when it was modified last, in ns."""

    size: int
    time: int


class DamagedError(Exception):
    """A file that is truncated, altered, empty or foreign."""


class LaterError(Exception):
    """A file in a format that only a later version of the suite knows."""


@dataclass(frozen=True)
class Place:
    """A directory on some file system.

    Attributes:
        location: As the user wrote it, made absolute where it is a local path.
        system: The pyarrow file system.
        root: The directory's path there.
        local: Whether it is a directory of this machine (or mounted on it).
        standing: Whether the directory must exist, with its mark. Then a missing one (e.g. a lost
            mount) is an error: it is neither taken for an empty one nor made again.
    """

    location: str
    system: Any
    root: str
    local: bool
    standing: bool = False

    def stand(self) -> Self:
        """Make the directory if it does not exist, and require it from now on.

        Raises:
            OSError: If it cannot be made.
        """
        if self.local and not self._mark().exists():
            Path(self.root).mkdir(parents=True, exist_ok=True)
            write_whole(self._mark(), b"Files of the regrowth suite lie here.\n")
        return self.insist()

    def insist(self) -> Self:
        """Return this place, requiring that the directory exists."""
        return replace(self, standing=True)

    def path(self, name: str) -> str:
        """Return the path of a file below this directory."""
        return f"{self.root}/{name}"

    def write(self, name: str, payload: bytes) -> None:
        """Write a file whole, with its checksum; an older one of that name is replaced.

        Raises:
            DamagedError: If something other than a file has that name, or the folder is not one.
            OSError: If it cannot be written; then the older file, if any, is still there.
        """
        content = _header(name, payload) + b"\n" + payload
        if self.local:
            self._check_standing()
            try:
                write_whole(Path(self.path(name)), content)
            except (FileExistsError, NotADirectoryError):
                raise DamagedError(name.rpartition("/")[0]) from None
            except IsADirectoryError:
                raise DamagedError(name) from None
        else:  # an object store shows an object only when it is complete
            with self.system.open_output_stream(self.path(name)) as stream:
                stream.write(content)

    def read(self, name: str, at: str | None = None) -> bytes | None:
        """Return a file's payload, or None if it does not exist.

        Args:
            name: Its name.
            at: Where it lies, if it was moved.

        Raises:
            DamagedError: If the file does not match its checksum.
            LaterError: If a later version of the suite wrote it.
            OSError: If the file system cannot be read.
        """
        # An object is read in several requests; it may be replaced between them.
        for _ in range(1 if self.local else READS_OF_AN_OBJECT):
            if (content := self._content(at or name)) is None:
                return None
            header, newline, payload = content.partition(b"\n")
            if newline and header == _header(name, payload):
                return payload
            if newline and _LATER.match(header):
                raise LaterError(name)
        raise DamagedError(name)

    def names(self, below: str = "") -> list[str]:
        """Return the files below a directory, relative to it, sorted; hidden ones left out.

        Raises:
            OSError: If the file system cannot be read.
        """
        return sorted(self.files(below))

    def files(self, below: str = "") -> dict[str, Stamp]:
        """Return the same with each file's size and time, in any order.

        Raises:
            OSError: If the file system cannot be read.
        """
        return {name: at for name, at in self._all_files(below).items() if not _hidden(name)}

    def sweep(self, below: str, older: float) -> None:
        """Remove unfinished files of killed writers that are older than this many seconds.

        Only a directory has any: an object store shows an object only when it is complete.
        """
        if not self.local:
            return
        for name in filter(_OURS_UNFINISHED.search, self._all_files(below)):
            path = Path(self.path(f"{below}/{name}"))
            try:
                if time.time() - path.stat().st_mtime > older:
                    path.unlink()
            except OSError:  # gone already, or not ours to remove
                continue

    def move(self, name: str, to: str) -> None:
        """Rename a file; do nothing if it is gone."""
        if self.local:
            Path(self.path(to)).parent.mkdir(parents=True, exist_ok=True)
        try:
            self.system.move(self.path(name), self.path(to))
        except FileNotFoundError:
            return

    def delete(self, name: str) -> None:
        """Remove a file; do nothing if it is gone."""
        try:
            self.system.delete_file(self.path(name))
        except (FileNotFoundError, IsADirectoryError):
            return

    def _content(self, name: str) -> bytes | None:
        from pyarrow import fs

        try:
            with self.system.open_input_stream(self.path(name)) as stream:
                content: bytes = stream.read()
        except FileNotFoundError:
            self._check_standing()
            return None
        except NotADirectoryError:
            return None  # a file is where a directory belongs
        except OSError:
            if self.system.get_file_info(self.path(name)).type == fs.FileType.Directory:
                raise DamagedError(name) from None
            raise
        return content

    def _all_files(self, below: str) -> dict[str, Stamp]:
        from pyarrow import fs

        base = self.path(below) if below else self.root
        found = self.system.get_file_info(
            fs.FileSelector(base, recursive=True, allow_not_found=True)
        )
        if not found:
            self._check_standing()
        return {
            info.path[len(base) + 1 :]: Stamp(info.size, info.mtime_ns or 0)
            for info in found
            if info.type == fs.FileType.File
        }

    def _mark(self) -> Path:
        return Path(self.path(MARK))

    def _check_standing(self) -> None:
        if self.standing and self.local and not self._mark().exists():
            raise FileNotFoundError(f"{self.location} is not there")


def open_place(location: str | Path) -> Place:
    """Return the directory that a path or URL (s3://, gs://, file://, ...) names.

    Raises:
        ValueError: If the URL names no file system that pyarrow knows or a file elsewhere, or the
            path a home folder that is not there.
    """
    from pyarrow import fs

    text = str(location)
    if "://" in text and not text.startswith("file://"):
        if not text.partition("://")[2].strip("/"):
            raise ValueError("the URL names no bucket")
        system, root = fs.FileSystem.from_uri(_in_one_request(text))
        return Place(text, system, root.rstrip("/"), local=False)
    if text.startswith("file://"):
        host, slash, rest = text.removeprefix("file://").partition("/")
        if host not in ("", "localhost"):
            raise ValueError(f"a file URL names a path of this machine, not of {host}")
        text = unquote(slash + rest)
    try:
        path = Path(text).expanduser().absolute()
    except RuntimeError:
        raise ValueError("there is no home folder of this name") from None
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise ValueError("its name is not UTF-8") from None
    return Place(str(path), fs.LocalFileSystem(), str(path), local=True)


def _in_one_request(url: str) -> str:
    """Let S3 be written with one request per file, not with three as for files of unknown size."""
    if not url.startswith("s3://") or "allow_delayed_open" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}allow_delayed_open=true"


def patiently(action: Callable[[], _T], seconds: float) -> _T:
    """Do something with files; try again while the file system fails.

    Args:
        action: What to do; must be repeatable.
        seconds: How long to keep trying.

    Raises:
        OSError: What the action raised last, when the time is up.
    """
    deadline = time.monotonic() + seconds
    pause = 0.1
    while True:
        try:
            return action()
        except OSError:
            if time.monotonic() + pause > deadline:
                raise
        time.sleep(pause * random.uniform(0.5, 1.0))  # not all at the same moment
        pause = min(2 * pause, 5.0)


def at_once(ask: Callable[[str], _T], names: Iterable[str]) -> list[_T]:
    """Return what a question is answered for each name, in order, many questions at a time.

    This hides the delay of files behind a URL.
    """
    with ThreadPoolExecutor(QUESTIONS) as askers:
        return list(askers.map(ask, names))


def _header(name: str, payload: bytes) -> bytes:
    digest = hashlib.sha256(name.encode() + b"\n" + payload)
    return f"{_HEADER} {digest.hexdigest()} {len(payload)}".encode()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, and its folder if need be; readers see the old content or the new.

    Raises:
        OSError: If it cannot be written; then the old file, if any, is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A unique name: an orphan of a lost node may be writing the same file.
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with unfinished.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _hidden(name: str) -> bool:
    return name == MARK or name.rpartition("/")[2].startswith(".")
