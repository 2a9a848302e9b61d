"""Figures look as they did when somebody last looked at them.

After a wanted change: python -m tests.test_reporting_pictures, and look at what it wrote.
"""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from suite import reporting
from tests.made_results import PERFORMANCE, REGROWTH, make_results, make_study

STORED = Path(__file__).parent / "reference" / "pictures"
NAMES = ("fig2", "fig4", "fig6", "comparisons", "pareto", "pauses", "degrees")
WIDTH = 700


def draw(folder):
    """Return the pictures of a made-up study, by name."""
    study = make_study(folder, PERFORMANCE + REGROWTH, seeds=6, epochs=60)
    reporting.write(make_results(study), folder / "report")
    return {name: _small(folder / "report" / f"{name}.png") for name in NAMES}


def _small(file):
    with Image.open(file) as picture:
        size = (WIDTH, round(picture.height * WIDTH / picture.width))
        return picture.convert("RGB").resize(size, Image.Resampling.BOX)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("study"))


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
    with tempfile.TemporaryDirectory() as scratch:
        for stem, image in draw(Path(scratch)).items():
            image.quantize(64).save(STORED / f"{stem}.png", optimize=True)
