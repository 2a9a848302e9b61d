"""Whole files with a checksum, in a directory or behind a URL.

A file is one header line and the payload:

    suite 1 sha256 HEX LENGTH

It is written whole and then renamed, so a reader sees the old file or the new one; what does not
match its header is `DamagedError`, whatever happened to it.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HEADER = "suite 1 sha256"


class DamagedError(Exception):
    """A file that is truncated, altered, empty or foreign."""


@dataclass(frozen=True)
class Place:
    """A directory on some file system.

    Attributes:
        location: As the user wrote it, made absolute where it is a local path.
        system: The pyarrow file system.
        root: The directory's path there.
        local: Whether it is a directory of this machine (or mounted on it).
    """

    location: str
    system: Any
    root: str
    local: bool

    def path(self, name: str) -> str:
        """Return the path of a file below this directory."""
        return f"{self.root}/{name}"

    def write(self, name: str, payload: bytes) -> None:
        """Write a file whole, with its checksum; an older one of that name is replaced.

        Raises:
            OSError: If it cannot be written; then the older file, if any, is still there.
        """
        digest = hashlib.sha256(payload).hexdigest()
        content = f"{_HEADER} {digest} {len(payload)}\n".encode() + payload
        if self.local:
            self._write_locally(Path(self.path(name)), content)
        else:  # an object store shows an object only when it is complete
            with self.system.open_output_stream(self.path(name)) as stream:
                stream.write(content)

    def _write_locally(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own: an orphan of a lost node may be writing the same file.
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

    def read(self, name: str) -> bytes | None:
        """Return a file's payload, or None where there is no such file.

        Raises:
            DamagedError: If the file does not match its checksum.
            OSError: If the file system cannot be read.
        """
        try:
            with self.system.open_input_stream(self.path(name)) as stream:
                content: bytes = stream.read()
        except FileNotFoundError:
            return None
        header, newline, payload = content.partition(b"\n")
        expected = f"{_HEADER} {hashlib.sha256(payload).hexdigest()} {len(payload)}".encode()
        if not newline or header != expected:
            raise DamagedError(name)
        return payload

    def names(self, below: str = "") -> list[str]:
        """Return the files below a directory, relative to it, sorted; unfinished ones left out."""
        from pyarrow import fs

        base = self.path(below) if below else self.root
        found = self.system.get_file_info(
            fs.FileSelector(base, recursive=True, allow_not_found=True)
        )
        names = (info.path[len(base) + 1 :] for info in found if info.type == fs.FileType.File)
        return sorted(name for name in names if not name.rpartition("/")[2].startswith("."))

    def move(self, name: str, to: str) -> None:
        """Rename a file; one that is gone already is passed over."""
        if self.local:
            Path(self.path(to)).parent.mkdir(parents=True, exist_ok=True)
        try:
            self.system.move(self.path(name), self.path(to))
        except FileNotFoundError:
            return

    def delete(self, name: str) -> None:
        """Remove a file; one that is gone already is passed over."""
        try:
            self.system.delete_file(self.path(name))
        except FileNotFoundError:
            return


def open_place(location: str | Path) -> Place:
    """Return the directory that a path or URL (s3://, gs://, hdfs://, file://, ...) names.

    Raises:
        ValueError: If the URL names no file system that pyarrow knows.
    """
    from pyarrow import fs

    text = str(location)
    if "://" in text and not text.startswith("file://"):
        system, root = fs.FileSystem.from_uri(text)
        return Place(text, system, root.rstrip("/"), local=False)
    path = Path(text.removeprefix("file://")).expanduser().absolute()
    return Place(str(path), fs.LocalFileSystem(), str(path), local=True)
