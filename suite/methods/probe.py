"""What an initial topology can ask of the data before the training starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Probe:
    """Asks the data, for initial topologies with needs=("probe",).

    Attributes:
        saliency: (batches, draw) -> for each layer |weight * gradient|, float32 (n_out, n_in), of a
            dense network with the loss of this many batches, without dropout, warps and weight
            decay. `draw` says which of the seed's draws of dense weights; 0 is that of all runs.
        inputs: count -> this many training images, standardised, float32 (n_in, count); all where
            there are fewer.
    """

    saliency: Callable[[int, int], list[NDArray[np.float32]]]
    inputs: Callable[[int], NDArray[np.float32]]
