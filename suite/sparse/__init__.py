"""Networks that train only some of their connections, in two engines with one meaning."""

from suite.sparse.mlp import MLP, build

__all__ = ["MLP", "build"]
