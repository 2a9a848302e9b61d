"""Everything that a study file can name to compose a method, for people to read."""

from __future__ import annotations

from dataclasses import dataclass

from suite.methods import library, methods


@dataclass(frozen=True)
class Entry:
    """One thing that a study file can name.

    Attributes:
        setting: The setting that names it: method, prune, regrow, rule or gate.
        name: What the setting says.
        kind: "built-in", "entry point" or "plug-in".
        summary: What it does, in a sentence.
        source: Where it was published, if it was.
        defined: The module, installed package or file that has its code.
    """

    setting: str
    name: str
    kind: str
    summary: str
    source: str
    defined: str


def entries() -> list[Entry]:
    """Return all methods, prune rules, regrowth strategies, connectivity rules and gates."""
    listed = [
        Entry("method", m.name, "built-in", m.summary, m.source, methods.__name__)
        for m in methods.METHODS.values()
    ]
    listed += [
        Entry(kind, p.name, p.origin.kind, p.summary, p.source, p.origin.place)
        for kind in ("prune", "regrow")
        for p in library.available(kind)
    ]
    for setting, parts, module in (
        ("rule", methods.RULES, "suite.methods.connectivity"),
        ("gate", methods.GATES, "suite.methods.gate"),
    ):
        listed += [
            Entry(setting, name, "built-in", part.summary, part.source, module)
            for name, part in parts.items()
        ]
    return listed
