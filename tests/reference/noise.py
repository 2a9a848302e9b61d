"""Learnt noise once more, slowly: number by number, from the papers' formulas."""

from __future__ import annotations

import math


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def gate(log_alpha: float, uniform: float | None, temperature: float) -> float:
    """Louizos et al. 2018, Equations 10 to 13; without a draw, as in a test."""
    if uniform is None:
        s = sigmoid(log_alpha)
    else:
        noise = math.log(uniform) - math.log(1 - uniform)
        s = sigmoid((noise + log_alpha) / temperature)
    return min(1.0, max(0.0, s * 1.2 - 0.1))


def chance(log_alpha: float, temperature: float) -> float:
    """Louizos et al. 2018, Equation 12: the probability that a gate is not zero."""
    return sigmoid(log_alpha - temperature * math.log(0.1 / 1.1))


def log_alpha(weight: float, log_variance: float) -> float:
    """Molchanov et al. 2017: the log of variance over squared weight, cut to [-8, 8]."""
    ratio = math.inf if weight == 0 else log_variance - math.log(weight**2)
    return min(8.0, max(-8.0, ratio))


def divergence(log_alpha: float) -> float:
    """Molchanov et al. 2017, Equation 14, with the sign of what is added to the loss."""
    k1, k2, k3 = 0.63576, 1.87320, 1.48695
    return -(k1 * sigmoid(k2 + k3 * log_alpha) - 0.5 * math.log(1 + 1 / math.exp(log_alpha)) - k1)


def noisy_unit(
    weights: list[float], log_variances: list[float], bias: float, x: list[float], drawn: float
) -> float:
    """Return a unit's pre-activation in training: its mean, and the noise of its weights."""
    mean = bias + sum(w * value for w, value in zip(weights, x, strict=True))
    variance = sum(
        math.exp(log_alpha(w, v)) * w**2 * value**2
        for w, v, value in zip(weights, log_variances, x, strict=True)
    )
    return mean + math.sqrt(variance + 1e-8) * drawn
