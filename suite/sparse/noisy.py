"""Hidden layers with noise that is learnt with the weights: they train dense and end sparse.

In training they draw from a generator of their own, `rng`, which an epoch names. In evaluation
nothing is drawn, and what the noise tells to be superfluous is zero. `positions` and `connections`
are those of the evaluation.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from suite.kernels.dropout import Dropout
from suite.sparse.activations import Activation
from suite.sparse.layers import MaskedLayer

STRETCH = (-0.1, 1.1)
"""The interval over which a concrete variable is stretched before it is cut to [0, 1]."""

BOUND = math.log(100)
"""A gate's log alpha stays within this of zero, as in the authors' code."""

_NEVER_ZERO = 1e-6


class Gates(nn.Module):
    """Hard concrete gates, one a unit.

    Args:
        log_alpha: float32 (units,), how far each gate is open at the start.
        temperature: Of the concrete distribution.

    Source: Louizos et al. 2018, ICLR, section 2.2.
    """

    def __init__(self, log_alpha: np.ndarray, temperature: float) -> None:
        super().__init__()
        self.log_alpha = nn.Parameter(torch.from_numpy(log_alpha))
        self.temperature = temperature

    def forward(self, x: Tensor, rng: np.random.Generator | None) -> Tensor:
        """Let activations (units, batch) through the gates, drawn from `rng` or as they are."""
        return x * (self.fixed() if rng is None else self.drawn(rng))[:, None]

    def drawn(self, rng: np.random.Generator) -> Tensor:
        """Draw every gate, in [0, 1]."""
        uniform = torch.from_numpy(rng.random(len(self.log_alpha), dtype=np.float32))
        noise = torch.logit(uniform.to(self.log_alpha), eps=_NEVER_ZERO)
        return _stretched(torch.sigmoid((noise + self.log_alpha) / self.temperature))

    def fixed(self) -> Tensor:
        """Return the gates of an evaluation, in [0, 1]."""
        return _stretched(torch.sigmoid(self.log_alpha))

    def chances(self) -> Tensor:
        """Return the probability that each gate is not shut."""
        low, high = STRETCH
        return torch.sigmoid(self.log_alpha - self.temperature * math.log(-low / high))

    def open(self) -> np.ndarray:
        """Return which units an evaluation lets through, in ascending order."""
        return np.flatnonzero(self.fixed().detach().cpu().numpy() > 0)

    def constrain(self) -> None:
        """Bring log alpha back within its bounds after a step."""
        self.log_alpha.data.clamp_(-BOUND, BOUND)


class GatedLayer(MaskedLayer):
    """A dense layer with a gate on every unit that it reads.

    Args:
        shape: (n_out, n_in).
        weights: float32 (n_out, n_in).
        activation: Of its units.
        entering: Gates on its inputs.
        strength: What an expected weight adds to the penalty.
        device: Where the tensors live.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        weights: np.ndarray,
        activation: Activation,
        entering: Gates,
        strength: float,
        device: str | torch.device = "cpu",
    ) -> None:
        super().__init__(shape, None, weights, activation, device)
        self.entering = entering.to(device)
        self.leaving: Gates | None = None
        self.above: list[GatedLayer] = []  # a list, so that it is no part of this one
        self.classes = 0
        self.strength = strength
        self.rng: np.random.Generator | None = None

    def forward(self, x: Tensor, dropout: Dropout | None = None) -> Tensor:
        """Map activations (n_in, batch) to activations (n_out, batch)."""
        rng = _generator(self.rng) if self.training else None
        h = super().forward(self.entering(x, rng), dropout)
        return h if self.leaving is None else self.leaving(h, rng)

    def penalty(self) -> Tensor:
        """Return the strength times the expected number of weights behind open gates."""
        weights = self.entering.chances().sum() * self.shape[0]
        if self.leaving is not None:
            weights = weights + self.leaving.chances().sum() * self.classes
        return self.strength * weights

    def constrain(self) -> None:
        """Bring the gates back within their bounds after a step."""
        for gates in (self.entering, self.leaving):
            if gates is not None:
                gates.constrain()

    @property
    def positions(self) -> np.ndarray:
        """Positions between two units whose gates an evaluation opens, int64, ascending."""
        gates = self.above[0].entering if self.above else self.leaving
        rows = np.arange(self.shape[0]) if gates is None else gates.open()
        return (rows[:, None] * self.shape[1] + self.entering.open()).ravel()

    @property
    def connections(self) -> int:
        """How many they are."""
        return self.positions.size


