"""Initial topologies drawn at random: the Erdős–Rényi one, position by position."""

import itertools

import numpy as np
import pytest

from suite.methods.initial.random import expected_density
from suite.randomness import stream
from tests.networks import erdos_renyi


def test_positions_are_sorted_unique_and_within_the_layer():
    positions = erdos_renyi((30, 70), 5, stream(1, "topology"))
    assert positions.dtype == np.int64
    assert (np.diff(positions) > 0).all()
    assert positions[0] >= 0
    assert positions[-1] < 30 * 70


def test_every_position_is_equally_likely_and_independent():
    shape, epsilon, draws = (8, 12), 2, 4000
    p = expected_density(shape, epsilon)
    masks = np.zeros((draws, 96))
    for seed in range(draws):
        masks[seed, erdos_renyi(shape, epsilon, stream(seed, "topology"))] = 1
    sd = np.sqrt(p * (1 - p) / draws)
    assert abs(masks.mean(0) - p).max() < 4.5 * sd
    counts = masks.sum(1)
    assert counts.mean() == pytest.approx(96 * p, abs=4 * np.sqrt(96 * p * (1 - p) / draws))
    assert counts.var() == pytest.approx(96 * p * (1 - p), rel=0.1)
    correlation = np.corrcoef(masks[:, :-1].T, masks[:, 1:].T)[:95, 95:].diagonal()
    assert abs(correlation).max() < 4.5 / np.sqrt(draws)


def test_the_papers_network_has_the_expected_number_of_connections():
    sizes = (3072, 4000, 1000, 4000)
    counts = [
        len(erdos_renyi((o, i), 20, stream(7, "topology", layer=k)))
        for k, (i, o) in enumerate(itertools.pairwise(sizes))
    ]
    assert sum(counts) == pytest.approx(341_440, abs=4 * 580)


def test_a_density_above_one_makes_every_position_active():
    assert expected_density((3, 4), 20) == 1
    assert erdos_renyi((3, 4), 20, stream(1, "topology")).tolist() == list(range(12))
