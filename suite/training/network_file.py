"""Files of trained networks: named arrays and a description in JSON, without code.

A file is a safetensors file or a numpy archive (.npz) with the same arrays, which have scipy's
names for sparse matrices. docs/formats.md lists them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import numpy as safetensors

from suite.errors import UserError, nearby

FORMAT = 1
"""Raised when older files could be misread."""

SUFFIXES = (".safetensors", ".npz")

_ABOUT = "suite"
"""The name of the description: in safetensors' metadata, or an array of one text."""

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class NetworkFile:
    """What a file of a trained network holds.

    Attributes:
        arrays: The arrays by name.
        about: The run, its settings and data; whatever JSON can say.
    """

    arrays: Arrays
    about: Mapping[str, Any]


def pack(network: NetworkFile, suffix: str = ".safetensors") -> bytes:
    """Return a network as the content of a file.

    Args:
        network: The network.
        suffix: Which kind of file, one of `SUFFIXES`.
    """
    text = json.dumps({"format": FORMAT, **network.about}, sort_keys=True)
    if suffix == ".npz":
        stream = io.BytesIO()
        named: dict[str, Any] = {**dict(sorted(network.arrays.items())), _ABOUT: np.array(text)}
        np.savez_compressed(stream, **named)
        return stream.getvalue()
    return safetensors.save(network.arrays, metadata={_ABOUT: text})


def unpack(content: bytes, name: str) -> NetworkFile:
    """Return the network in a file's content; no code in it is executed.

    Args:
        content: Of a safetensors file or a numpy archive.
        name: The file's name, for errors.

    Raises:
        UserError: The content is not a network of the suite, or one of another format.
    """
    foreign = UserError(f"{name}: is not a network that suite network wrote, or is damaged.")
    try:
        if content.startswith(b"PK"):
            with np.load(io.BytesIO(content), allow_pickle=False) as archive:
                arrays = {key: archive[key] for key in archive.files}
            about = json.loads(str(arrays.pop(_ABOUT)))
        else:
            arrays = safetensors.load(content)
            length = int.from_bytes(content[:8], "little")
            about = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][_ABOUT])
        written = about["format"]
    except Exception:  # of zip, deflate, numpy's headers, safetensors or JSON: whatever is damaged
        raise foreign from None
    if written != FORMAT:
        raise UserError(f"{name}: has format {written}; this suite reads {FORMAT}.")
    return NetworkFile(arrays, about)


def read(path: Path) -> NetworkFile:
    """Read a file of a trained network.

    Raises:
        UserError: The file cannot be read or is not a network.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file{nearby(path)}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}).") from None
    return unpack(content, str(path))
