"""The paper's published figures, as data.

Harmen Scholte, "Regrowing Strategies for Dynamic Sparse Training", 2022. Numbers are as printed;
nothing here is computed, and the module imports nothing of the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

AUTHOR = "Harmen Scholte"
YEAR = 2022

DATASET: Final = "cifar10"
HIDDEN = (4000, 1000, 4000)
"""Units of the hidden layers."""
EPOCHS = 1000
"""Of Table 2 and Figures 4 to 6."""
REGROWTH_EPOCHS = 100
"""Of Figures 2 and 3."""
REGROWTH_METHODS = ("set", "accset")
NEIGHBOUR_STRATEGIES = ("one_neighbour", "most_neighbours")
"""Figures 2 and 3 compare them with random regrowth."""

Column = Literal["accuracy", "loss", "connections", "alpha", "beta"]


@dataclass(frozen=True)
class Row:
    """One row of Table 2: CIFAR-10, 1000 epochs, one run.

    Attributes:
        title: The method's name, with the paper's subscripts written out.
        method: Its name in a study file.
        metric: The signal that it reads, None for SET.
        accuracy: Of the last epoch, in [0, 1].
        loss: Of the last epoch.
        connections: After the last regrowth.
        alpha: accuracy / connections.
        beta: loss * connections.
    """

    title: str
    method: str
    metric: str | None
    accuracy: float
    loss: float
    connections: int
    alpha: float
    beta: float

    def value(self, column: Column) -> float:
        """Return the printed value of one column."""
        return float(getattr(self, column))


TABLE2: tuple[Row, ...] = (
    Row("SET", "set", None, 0.6682, 0.9411, 342_493, 1.95e-6, 322_320.16),
    Row("AccSET", "accset", "val_accuracy", 0.6494, 0.9810, 218_730, 2.97e-6, 214_574.13),
    Row("LSET", "lset", "loss", 0.6611, 0.9524, 254_087, 2.60e-6, 241_992.46),
    Row("DynSET", "dynset", "loss", 0.6653, 0.9475, 253_916, 2.62e-6, 240_585.41),
    Row("DynSET_2", "dynset", "val_loss", 0.6582, 0.9640, 242_430, 2.72e-6, 233_702.52),
    Row("DynSET_3", "dynset", "val_accuracy", 0.6522, 0.9802, 218_322, 2.99e-6, 213_999.22),
)


def row_of(method: str, metric: str | None, regrow: str = "random") -> Row | None:
    """Return the row of Table 2 that a method is, or None where the paper has none.

    Args:
        method: As a study file writes it.
        metric: The signal that it reads.
        regrow: Its regrowth strategy; Table 2 has random regrowth only.
    """
    if regrow != "random":
        return None
    return next((row for row in TABLE2 if (row.method, row.metric) == (method, metric)), None)


BIBTEX = """\
@inproceedings{scholte2022regrowing,
  author    = {Scholte, Harmen},
  title     = {Regrowing Strategies for Dynamic Sparse Training},
  booktitle = {37th Twente Student Conference on IT (TScIT 37)},
  address   = {Enschede, The Netherlands},
  publisher = {University of Twente},
  year      = {2022},
}
"""
