"""Pauses, pixels, lifetimes and degrees of the topologies."""

from __future__ import annotations

from suite.reporting.figures import on_each
from suite.reporting.section import Block, Material, Section
from suite.reporting.sections import degrees, lifetimes, pauses, pixels, tails


def section(material: Material) -> Section | None:
    """Return what is known of the topologies; None where nothing is."""
    blocks: list[Block] = pauses.blocks(material)
    introduced = False
    for here in on_each(material.results.study.cells):
        found = degrees.found_in(material, here)
        introduction = [degrees.INTRODUCTION] if found and not introduced else []
        introduced |= bool(found)
        blocks += [
            *pixels.blocks(material, here),
            *lifetimes.blocks(material, here),
            *introduction,
            *degrees.blocks(material, found, here),
            *tails.blocks(material, found, here),
        ]
    if not blocks:
        return None
    return Section("topology", "How topologies change", tuple(blocks))
