"""Section 7: when evolution paused, and the degrees of the final topologies."""

from __future__ import annotations

from suite.reporting.section import Block, Material, Section
from suite.reporting.sections import degrees, pauses


def section(material: Material) -> Section | None:
    """Return what is known of pauses and degrees; None where no cell evolves."""
    blocks: list[Block] = [*pauses.blocks(material), *degrees.blocks(material)]
    if not blocks:
        return None
    return Section("topology", "Pauses and degrees", tuple(blocks))
