"""Initial topologies: which connections exist at the start."""

from suite.methods.families import load

load(
    __name__,
    "random",
    "tickets",
    "saliency",
)
