"""Memory for large arrays of activations, used again in every step."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from suite.kernels.blocks import CACHE_LINE

LARGE = 8 << 20
"""Numbers from which on an array is kept: 32 MB. The C library keeps smaller ones itself."""


class Workspace:
    """Keeps large arrays from one step to the next.

    Memory that the system hands out is cleared first, page by page. For a layer of a million units
    that takes as long as half of its product. NumPy asks for large pages, PyTorch does not.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Tensor] = {}

    def empty(self, use: str, *shape: int) -> Tensor:
        """Return a float32 tensor of any content; a later call for the same use may overwrite it.

        Args:
            use: What it is for.
            shape: Its shape.
        """
        count = math.prod(shape)
        if count < LARGE:
            return torch.empty(shape)
        kept = self._kept.get(use)
        if kept is None or len(kept) < count:
            array = np.empty(count + CACHE_LINE, np.float32)
            start = -(array.ctypes.data // array.itemsize) % CACHE_LINE
            kept = self._kept[use] = torch.from_numpy(array[start : start + count])
        return kept[:count].view(shape)
