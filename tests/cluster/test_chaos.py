"""A few kills at random moments; `python -m tests.cluster.chaos` does many."""

from __future__ import annotations

from tests.cluster.chaos import chaos


def test_a_few_random_kills(tmp_path):
    chaos(tmp_path, kills=2, seed=2)
