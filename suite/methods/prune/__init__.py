"""Prune rules: which connections go.

A rule takes a layer and zeta, the share to remove. It returns a bool (nnz,) that is True where the
connection stays. The number to remove is floor(zeta * n), with zeta * n as a double, or as the
option `rounding` says, and of equal weights the one at the lower position goes first.
"""

from suite.methods.families import load

load(
    __name__,
    "magnitude",
    "gradient",
    "chains",
    "network",
    "drawn",
)
