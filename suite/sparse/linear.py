"""A sparse layer for models of one's own: what `torch.nn.Linear` is, of some connections."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from suite.sparse.functions import NO_DROPOUT, Connections, SparseProduct
from suite.sparse.layers import ActiveWeights, Seen

_TYPES = (torch.float32, torch.float64)
_SIZE = "size"
"""The buffer that holds the shape: flat positions alone fit layers of other shapes."""


class SparseLinear(ActiveWeights):
    """A linear layer of which only some connections exist, in place of `torch.nn.Linear`.

    Only the active weights are stored, multiplied and differentiated, on one core, in float32 or,
    after `double()`, in float64. Ordinary autograd, optimisers, `state_dict`, `copy.deepcopy` and
    pickling work with it; second derivatives, `torch.func` and `torch.compile` do not. Between such
    layers activations stay as the kernels want them: only the first layer of a chain of sparse
    layers and elementwise functions copies its input. (So their outputs are laid out by features:
    `reshape` works on them, `view` may not.)

    The interface beyond that of a module is that of `suite.sparse.layers`, so `suite.Rewiring`
    can update it.

    Args:
        n_in: Input features.
        n_out: Output features.
        density: Share of all positions that are active, above 0 and up to 1: as many as fit, drawn
            with equal probability.
        positions: In place of density: the active positions, flat indices into (n_out, n_in).
        bias: Whether there is a bias.

    Attributes:
        in_features, out_features: n_in and n_out, as `torch.nn.Linear` calls them.
        weight: Parameter (connections,), in the order of `positions`.
        bias: Parameter (n_out,), or None.

    Raises:
        ValueError: If neither or both of density and positions are given, or one is out of range.

    Weights start uniform within ±1 / sqrt(k), k being the number of connections of their unit:
    what `torch.nn.Linear` draws for a dense layer of k inputs. PyTorch's generator draws them and
    the positions.

    Source: Evci et al. 2022, "Gradient Flow in Sparse Neural Networks" (the fan-in that counts is
    that of the connections that exist).
    """

    seen: Seen | None
    passes: list[Seen]

    def __init__(
        self,
        n_in: int,
        n_out: int,
        density: float | None = None,
        positions: np.ndarray | Tensor | None = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        n_in, n_out = operator.index(n_in), operator.index(n_out)
        if n_in < 1 or n_out < 1:
            raise ValueError(f"SparseLinear({n_in}, {n_out}): a layer has 1 feature or more.")
        if isinstance(density, bool):  # torch.nn.Linear has its bias there
            raise ValueError(
                f"SparseLinear({n_in}, {n_out}, {density}): the third argument is the density."
            )
        if (density is None) == (positions is None):
            raise ValueError("SparseLinear takes either density or positions.")
        self.in_features, self.out_features = n_in, n_out
        self.shape = (n_out, n_in)
        self.watch = False
        self.seen = None
        self.passes = []
        where = _drawn(self.shape, density) if density is not None else self._checked(positions)
        self.indices = Connections(self.shape, where)
        self.register_buffer(_SIZE, torch.tensor(self.shape))
        rows = where // n_in
        fan_in = np.bincount(rows, minlength=n_out)
        limits = torch.from_numpy(1 / np.sqrt(np.maximum(fan_in, 1)))
        drawn = (2 * torch.rand(len(where), dtype=torch.float64) - 1) * limits[rows]
        dtype = torch.get_default_dtype()
        self.weight = nn.Parameter(drawn.to(dtype))
        self.register_parameter("bias", None)
        if bias:
            self.bias = nn.Parameter(
                ((2 * torch.rand(n_out, dtype=torch.float32).double() - 1) * limits).to(dtype)
            )

    @property
    def density(self) -> float:
        """Share of all positions that are active."""
        return self.connections / math.prod(self.shape)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., n_in) to (..., n_out).

        Raises:
            ValueError: If the input has other features, another type or is not on the CPU, or
                weights and positions do not fit.
        """
        n_out, n_in = self.shape
        self._check_weights(self.positions)  # the kernels check no bounds
        if x.shape[-1:] != (n_in,):
            raise ValueError(
                f"SparseLinear: the input is {tuple(x.shape)}; the layer takes (..., {n_in})."
            )
        for what, tensor in (("weights are", self.weight), ("input is", x)):
            if tensor.dtype not in _TYPES or tensor.device.type != "cpu":
                raise ValueError(
                    f"SparseLinear: the {what} {_type(tensor)} on {tensor.device.type}; the layer "
                    "computes in float32 or float64 on cpu."
                )
        if x.dtype != self.weight.dtype:
            raise ValueError(
                f"SparseLinear: the input is {_type(x)} and the weights are {_type(self.weight)}; "
                "convert one of them."
            )
        columns = x.reshape(-1, n_in).T
        seen = None
        # An evaluation between a step and its update leaves what the step saw.
        if self.watch and torch.is_grad_enabled():
            columns = _apart(columns, x)
            seen = Seen(columns.detach())
            gradients = [parameter.grad for parameter in self.parameters()]
            if not any(of is not None and of.any() for of in gradients):  # they were discarded
                self.passes = [earlier for earlier in self.passes if earlier.error is None]
        bias = self.weight.new_zeros(n_out) if self.bias is None else self.bias
        kept = None if seen is None else seen.keep_error
        z = SparseProduct.apply(columns, self.weight, bias, self.indices, 1.0, NO_DROPOUT, kept)
        if seen is not None:
            seen.outputs = z.detach()
            self.passes.append(seen)
        return z.T.reshape(*x.shape[:-1], n_out)

    def to_dense(self) -> Tensor:
        """Return the weights as a matrix (n_out, n_in), zeros where there is no connection."""
        flat = self.weight.new_zeros(math.prod(self.shape))
        return flat.index_put((torch.from_numpy(self.positions),), self.weight).view(self.shape)

    def rewire(self, positions: np.ndarray | Tensor, weights: np.ndarray | Tensor) -> None:
        """Replace the topology and its weights.

        What an optimiser keeps of the weights (momentum) must go along; `suite.Rewiring` does that.

        Args:
            positions: Flat indices into (n_out, n_in), (connections,), ascending.
            weights: One a position, (connections,).

        Raises:
            ValueError: If a position is out of range, twice there, or out of order, or there are
                more or fewer weights than positions.
        """
        where = self._checked(positions)
        values = torch.as_tensor(weights, dtype=self.weight.dtype).detach().clone()
        if values.shape != where.shape:
            raise ValueError(
                f"SparseLinear: weights of shape {tuple(values.shape)} for positions of shape "
                f"{where.shape}."
            )
        self.indices = Connections(self.shape, where)
        self._replace_weights(values)

    def extra_repr(self) -> str:
        """Say what the layer is, in the module's repr."""
        n_out, n_in = self.shape
        return f"{n_in}, {n_out}, density={self.density:.4g}, bias={self.bias is not None}"

    def _checked(self, positions: Any) -> np.ndarray:
        where: np.ndarray = np.asarray(positions)
        if where.ndim != 1 or (where.size and where.dtype.kind not in "iu"):
            raise ValueError(f"SparseLinear: positions are {where.dtype} {where.shape}; one list.")
        where = where.astype(np.int64)
        size = math.prod(self.shape)
        if where.size and (where.min() < 0 or where.max() >= size):
            raise ValueError(f"SparseLinear: positions lie from 0 to {size - 1}.")
        if (np.diff(where) <= 0).any():
            raise ValueError("SparseLinear: positions must ascend, each once.")
        return where

    def get_extra_state(self) -> Tensor:
        """Return the active positions, which `state_dict` holds beside the parameters."""
        return torch.from_numpy(self.positions)

    def set_extra_state(self, state: Tensor) -> None:
        """Take the active positions out of a `state_dict`."""
        where = self._checked(state)
        self._check_weights(where)
        self.indices = Connections(self.shape, where)

    def _check_weights(self, positions: np.ndarray) -> None:
        if len(positions) != self.connections:
            raise ValueError(
                f"SparseLinear: {self.connections} weights for {len(positions)} positions."
            )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what an update has yet to read: nobody reads it of a copy."""
        return {**self.__dict__, "watch": False, "seen": None, "passes": []}

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        size = state_dict.setdefault(f"{prefix}{_SIZE}", torch.tensor(self.shape)).tolist()
        if size != list(self.shape):
            raise ValueError(f"SparseLinear: the state is of a layer {size}, not {[*self.shape]}.")
        held = state_dict.get(f"{prefix}weight")
        if held is not None and held.ndim == 1 and held.shape != self.weight.shape:
            self._replace_weights(self.weight.new_empty(held.shape))
        super()._load_from_state_dict(state_dict, prefix, *rest)


def _apart(columns: Tensor, x: Tensor) -> Tensor:
    """Return the input in memory of its own: its owner may write there before an update reads."""
    columns = columns.contiguous()
    return columns.clone() if columns.data_ptr() == x.data_ptr() else columns


def _type(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _drawn(shape: tuple[int, int], density: float) -> np.ndarray:
    """Return positions drawn by a generator that PyTorch's seeds, int64, ascending."""
    if not 0 < density <= 1:
        raise ValueError(f"SparseLinear: density {density} is not above 0 and up to 1.")
    rng = np.random.default_rng(int(torch.randint(2**62, ()).item()))
    size = math.prod(shape)
    return np.sort(rng.choice(size, max(1, round(density * size)), replace=False, shuffle=False))
