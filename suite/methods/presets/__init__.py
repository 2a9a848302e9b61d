"""The methods by name: each is a recipe, of which a cell may replace any part.

A module here has the methods of one family, in its `METHODS`.
"""

from suite.methods.families import load
from suite.methods.presets.method import Method

__all__ = ["METHODS", "Method"]

METHODS: dict[str, Method] = {
    method.name: method
    for family in load(
        __name__,
        "paper",
        "rigl",
        "itop",
        "snfs",
        "reparameterization",
        "exploration",
        "mest",
        "ctre",
        "truly_sparse",
        "cannistraci_hebb",
        "shrinking",
        "tickets",
        "snip",
        "noise",
    )
    for method in family.METHODS
}
