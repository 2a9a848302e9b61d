"""Hidden layers: a sparse product, its bias, the activation and dropout.

A hidden layer maps activations of shape (n_in, batch) to activations of shape (n_out, batch). Both
engines' layers have one interface:

    shape                      (n_out, n_in)
    weight                     Parameter: (n_out, n_in) when masked, (connections,) when sparse
    bias                       Parameter (n_out,)
    activation                 module; its parameters, if any, are (n_out,)
    positions                  active positions, int64 (connections,), ascending
    connections                how many they are
    dense                      whether every position is active, and none was ever pruned
    gather(tensor)             values of a tensor shaped like `weight`, in the order of `positions`
    scatter(values)            the reverse: a tensor shaped like `weight`
    rewire(positions, weights) replace the topology and its weights
    watch                      set to True, the next passes leave what they saw in `seen`

`gather` and `scatter` serve any tensor shaped like `weight`: its gradient, its momentum, and both
moments of Adam. So all state of an optimiser can be carried to a new topology: gather it before
`rewire`, choose its values, and scatter them after `rewire`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from suite.kernels.dropout import Dropout
from suite.sparse.activations import Activation, SReLU
from suite.sparse.functions import (
    NO_DROPOUT,
    Connections,
    Dropped,
    SparseProduct,
    SparseSReLU,
    product,
)


@dataclass
class Seen:
    """What the last batch through a watched layer left behind.

    Attributes:
        inputs: Activations that entered, (n_in, batch).
        outputs: Activations that left, dropout included, (n_out, batch).
        error: Gradient of the loss by the pre-activations, (n_out, batch); None before the
            backward pass.
    """

    inputs: Tensor
    outputs: Tensor | None = None
    error: Tensor | None = None

    def keep_error(self, error: Tensor) -> None:
        """Keep the gradient by the pre-activations, the sum of those of several backward passes."""
        self.error = error if self.error is None else self.error + error

    def gradient(self) -> np.ndarray:
        """Return the gradient of every position, active or not, as float32 (n_out, n_in)."""
        return self.gradient_rows(0, len(self._error()))

    def gradient_rows(self, start: int, stop: int) -> np.ndarray:
        """Return rows `start` to `stop` of `gradient`, float32 (stop - start, n_in).

        Only these rows cost time and memory.
        """
        return (self._error()[start:stop] @ self.inputs.T).cpu().numpy()

    def batch(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the activations that entered, and the gradient by the pre-activations."""
        return self.inputs.cpu().numpy(), self._error().cpu().numpy()

    def _error(self) -> Tensor:
        if self.error is None:
            raise RuntimeError("The gradient exists only after a backward pass.")
        return self.error

    def activations(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the activations that entered and those that left."""
        if self.outputs is None:
            raise RuntimeError("The layer was left before its activations were known.")
        return self.inputs.cpu().numpy(), self.outputs.cpu().numpy()


def joined(batches: Sequence[Seen], shares: Sequence[float]) -> Seen:
    """Return several batches as one, whose gradient is the weighted sum of theirs.

    Args:
        batches: What each of them left behind.
        shares: The weight of each.
    """
    if len(batches) == 1:
        return batches[0]
    outputs = [seen.outputs for seen in batches if seen.outputs is not None]
    errors = [
        seen.error * share
        for seen, share in zip(batches, shares, strict=True)
        if seen.error is not None
    ]
    return Seen(
        torch.cat([seen.inputs for seen in batches], dim=1),
        torch.cat(outputs, dim=1),
        torch.cat(errors, dim=1),
    )


class MaskedLayer(nn.Module):
    """A hidden layer of dense tensors times a mask: the plain statement of the method.

    Args:
        shape: (n_out, n_in).
        positions: Active positions, int64 (connections,), ascending; None: every position is
            active, and there is no mask.
        weights: Their weights, float32, one a position.
        activation: Of its units.
        device: Where the tensors live.
    """

    mask: Tensor | None
    activation: Activation

    def __init__(
        self,
        shape: tuple[int, int],
        positions: np.ndarray | None,
        weights: np.ndarray,
        activation: Activation,
        device: str | torch.device = "cpu",
    ) -> None:
        super().__init__()
        self.shape = shape
        self.activation = activation.to(device)
        self.watch = False
        self.seen: Seen | None = None
        self.bias = nn.Parameter(torch.zeros(shape[0], device=device))
        self.register_buffer("mask", None, persistent=False)
        self.weight = nn.Parameter(torch.empty(shape, device=device))
        if positions is None:
            self.weight.data.copy_(torch.from_numpy(weights.reshape(shape)))
        else:
            self.rewire(positions, weights)

    @property
    def positions(self) -> np.ndarray:
        """Active positions, int64 (connections,), ascending."""
        if self.mask is None:
            return np.arange(self.weight.numel())
        return self.mask.flatten().nonzero().flatten().cpu().numpy()

    @property
    def dense(self) -> bool:
        """Whether there is no topology: every position is active, and none was ever pruned."""
        return self.mask is None

    @property
    def connections(self) -> int:
        """Number of active positions."""
        return self.weight.numel() if self.mask is None else int(self.mask.count_nonzero())

    def gather(self, tensor: Tensor) -> np.ndarray:
        """Return the values (connections,) of a tensor (n_out, n_in) at the active positions."""
        flat = tensor.detach().flatten()
        return (flat if self.mask is None else flat[self.mask.flatten() != 0]).cpu().numpy()

    def scatter(self, values: np.ndarray) -> Tensor:
        """Return a tensor (n_out, n_in): values (connections,) in place, zeros elsewhere."""
        flat = torch.zeros_like(self.weight).flatten()
        flat[torch.from_numpy(self.positions).to(flat.device)] = torch.from_numpy(values).to(flat)
        return flat.view(self.shape)

    def rewire(self, positions: np.ndarray, weights: np.ndarray) -> None:
        """Replace the topology: positions int64 (connections,), ascending, and their weights."""
        flat = torch.zeros_like(self.weight.data).flatten()
        flat[torch.from_numpy(positions).to(flat.device)] = 1
        self.mask = flat.view(self.shape)
        self.weight.data = self.scatter(weights)
        self.weight.grad = None

    def forward(self, x: Tensor, dropout: Dropout | None = None) -> Tensor:
        """Map activations (n_in, batch) to activations (n_out, batch)."""
        weight = self.weight if self.mask is None else self.weight * self.mask
        z = torch.addmm(self.bias[:, None], weight, x)
        h = self.activation(z)
        if dropout is not None:
            h = h * dropout.factors(h)
        if self.watch:
            self.seen = seen = Seen(x.detach(), h.detach())
            if z.requires_grad:
                z.register_hook(seen.keep_error)
        return h

    def get_extra_state(self) -> Tensor:
        """Return what `state_dict` holds of the topology; none of a dense layer."""
        return torch.from_numpy(self.positions[:0] if self.dense else self.positions)

    def set_extra_state(self, state: Tensor) -> None:
        """Refuse the weights of other connections."""
        check_same(self.get_extra_state(), state)


class ActiveWeights(nn.Module):
    """What layers have in common that store only the active weights, on the CPU.

    Attributes:
        shape: (n_out, n_in).
        weight: Parameter (connections,), in the order of `positions`.
        indices: Where the weights are.
    """

    shape: tuple[int, int]
    weight: nn.Parameter
    indices: Connections
    dense = False

    @property
    def positions(self) -> np.ndarray:
        """Active positions, flat indices into (n_out, n_in), int64 (connections,), ascending."""
        return self.indices.positions

    @property
    def connections(self) -> int:
        """Number of active positions."""
        return self.weight.numel()

    def gather(self, tensor: Tensor) -> np.ndarray:
        """Return a tensor shaped like the weights, (connections,), as an array."""
        return tensor.detach().numpy().copy()

    def scatter(self, values: np.ndarray) -> Tensor:
        """Return values (connections,) as a tensor shaped like the weights."""
        return torch.from_numpy(values).to(self.weight.dtype, copy=True)

    def _replace_weights(self, weights: Tensor) -> None:
        """Let the parameter hold other weights, more or fewer perhaps."""
        self.weight.grad = None
        # While a graph of the old weights lives, PyTorch expects gradients of their shape, unless
        # the type has changed meanwhile.
        self.weight.data = torch.empty(0, dtype=torch.float16)
        self.weight.data = weights
        # The backward pass of such a graph is then refused: old connections and new weights.
        torch.autograd.graph.increment_version(self.weight)


def check_same(ours: Tensor, theirs: Tensor) -> None:
    """Check that weights of a `state_dict` belong to the connections that a layer has.

    Raises:
        ValueError: If they are those of others.
    """
    if not torch.equal(ours, theirs.to(ours.device)):
        raise ValueError("the state is of a network with other connections; load_network reads it.")


class SparseLayer(ActiveWeights):
    """A hidden layer that stores only the active weights, on the CPU.

    Args:
        shape: (n_out, n_in).
        positions: Active positions, int64 (connections,), ascending.
        weights: Their weights, float32, one a position.
        activation: Of its units.
    """

    activation: Activation

    def __init__(
        self,
        shape: tuple[int, int],
        positions: np.ndarray,
        weights: np.ndarray,
        activation: Activation,
    ) -> None:
        super().__init__()
        self.shape = shape
        self.activation = activation
        self.watch = False
        self.seen: Seen | None = None
        self.bias = nn.Parameter(torch.zeros(shape[0]))
        self.weight = nn.Parameter(torch.empty(0))
        self.rewire(positions, weights)

    def get_extra_state(self) -> Tensor:
        """Return the active positions, which `state_dict` holds beside the parameters."""
        return torch.from_numpy(self.positions)

    def set_extra_state(self, state: Tensor) -> None:
        """Refuse the weights of other connections."""
        check_same(self.get_extra_state(), state)

    def rewire(self, positions: np.ndarray, weights: np.ndarray) -> None:
        """Replace the topology: positions int64 (connections,), ascending, and their weights."""
        self.indices = Connections(self.shape, positions)
        self._replace_weights(self.scatter(weights))

    def forward(self, x: Tensor, dropout: Dropout | None = None) -> Tensor:
        """Map activations (n_in, batch) to activations (n_out, batch)."""
        seen = Seen(x.detach()) if self.watch else None
        slope, dropout = self.activation.fused_slope, dropout or NO_DROPOUT
        given = (
            *(self.weight, self.bias, self.indices),
            1.0 if slope is None else slope,
            NO_DROPOUT if slope is None else dropout,
        )
        if torch.is_grad_enabled():
            h = SparseProduct.apply(x, *given, None if seen is None else seen.keep_error)
        else:
            h = product(x.contiguous(), *given)
        if slope is None:
            h = _activated(self.activation, h)
            if dropout.threshold:
                h = Dropped.apply(h, dropout)
        if seen is not None:
            seen.outputs = h.detach()
            self.seen = seen
        return h


def _activated(units: Activation, z: Tensor) -> Tensor:
    """Return the activations of pre-activations (units, batch), by a kernel where there is one."""
    if isinstance(units, SReLU):
        return SparseSReLU.apply(z, units.t_left, units.a_left, units.right(), units.a_right)
    return units(z)
