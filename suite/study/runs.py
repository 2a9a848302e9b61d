"""Runs and their keys."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from suite.datasets.dataset import ROWS
from suite.settings import Settings

MEANING = 1
"""Raised whenever the same settings come to mean another computation: it enters every run key."""


@dataclass(frozen=True)
class Run:
    """A cell with a seed, on data that is known by its content.

    Attributes:
        cell: The cell's label.
        settings: What is computed.
        seed: Names every random stream, 0 or more.
        fingerprint: Content of the data set.
        tuning: What its provenance says of tuning: which sample the run trains, or how its
            settings were chosen. It decides no result, so it is not part of the key.
    """

    cell: str
    settings: Settings
    seed: int
    fingerprint: str
    tuning: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @functools.cached_property
    def key(self) -> str:
        """Hash of everything that decides the run's result, and of nothing else (16 hex digits)."""
        plugins = dict(self.settings.recipe.fingerprints)
        settings = self.settings.deciding()
        if self.fingerprint.startswith(ROWS):
            settings["augment"] = False  # feature vectors are never augmented
        decides = {
            "meaning": MEANING,
            "settings": settings,
            "strategy": plugins.pop("regrow", None),
            "seed": self.seed,
            "data": self.fingerprint,
            **({"plugins": plugins} if plugins else {}),
        }
        text = json.dumps(decides, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
