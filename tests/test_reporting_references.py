"""Figures of another implementation, beside the runs' own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy import stats

from suite.reporting.section import Material
from suite.reporting.sections import references
from suite.reporting.table2 import table2
from tests.made_results import make_results, make_study

pytestmark = pytest.mark.slow

MORE = """
report:
  references:
    - cell: {method: set}
      source: theirs, one seed
      epochs:
        - {epoch: 1, val_accuracy: 0.159, train_loss: 2.301}
        - {epoch: 10, connections: 341000}
        - {epoch: 12, val_loss: 1.0}
"""


def rows(results, tmp_path):
    found = references.section(Material(results, table2(results), {}, tmp_path))
    return found, [[cell.text for cell in row] for row in found.blocks[1].rows]


def test_each_figure_stands_beside_the_mean_the_range_and_where_one_run_would_lie(tmp_path):
    results = make_results(make_study(tmp_path, more=MORE, epochs=12, seeds=3))
    results = replace(results, frame=results.frame[results.frame["epoch"] < 12])
    found, shown = rows(results, tmp_path)
    assert "SET: theirs, one seed." in found.blocks[0]
    assert [row[:4] for row in shown] == [  # nothing ran to epoch 12
        ["SET", "1", "training loss", "3"],
        ["SET", "1", "validation accuracy", "3"],
        ["SET", "10", "connections", "3"],
    ]
    frame = results.frame
    ours = frame[(frame["cell"] == "set") & (frame["epoch"] == 1)]["val_accuracy"]
    half = stats.t.ppf(0.975, 2) * stats.sem(ours)
    mean, span, one_run, theirs, difference = shown[1][4:]
    reach = stats.t.ppf(0.975, 2) * ours.std(ddof=1) * (1 + 1 / 3) ** 0.5
    assert mean == f"{ours.mean():.3f} ± {half:.3f}"
    assert span == f"{ours.min():.3f} to {ours.max():.3f}"
    assert one_run == f"{ours.mean() - reach:.3f} to {ours.mean() + reach:.3f}".replace("-", "−")
    assert theirs == "0.159"
    assert float(difference.replace("−", "-")) == pytest.approx(ours.mean() - 0.159, abs=6e-4)


def test_without_references_there_is_no_such_section(tmp_path):
    results = make_results(make_study(tmp_path, epochs=12))
    assert references.section(Material(results, table2(results), {}, tmp_path)) is None
