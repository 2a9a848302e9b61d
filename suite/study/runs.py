"""Runs and their keys."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from suite.methods import regrow
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
    """

    cell: str
    settings: Settings
    seed: int
    fingerprint: str

    @property
    def key(self) -> str:
        """Hash of everything that decides the run's result, and of nothing else (16 hex digits)."""
        decides = {
            "meaning": MEANING,
            "settings": self.settings.deciding(),
            "strategy": self._strategy(),
            "seed": self.seed,
            "data": self.fingerprint,
        }
        text = json.dumps(decides, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _strategy(self) -> str | None:
        """Return the content of the plug-in that the regrowth strategy stands in, if it is used."""
        evolves = self.settings.composition.evolves
        return regrow.fingerprint(self.settings.regrow) if evolves else None
