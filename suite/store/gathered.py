"""Copies of what finished runs have left, many in one file: behind a URL each file is a request.

    gathered/DIGEST   of each of many runs its result and its last progress report

A run's own files are the truth. A copy stands for its file only while that lies there with the same
size and time as when it was copied; one that is written again, set aside or removed counts as if
there were no copy, and a table that is lost costs requests, nothing else.
"""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise

from suite.files import Stamp

FORMAT = 1

FOLDER = "gathered"

COPIED = ("result.json", "progress.json")

LEAST = 50
"""How many runs without copies are worth a table."""

MOST = 2000
"""How many runs have their copies in one table."""

LARGEST = 1 << 16
"""Bytes of a file that is copied: with a larger one it is no longer the request that costs."""

NANOSECONDS_UNTIL_SETTLED = 2 * 10**9
"""A file may change twice within the resolution of its time: what is newer is not copied yet."""

NANOSECONDS_OF_CLOCKS = 3600 * 10**9
"""Clocks of machines differ by less: what is older than this by any clock has settled."""

Copies = dict[tuple[str, Stamp], bytes]
"""The compressed content of files, by name and by size and time of modification."""


def pack(files: Iterable[tuple[str, Stamp, bytes]]) -> bytes:
    """Return a table of the names, stamps and contents of files."""
    kept = [(name, stamp, zlib.compress(content, 1)) for name, stamp, content in files]
    index = [[name, *stamp, len(content)] for name, stamp, content in kept]
    head = json.dumps({"format": FORMAT, "files": index}, separators=(",", ":"))
    return b"\n".join([head.encode(), b"".join(content for _, _, content in kept)])


def unpack(table: bytes) -> Copies:
    """Return the copies in a table; none of one that a later version wrote."""
    head, _, contents = table.partition(b"\n")
    about = json.loads(head)
    if about["format"] != FORMAT:
        return {}
    ends = [0]
    for *_, length in about["files"]:
        ends.append(ends[-1] + length)
    return {
        (name, Stamp(size, time)): contents[start:end]
        for (name, size, time, _), (start, end) in zip(about["files"], pairwise(ends), strict=True)
    }


def content(copy: bytes) -> bytes:
    """Return the content of a file out of its copy."""
    return zlib.decompress(copy)


def table_name(table: bytes) -> str:
    """Return the name of a table's file: the same for the same copies."""
    return f"{FOLDER}/{hashlib.sha256(table).hexdigest()[:16]}"


def tables(
    lying: Mapping[str, Stamp],
    copies: Copies,
    read: Callable[[Iterable[str]], list[bytes | None]],
) -> Iterator[bytes]:
    """Yield tables of the finished runs of which there is no copy, if they are worth any.

    Args:
        lying: The files of all runs, relative to `runs`.
        copies: Those that there are.
        read: Returns the content of files, None for one that does not check out.
    """
    newest = max((stamp.time for stamp in lying.values()), default=0)
    until = max(newest - NANOSECONDS_UNTIL_SETTLED, time.time_ns() - NANOSECONDS_OF_CLOCKS)
    settled = {
        name for name, stamp in lying.items() if stamp.size <= LARGEST and stamp.time <= until
    }
    new = sorted(
        name.partition("/")[0]
        for name in settled
        if name.endswith("/result.json") and (name, lying[name]) not in copies
    )
    starts = range(0, len(new), MOST) if len(new) >= LEAST else ()
    for some in (new[start : start + MOST] for start in starts):
        names = [f"{key}/{file}" for key in some for file in COPIED]
        names = [name for name in names if name in settled]
        contents = zip(names, read(names), strict=True)
        yield pack((name, lying[name], found) for name, found in contents if found is not None)
