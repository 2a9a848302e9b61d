"""The types of the public Python, as `make lint` checks them: never run.

What must be refused carries an ignore, and an ignore that is not needed is an error of mypy's.
"""

from pathlib import Path
from typing import assert_type

import numpy as np
import pandas as pd
import torch

import suite
from suite.execution.drive import Outcome
from suite.statistics import Comparison
from suite.store.status import Status
from suite.study import Study

study = suite.load_study(Path("studies/quick.yaml"))
assert_type(study, Study)
assert_type(suite.run(study, "results", address="auto"), Outcome)
assert_type(suite.results(study), pd.DataFrame)
assert_type(suite.compare(study, "set", "lset", store="runs.parquet"), pd.DataFrame)
assert_type(suite.power(study, effect=0.005, sd=0.004), pd.DataFrame)
assert_type(suite.status(study), Status)
assert_type(suite.report(study, out="reports"), Path)
assert_type(suite.Settings(dataset="digits"), suite.Settings)
assert_type(suite.UserError("a sentence").sentences, tuple[str, ...])

network = suite.load_network("set.safetensors", engine="sparse")
assert_type(network, suite.Network)
assert_type(network.predict(np.zeros((1, 8, 8, 1))), list[str])
suite.load_network("set.safetensors", engine="fast")  # type: ignore[arg-type]

sample = suite.statistics.pairs(np.zeros(8), [1.0] * 8)
assert_type(suite.statistics.compare([suite.statistics.Question(sample)]), list[Comparison])


@suite.part("regrow", source="a test")
def mine(layer: suite.LayerView, count: int, rng: np.random.Generator) -> np.ndarray:
    """Regrow anywhere."""
    return suite.draw_outside(layer.positions, layer.size, count, rng)


@suite.part("budget", source="a test")
def none(moment: suite.Moment, initial: np.ndarray, kept: np.ndarray) -> suite.Budgeted:
    """Regrow nothing."""
    return suite.Budgeted(0 * kept)


layer = suite.SparseLinear(64, 10, density=0.1)
assert_type(layer.to_dense(), torch.Tensor)
optimizer = torch.optim.SGD(layer.parameters())
rewiring = suite.Rewiring("set", [layer], optimizer, epochs=2, steps=10, zeta=0.2)
assert_type(rewiring.step(), bool)

suite.SparseLinear(64, 10, sparsity=0.9)  # type: ignore[call-arg]
suite.load_study(1)  # type: ignore[arg-type]
suite.run("studies/quick.yaml")  # type: ignore[arg-type]
suite.results(study, many=True)  # type: ignore[call-arg]
suite.power(study, effect="much")  # type: ignore[arg-type]
_ = suite.report(study).sentences  # type: ignore[attr-defined]
suite.statistics.compare(sample)  # type: ignore[arg-type]
