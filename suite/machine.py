"""This machine: its cores, and the provenance of results computed on it."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import socket
import subprocess
from pathlib import Path
from typing import Any

from suite.version import __version__

_PACKAGES = ("torch", "numpy", "numba", "ray")


def at_hand() -> int:
    """Return the cores that this process may use: an affinity or a container may allow fewer.

    A part of a core counts as one. `LOKY_MAX_CPU_COUNT` bounds them too.
    """
    import joblib  # type: ignore[import-untyped]

    return int(joblib.cpu_count())


@functools.cache
def provenance() -> dict[str, Any]:
    """Return the provenance of what this process computes: versions, host, CPU and git commit.

    The commit is that of the suite's checkout, "" if it is installed from a package.
    """
    return {
        "suite": __version__,
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in _PACKAGES},
        "host": socket.gethostname(),
        "system": platform.system(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        **_commit(),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _commit() -> dict[str, Any]:
    here = Path(__file__).parent
    if not (here.parent / ".git").exists():
        return {"commit": "", "dirty": False}

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ".")
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(changed)}
    except (OSError, subprocess.SubprocessError):
        return {"commit": "", "dirty": False}
