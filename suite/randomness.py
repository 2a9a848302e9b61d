"""Named random streams.

Every draw of a run comes from a stream that its (seed, purpose, epoch, layer) names. No stream is
shared and none depends on what another has drawn, so

* a run that resumes at an epoch needs no generator state and goes on bit for bit, and
* runs of different methods with one seed start from the same topology and weights and see the
  same data in the same order: their comparison is paired.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

Purpose = Literal[
    "split",
    "topology",
    "weights",
    "order",
    "augmentation",
    "dropout",
    "evolution",
    "regrown",
    "noise",
    "tuning",
    "pruned",
    "gradient",
]
_PURPOSES = {purpose: number for number, purpose in enumerate(get_args(Purpose))}


def stream(seed: int, purpose: Purpose, epoch: int = 0, layer: int = 0) -> np.random.Generator:
    """Return the generator of one purpose of one run, always at its start.

    Args:
        seed: The run's seed, 0 or more.
        purpose: What the numbers are for. New purposes are appended to the list, never inserted:
            the position enters the stream.
        epoch: Epoch, from 1, or step where updates take place between steps; the number of the
            draw for weights; 0 for what is drawn once a run.
        layer: Index of the sparse layer, from 0, for what is drawn layer by layer.

    Returns:
        A fresh SFC64 generator (the fastest of numpy's that passes the usual batteries).
    """
    entropy = (seed, _PURPOSES[purpose], epoch, layer)
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(entropy)))
