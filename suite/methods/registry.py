"""The names of `parts` that regrowth strategies had before."""

from suite.methods.parts import Origin, forget, loading, regrowth

__all__ = ["Origin", "forget", "loading", "regrowth"]
