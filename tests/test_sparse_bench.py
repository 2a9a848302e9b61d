import json

import pytest

from suite import bench
from suite.sparse import kernels

SMALL = bench.Bench(bench.synthetic_images(200), hidden=(30, 20, 30), epsilon=2)


def test_sides_take_turns_after_warming_up():
    calls = []
    sides = [lambda: calls.append("a"), lambda: calls.append("b")]
    times = bench.alternate(sides, 2, (1, 2))
    assert times.shape == (2, 2)
    assert "".join(calls) == "ab" + 2 * "abb"


@pytest.mark.parametrize("name", ["engines", "halved_epsilon", "evaluation", "evolution"])
def test_comparisons_give_figures(name):
    figures = bench.MEASURES[name](SMALL, 1)
    assert json.loads(json.dumps(figures)) == figures


def test_the_profile_names_every_kernel_and_leaves_them_as_they_were():
    before = kernels.gradients
    figures = bench.profile(SMALL, 1)
    assert set(bench.KERNELS.values()) < set(figures)
    assert all(milliseconds > 0 for milliseconds in figures.values())
    assert kernels.gradients is before


def test_a_package_that_is_missing_is_said_to_be(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sparselab", None)
    assert "not installed" in bench.sparselab(SMALL, 1)["missing"]
