"""Share rules: how the connections that return are divided among the layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from suite.methods.layer import LayerView
from suite.methods.parts import part


@part("share", source="Mocanu et al. 2018, Nature Communications 9:2383")
def own(layers: Sequence[LayerView], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each layer keeps its own count."""
    return counts