class VariationalLayer(MaskedLayer):
    """A dense layer whose weights have Gaussian noise of a learnt variance.

    Args:
        shape: (n_out, n_in).
        weights: float32 (n_out, n_in).
        activation: Of its units.
        log_variance: Of every weight at the start.
        threshold: The log alpha from which on a weight is zero in an evaluation.
        clips: Whether it is zero in training too, but for its noise, and adds no penalty.
        device: Where the tensors live.

    Source: Molchanov et al. 2017, ICML, sections 3 and 4.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        weights: np.ndarray,
        activation: Activation,
        log_variance: float,
        threshold: float,
        clips: bool,
        device: str | torch.device = "cpu",
    ) -> None:
        super().__init__(shape, None, weights, activation, device)
        self.log_variance = nn.Parameter(torch.full(shape, log_variance, device=device))
        self.threshold, self.clips = threshold, clips
        self.rng: np.random.Generator | None = None

    def forward(self, x: Tensor, dropout: Dropout | None = None) -> Tensor:
        """Map activations (n_in, batch) to activations (n_out, batch)."""
        if not self.training:
            z = torch.addmm(self.bias[:, None], self.weight * self._kept(), x)
        else:
            weight = self.weight * self._kept() if self.clips else self.weight
            mean = torch.addmm(self.bias[:, None], weight, x)
            alpha = torch.exp(log_alpha(self.weight, self.log_variance))
            variance = (alpha * self.weight**2) @ x**2
            rng = _generator(self.rng)
            drawn = torch.from_numpy(rng.standard_normal(tuple(mean.shape), dtype=np.float32))
            z = mean + torch.sqrt(variance + 1e-8) * drawn.to(mean)
        h = self.activation(z)
        return h if dropout is None else h * dropout.factors(h)

    def penalty(self) -> Tensor:
        """Return the divergence of the weights from their prior, up to a constant."""
        each = divergence(log_alpha(self.weight, self.log_variance))
        return (each * self._kept() if self.clips else each).sum()

    def constrain(self) -> None:
        """Do nothing: log alpha is cut where it is used."""

    def _kept(self) -> Tensor:
        return log_alpha(self.weight, self.log_variance) < self.threshold

    @property
    def positions(self) -> np.ndarray:
        """Positions that an evaluation does not set to zero, int64, ascending."""
        return np.flatnonzero(self._kept().detach().cpu().numpy())

    @property
    def connections(self) -> int:
        """How many they are."""
        return int(self._kept().count_nonzero())


def log_alpha(weight: Tensor, log_variance: Tensor) -> Tensor:
    """Return the log of variance over squared weight, cut to [-8, 8]."""
    return torch.clamp(log_variance - torch.log(weight**2 + 1e-16), -8, 8)


def divergence(log_alpha: Tensor) -> Tensor:
    """Return the approximate divergence of a weight from the log-uniform prior.

    Source: Molchanov et al. 2017, Equation 14; it is 0 for an infinite alpha.
    """
    k1, k2, k3 = 0.63576, 1.87320, 1.48695
    return k1 - k1 * torch.sigmoid(k2 + k3 * log_alpha) + 0.5 * functional.softplus(-log_alpha)


def _generator(rng: np.random.Generator | None) -> np.random.Generator:
    if rng is None:
        raise RuntimeError("Noise needs a generator: give each noisy layer its rng first.")
    return rng


def _stretched(value: Tensor) -> Tensor:
    low, high = STRETCH
    return torch.clamp(value * (high - low) + low, 0, 1)
