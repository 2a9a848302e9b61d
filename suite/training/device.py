"""The device that runs are trained on."""

from __future__ import annotations

import torch


def gpus() -> int:
    """Return how many GPUs this process can compute on."""
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def gpu() -> str | None:
    """Return the name of the GPU that this process computes on; None without one."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else None
