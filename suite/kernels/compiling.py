"""Compiled kernels: kept between processes, and compiled by one while others wait."""

# mypy: disable-error-code="attr-defined"
# (numba's configuration has its attributes at run time only)

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
import platformdirs
from filelock import FileLock
from numba import njit
from numba.core import config


def cache_folder() -> Path:
    """Return the folder of the compiled kernels of exactly these sources and this numba; it exists.

    It lies in NUMBA_CACHE_DIR where that is set, else in the user's cache folder, else (no home
    that can be written to) in the system's temporary folder.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):  # numba looks at one file only
        digest.update(source.read_bytes())
    candidates = [
        os.environ.get("NUMBA_CACHE_DIR"),
        _users_cache(),
        f"{tempfile.gettempdir()}/regrowth-suite-{os.getuid() if hasattr(os, 'getuid') else ''}",
    ]
    for candidate in filter(None, candidates):
        folder = Path(candidate) / f"kernels-{digest.hexdigest()[:16]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    raise OSError("No folder for compiled kernels can be written to; set NUMBA_CACHE_DIR.")


def _users_cache() -> str | None:
    """Return the user's cache folder for this package, None for a user without a home."""
    try:
        folder = platformdirs.user_cache_dir("regrowth-suite")
    except RuntimeError:
        return None
    return folder if Path(folder).is_absolute() else None  # older platformdirs keep the ~


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return numba's `njit` with these options, its results kept in `cache_folder`."""

    def decorate(function: Callable[..., Any]) -> Any:
        elsewhere = config.CACHE_DIR
        config.CACHE_DIR = str(cache_folder())
        try:
            return njit(cache=True, **options)(function)
        finally:
            config.CACHE_DIR = elsewhere

    return decorate


# No fastmath: `blocks` says which operations may be fused, and in which order sums are taken.
inner = njit(nogil=True, error_model="numpy")
inlined = njit(nogil=True, error_model="numpy", forceinline=True)
kernel = compiled(nogil=True, error_model="numpy")
summing = compiled(nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})


@contextmanager
def compiling() -> Iterator[Callable[[], float]]:
    """Let no other process compile meanwhile; yields what tells the seconds since the call."""
    began = time.perf_counter()
    with FileLock(cache_folder() / "lock"):
        yield lambda: time.perf_counter() - began
