"""Section 7: pauses, pixels, lifetimes and degrees of the topologies."""

from __future__ import annotations

from suite.reporting.section import Block, Material, Section
from suite.reporting.sections import degrees, lifetimes, pauses, pixels, tails


def section(material: Material) -> Section | None:
    """Return what is known of the topologies; None where no cell evolves."""
    found = degrees.found_in(material)
    blocks: list[Block] = [
        *pauses.blocks(material),
        *pixels.blocks(material),
        *lifetimes.blocks(material),
        *degrees.blocks(material, found),
        *tails.blocks(material, found),
    ]
    if not blocks:
        return None
    return Section("topology", "How topologies change", tuple(blocks))
