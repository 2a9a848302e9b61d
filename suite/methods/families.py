"""Questions with many answers: a folder each, with one module for each family of answers."""

from __future__ import annotations

import importlib
from types import ModuleType


def load(folder: str, *families: str) -> list[ModuleType]:
    """Import a folder's modules, in the order in which people read their parts.

    Args:
        folder: The package.
        families: The names of its modules.
    """
    return [importlib.import_module(f"{folder}.{family}") for family in families]
