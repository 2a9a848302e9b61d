"""A slow, plain restatement of the network: numpy, float64, one loop a layer, gradients by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Layer:
    """A hidden layer; `weight` is (n_out, n_in), zero where `mask` is."""

    weight: np.ndarray
    mask: np.ndarray
    bias: np.ndarray
    slope: float = 0.3
    srelu: dict[str, np.ndarray] | None = None  # t_left, a_left, t_right, a_right, each (n_out,)
    gradients: dict[str, np.ndarray] = field(default_factory=dict)

    def forward(self, x: np.ndarray, factors: np.ndarray) -> np.ndarray:
        self.x, self.factors = x, factors
        self.z = (self.weight * self.mask) @ x + self.bias[:, None]
        if self.srelu is None:
            h = np.where(self.z > 0, self.z, self.slope * self.z)
        else:
            left = self.srelu["t_left"][:, None]
            right = left + np.abs(self.srelu["t_right"])[:, None]
            h = self.z.copy()
            below, above = self.z < left, self.z > right
            h[below] = (left + self.srelu["a_left"][:, None] * (self.z - left))[below]
            h[above] = (right + self.srelu["a_right"][:, None] * (self.z - right))[above]
        return h * factors

    def backward(self, dh: np.ndarray) -> np.ndarray:
        dh = dh * self.factors
        if self.srelu is None:
            dz = dh * np.where(self.z > 0, 1.0, self.slope)
        else:
            left = self.srelu["t_left"][:, None]
            right = left + np.abs(self.srelu["t_right"])[:, None]
            a_left, a_right = self.srelu["a_left"][:, None], self.srelu["a_right"][:, None]
            below, above = self.z < left, self.z > right
            dz = dh * np.where(below, a_left, np.where(above, a_right, 1.0))
            d_right = (dh * above * (1 - a_right)).sum(1)
            self.gradients["t_left"] = (dh * below * (1 - a_left)).sum(1) + d_right
            self.gradients["t_right"] = np.sign(self.srelu["t_right"]) * d_right
            self.gradients["a_left"] = (dh * below * (self.z - left)).sum(1)
            self.gradients["a_right"] = (dh * above * (self.z - right)).sum(1)
        self.gradients["weight"] = (dz @ self.x.T) * self.mask
        self.gradients["bias"] = dz.sum(1)
        return (self.weight * self.mask).T @ dz


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean loss of logits (batch, classes) and its gradient."""
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(p[rows, labels]).mean()
    p[rows, labels] -= 1
    return float(loss), p / len(labels)


def dropout_factors(units: int, batch: int, threshold: int, low: int, high: int) -> np.ndarray:
    """Restate the dropout bits: one mixed word an element, row by row."""
    word = np.arange(units * batch, dtype=np.uint64)
    word = (word + low) % 2**32
    word ^= word >> 16
    word = (word * 0x7FEB352D + high) % 2**32
    word ^= word >> 15
    word = (word * 0x846CA68B) % 2**32
    word ^= word >> 16
    kept = word.reshape(units, batch) >= threshold
    return np.where(kept, 2**32 / (2**32 - threshold), 0.0)


def momentum_step(weight: np.ndarray, gradient: np.ndarray, velocity: np.ndarray) -> None:
    """Take one step of SGD with learning rate 0.01 and momentum 0.9, in place."""
    velocity *= 0.9
    velocity += gradient
    weight -= 0.01 * velocity
