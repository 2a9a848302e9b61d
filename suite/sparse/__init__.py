"""Networks that train only some of their connections, in two engines with one meaning."""

from suite.sparse.mlp import MLP, build

__all__ = ["MLP", "build", "compile_kernels"]


def compile_kernels() -> float:
    """Compile the sparse engine's kernels, or load them; return the seconds it took."""
    from suite.kernels import output, products

    return products.compile_kernels() + output.compile_kernels()
