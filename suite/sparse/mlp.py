"""The network: sparse hidden layers and an output layer, dense or sparse."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from suite.kernels.dropout import Dropout, threshold
from suite.randomness import stream
from suite.sparse import output as output_layer
from suite.sparse.activations import Hidden, Identity, make_activation
from suite.sparse.layers import MaskedLayer, SparseLayer
from suite.sparse.noisy import GatedLayer, VariationalLayer
from suite.sparse.topology import glorot_uniform
from suite.sparse.workspace import Workspace

Engine = Literal["masked", "sparse"]
Layer = MaskedLayer | SparseLayer
DrawWeights = Callable[[tuple[int, int], int, np.random.Generator], np.ndarray]
"""(shape, connections, generator) -> the weights that a layer starts with, float32."""

WIDEST = 104
"""Images that pass through the sparse engine at once in an evaluation: one block of columns. With
more, activations fall out of the caches, which takes longer."""


class MLP(nn.Module):
    """A multilayer perceptron with sparse hidden layers.

    Args:
        layers: The hidden layers, first to last, and a sparse output layer if there is one.
        output: The dense layer from the last hidden layer to the classes; None if it is sparse.
        dropout: Probability that a hidden activation is dropped in training, in [0, 1), rounded to
            a multiple of 2**-32.
    """

    layers: Sequence[Layer]

    def __init__(self, layers: Sequence[Layer], output: nn.Linear | None, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)  # type: ignore[assignment]
        self.output = output
        self._threshold = threshold(dropout)
        self._dropout_rng: np.random.Generator | None = None
        self.penalty_weight = 0.0
        self.workspace = Workspace()

    @property
    def hidden(self) -> Sequence[Layer]:
        """The hidden layers."""
        return self.layers if self.output is not None else self.layers[:-1]

    @property
    def output_weights(self) -> int:
        """How many weights a dense output layer has; 0 if the output layer is sparse."""
        return 0 if self.output is None else self.output.weight.numel()

    @property
    def noisy(self) -> list[GatedLayer | VariationalLayer]:
        """The layers with noise that is learnt; of most networks none."""
        return [x for x in self.layers if isinstance(x, GatedLayer | VariationalLayer)]

    @property
    def widest(self) -> int | None:
        """How many images pass through at once in an evaluation; None: as many as are given."""
        return WIDEST if any(isinstance(layer, SparseLayer) for layer in self.layers) else None

    def penalty(self) -> Tensor | None:
        """Return what learnt noise adds to the loss; None where there is none, or no weight."""
        noisy = self.noisy
        if not noisy or not self.penalty_weight:
            return None
        return self.penalty_weight * torch.stack([layer.penalty() for layer in noisy]).sum()

    def draw_dropout_from(self, rng: np.random.Generator | None) -> np.random.Generator | None:
        """Draw the dropout of every following training step from this generator.

        Returns:
            The generator before.
        """
        before, self._dropout_rng = self._dropout_rng, rng
        return before

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (n_in, batch) to logits (batch, classes).

        Raises:
            RuntimeError: The network is in training mode with dropout, and no generator was given
                to `draw_dropout_from`.
        """
        if self.widest and x.shape[1] > self.widest and not torch.is_grad_enabled():
            return torch.cat([self(part) for part in x.split(self.widest, dim=1)])
        for layer, dropout in zip(self.layers, self.draw_dropout(), strict=True):
            x = layer(x, dropout)
        if self.output is None:
            return x.T
        if self.widest and not torch.is_grad_enabled():
            return output_layer.logits(self.output, x).T
        # Not output(x.T): the same sums, but several times faster for units in rows.
        return torch.addmm(self.output.bias[:, None], self.output.weight, x).T

    def draw_dropout(self) -> Sequence[Dropout | None]:
        """Draw the dropout of every layer for one pass; None where nothing is dropped."""
        if not self.training or self._threshold == 0:
            return [None] * len(self.layers)
        if self._dropout_rng is None:
            raise RuntimeError("Dropout needs a generator: call draw_dropout_from first.")
        keys = self._dropout_rng.integers(1 << 32, size=(len(self.hidden), 2), dtype=np.uint32)
        drawn = [Dropout(self._threshold, low, high) for low, high in keys.tolist()]
        return [*drawn, *[None] * (len(self.layers) - len(drawn))]


def build(
    sizes: Sequence[int],
    classes: int,
    *,
    seed: int,
    topology: Sequence[np.ndarray | None],
    activation: str = "leaky_relu",
    negative_slope: float = 0.3,
    dropout: float = 0.3,
    engine: Engine = "masked",
    device: str | torch.device = "cpu",
    draw: int = 0,
    draw_weights: DrawWeights = glorot_uniform,
    masked_from: float = math.inf,
) -> MLP:
    """Build a network at its initial topology, with weights that the seed alone decides.

    Args:
        sizes: (n_in, *hidden): units of the input and of each hidden layer.
        classes: Number of classes.
        seed: The run's seed.
        topology: For each hidden layer its active positions, int64 (connections,), ascending, or
            None where every position is active. With an entry for the output layer too, that is
            sparse.
        activation: A name in `activations.ACTIVATIONS`.
        negative_slope: Of "leaky_relu" and "all_relu", any finite number.
        dropout: Probability in [0, 1) that a hidden activation is dropped in training.
        engine: "masked" or "sparse".
        device: Of the tensors; the sparse engine runs on the CPU only.
        draw: Which of the seed's draws of weights; 0 is that of all runs but those that start anew.
        draw_weights: Draws the weights of every layer but a dense output layer, which are Glorot's.
        masked_from: The density from which on a layer is masked in the sparse engine too.

    Raises:
        ValueError: An argument is out of its range.
    """
    layers: list[Layer] = []
    sparse_output = len(topology) == len(sizes)
    units_of = (*sizes, classes) if sparse_output else sizes
    for index, ((n_in, n_out), positions) in enumerate(
        zip(itertools.pairwise(units_of), topology, strict=True)
    ):
        shape = (n_out, n_in)
        weights_rng = stream(seed, "weights", draw, layer=index)
        count = n_out * n_in if positions is None else len(positions)
        weights = draw_weights(shape, count, weights_rng)
        # The activation's values come from a stream of their own, beyond those of any weights.
        own_rng = stream(seed, "weights", draw, layer=max(100, len(sizes)) + index)
        hidden = Hidden(index, n_out, negative_slope, own_rng)
        is_output = index == len(sizes) - 1
        units = Identity() if is_output else make_activation(activation, hidden)
        is_sparse = positions is not None and count < masked_from * n_out * n_in
        if engine == "sparse" and positions is not None and is_sparse:
            layers.append(SparseLayer(shape, positions, weights, units))
        else:
            layers.append(MaskedLayer(shape, positions, weights, units, device))
    if sparse_output:
        return MLP(layers, None, dropout)
    output = nn.Linear(sizes[-1], classes, device=device)
    shape = (classes, sizes[-1])
    values = glorot_uniform(shape, shape, stream(seed, "weights", draw, layer=len(layers)))
    with torch.no_grad():
        output.weight.copy_(torch.from_numpy(values))
        output.bias.zero_()
    return MLP(layers, output, dropout)
