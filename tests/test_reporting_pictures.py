"""Figures look as they did when somebody last looked at them.

After a wanted change: python -m tests.test_reporting_pictures, and look at what it wrote.
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.made_results import shared_report

pytestmark = pytest.mark.slow

STORED = Path(__file__).parent / "reference" / "pictures"
NAMES = ("fig2", "fig4", "fig6", "comparisons", "pareto", "pauses", "degrees")
NAMES += ("training", "pixels", "lifetimes", "tails")
WIDTH = 700


def draw():
    """Return the pictures of the report, by name."""
    folder = shared_report()[1]
    return {name: _small(folder / f"{name}.png") for name in NAMES}


def _small(file):
    with Image.open(file) as picture:
        size = (WIDTH, round(picture.height * WIDTH / picture.width))
        return picture.convert("RGB").resize(size, Image.Resampling.BOX)


@pytest.fixture(scope="module")
def drawn():
    return draw()


@pytest.mark.parametrize("name", NAMES)
def test_as_stored(drawn, name):
    with Image.open(STORED / f"{name}.png") as picture:
        stored = np.asarray(picture.convert("RGB"), dtype=float)
    now = np.asarray(drawn[name], dtype=float)
    assert now.shape == stored.shape
    apart = np.abs(now - stored)
    assert apart.mean() < 1.5
    assert (apart.max(axis=2) > 64).mean() < 0.01


@pytest.mark.parametrize("name", NAMES)
def test_nothing_touches_the_edge(drawn, name):
    """Text or lines that run out of a figure are cut off at its edge."""
    picture = np.asarray(drawn[name].convert("L"))
    for edge in (picture[0], picture[-1], picture[:, 0], picture[:, -1]):
        assert edge.min() > 250


def test_a_changed_picture_is_noticed(drawn):
    moved = np.roll(np.asarray(drawn["fig4"], dtype=float), 3, axis=1)
    with Image.open(STORED / "fig4.png") as picture:
        apart = np.abs(moved - np.asarray(picture.convert("RGB"), dtype=float))
    assert (apart.max(axis=2) > 64).mean() > 0.01


if __name__ == "__main__":
    STORED.mkdir(parents=True, exist_ok=True)
    for stem, image in draw().items():
        image.quantize(64).save(STORED / f"{stem}.png", optimize=True)
