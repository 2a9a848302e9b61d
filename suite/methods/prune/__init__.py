"""Prune rules: which connections go.

A rule takes a layer and zeta, the share to remove. It returns a bool (nnz,) that is True where the
connection stays. The number to remove is floor(zeta * n), with zeta * n as a double, and of equal
weights the one at the lower position goes first, so that a rule draws nothing and its result is
determined.
"""

from suite.methods.families import load

load(
    __name__,
    "magnitude",
    "gradient",
    "chains",
)
