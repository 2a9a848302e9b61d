"""Every cell can be told from every other: in colour, in grey, on light and on dark pages."""

import itertools

import numpy as np
import pytest

from suite.reporting.appearance import INK, MUTED, PAPER, looks, mix
from tests.made_results import PERFORMANCE, REGROWTH, make_study

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB
DEFICIENT = {
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    more = (
        "  - {method: static}\n  - {method: dense}\n  - {method: set, gate: pauses, metric: loss}\n"
    )
    return make_study(tmp_path_factory.mktemp("study"), PERFORMANCE + more + REGROWTH).cells


def contrast(colour, other):
    """Return the contrast ratio of two colours as WCAG 2 defines it, 1 to 21."""
    light, dark = sorted((luminance(colour), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    """Return the relative luminance of #rrggbb, 0 to 1."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_line_stands_out_from_the_page(cells):
    for label, look in looks(cells).items():
        least = 3.0 if look.dash != (1.2, 1.0) and "neighbour" not in label else 2.0
        assert contrast(look.hue.light, PAPER.light) >= least, label
        assert contrast(look.hue.dark, PAPER.dark) >= least, label


def test_text_is_legible():
    for hue in (INK, MUTED):
        assert contrast(hue.light, PAPER.light) >= 4.5
        assert contrast(hue.dark, PAPER.dark) >= 4.5


def test_dash_and_marker_tell_cells_apart_without_colour(cells):
    drawn = looks(cells)
    for a, b in itertools.combinations(drawn, 2):
        assert (drawn[a].dash, drawn[a].marker) != (drawn[b].dash, drawn[b].marker), (a, b)


def test_markers_alone_tell_cells_apart_while_there_are_some(tmp_path):
    peers = ["static", "rigl", "chts", "chts", "snfs_gradient", "ctre_sim", "truly_sparse"]
    lines = "".join(
        f"  - {{method: {method}{', epsilon: 9' if method in peers[:at] else ''}}}\n"
        for at, method in enumerate(peers)
    )
    drawn = looks(make_study(tmp_path, PERFORMANCE + lines).cells)
    assert len({look.marker for look in drawn.values()}) == len(drawn) == 13


def test_a_method_with_its_own_regrowth_has_its_own_look(tmp_path):
    cells = make_study(tmp_path, PERFORMANCE + "  - {method: rigl}\n  - {method: chts}\n").cells
    hues = {look.hue.light for look in looks(cells).values()}
    assert {"#7d3c2e", "#35607a"} <= hues


@pytest.mark.parametrize("kind", DEFICIENT)
def test_the_methods_hues_differ_for_any_colour_vision(cells, kind):
    six = [look.hue.light for look in list(looks(cells).values())[:6]]
    seen = [np.array(DEFICIENT[kind]) @ _linear(colour) for colour in six]
    for a, b in itertools.combinations(seen, 2):
        assert np.abs(np.clip(a, 0, 1) - np.clip(b, 0, 1)).max() > 0.02


def test_a_method_looks_the_same_in_every_study(cells, tmp_path):
    alone = make_study(tmp_path, "\n  - {method: accset}\n", baseline="accset").cells
    assert looks(alone)["accset"] == looks(cells)["accset"]


def test_contrast_and_mix_as_defined():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert mix("#000000", "#ffffff", 0.5) == "#808080"


def _linear(colour):
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
