"""Plug-ins as a study loads them, without a study."""

from pathlib import Path

from suite.methods.plugins import load, read_plugin


def load_plugin(where: str | Path, base: Path | None = None) -> list[str]:
    """Read and load a plug-in; return the names of its parts."""
    return load(read_plugin(where, base))
