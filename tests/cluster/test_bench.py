"""What scheduling costs, measured on real Ray processes."""

from suite import machine
from suite.bench.scheduling import scheduling
from suite.bench.workload import Bench, synthetic_images


def test_short_runs_are_placed_until_enough_are_done():
    small = Bench(synthetic_images(500), hidden=(30, 20, 30), epsilon=2)
    waiting = 50 * machine.at_hand()
    figures = scheduling(small, 1, runs=waiting, run_seconds=0.5)
    assert 3 <= figures["runs"] < waiting
    assert 0 < figures["share_of_core_time"] < 1
    assert figures["run_ms"] > 0
