"""The page of a study that is looked at after every seed."""

import re

import numpy as np
import pandas as pd
import pytest

from suite import decisions, reporting
from suite.reporting.appearance import looks
from suite.reporting.evidence import draw_evidence, evidence_table
from tests.made_results import make_results, make_study, only_svg

CELLS = "\n  - {method: set}\n  - {method: accset}\n  - {method: lset}\n"
BASELINE = "{method: set}, inference: anytime"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evidence")
    return make_results(make_study(folder, CELLS, epochs=12, seeds=9, baseline=BASELINE))


@pytest.fixture(scope="module")
def page(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    reporting.write(results, folder)
    return folder


def test_the_data_are_e_values_after_every_seed(results):
    compared = decisions.comparisons(results)
    table = evidence_table(compared)
    assert table.groupby("cell", sort=False)["n"].max().tolist() == [9, 9]
    own = table[table["cell"] == "accset"]
    assert own["seed"].tolist() == results.study.seeds
    assert own["e"].tolist() == compared[0].found.evidence.e.tolist()
    assert own["e"].to_numpy() == pytest.approx((own["e_higher"] + own["e_lower"]) / 2)
    assert own["p"].iloc[-1] == pytest.approx(compared[0].found.p)
    assert own["p"].is_monotonic_decreasing


def test_the_axis_is_logarithmic_and_both_boundaries_are_drawn(results):
    compared = decisions.comparisons(results)
    (axes,) = draw_evidence(compared, looks(results.study.cells), 0.05).axes
    assert axes.get_yscale() == "log"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Seeds (pairs of runs)", "e-value")
    flat = {line.get_ydata()[0] for line in axes.lines if len(set(line.get_ydata())) == 1}
    assert {20.0, 40.0} <= flat
    assert axes.get_ylim()[1] >= 40
    curves = [line for line in axes.lines if len(line.get_ydata()) == 10]
    assert [line.get_ydata()[0] for line in curves] == [1.0, 1.0]
    assert len({(line.get_marker(), line.get_linestyle()) for line in curves}) == 2


def test_before_any_seed_there_is_a_figure(results):
    nothing = decisions.up_to(results, {})
    compared = decisions.comparisons(nothing)
    (axes,) = draw_evidence(compared, looks(results.study.cells), 0.05).axes
    assert np.isfinite(axes.get_ylim()).all()
    assert evidence_table(compared).empty


@pytest.mark.slow
def test_the_page_shows_e_values_sequences_seeds_and_the_figure(page):
    text = (page / "index.html").read_text(encoding="utf-8")
    grid = re.search(r'<table id="comparisons-grid".*?</table>', text, re.DOTALL)[0]
    heads = re.findall(r'<button type="button">([^<]+)', grid)
    assert heads[-3:] == ["e", "Holm p", "TOST p"]
    assert "2022-2030" in grid
    assert "confidence sequence, which holds after every seed" in text
    assert "exact" not in grid
    for ending in ("svg", "pdf", "png", "csv"):
        assert f'href="evidence.{ending}"' in text
        assert (page / f"evidence.{ending}").exists()
    rows = pd.read_csv(page / "comparisons.csv")
    assert rows["inference"].tolist() == ["anytime"] * 2
    assert rows["e"].to_numpy() == pytest.approx(1 / rows["p"].to_numpy())


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "decided"), [(14, False), (15, True)])
@only_svg()
def test_what_needs_no_more_seeds_counts_as_complete(seeds, decided, tmp_path):
    study = make_study(tmp_path, CELLS, epochs=12, seeds=20, baseline=BASELINE)
    some = decisions.up_to(make_results(study), dict.fromkeys(("set", "accset", "lset"), seeds))
    assert not some.complete
    assert decisions.decided(some) == decided
    written = reporting.write(some, tmp_path / "out")
    assert written.complete == decided
    text = written.index.read_text(encoding="utf-8")
    assert ("All comparisons and claims are decided" in text) == decided
