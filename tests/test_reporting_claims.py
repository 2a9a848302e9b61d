"""Claims and comparisons on the page, and the sentence that sums them up."""

import re

import pytest

from suite import hypotheses
from suite.reporting.appearance import looks
from suite.reporting.figures import Shown
from suite.reporting.section import Material
from suite.reporting.sections import claims
from suite.reporting.table2 import table2
from tests.made_results import make_results, make_study, shared_report


@pytest.fixture(scope="module")
def folder():
    return shared_report()[1]


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "index.html").read_text(encoding="utf-8")


def test_the_verdicts_open_the_page(page):
    assert "Of the 2 claims, 1 is supported and 1 contradicted." in page
    ledes = re.findall(r'<p class="lede">(.*?)</p>', page)
    assert len(ledes) == 3
    assert ledes[0].startswith("SET reaches the highest accuracy")


def test_each_claim_has_its_verdict_source_and_figures(page):
    table = re.search(r'<table id="claims-grid".*?</table>', page, re.DOTALL)[0]
    assert "AccSET &lt;saves&gt; about 36 %" in table
    assert "section 5.2.1" in table
    assert re.findall(r"<span>(supported|contradicted)</span>", table) == [
        "supported",
        "contradicted",
    ]
    statements = re.search(r'<table id="statements-grid".*?</table>', page, re.DOTALL)[0]
    assert "36.3\u00a0%" in statements


def test_comparisons_have_figure_table_and_data(folder, page):
    assert page.count(" against SET</span>") == 9
    assert (folder / "comparisons.svg").exists()
    lines = (folder / "comparisons.csv").read_text().splitlines()
    assert lines[0].startswith("cell,against,outcome")
    assert len(lines) == 10


def test_nothing_declared_nothing_shown(tmp_path):
    study = make_study(tmp_path, "\n  - {method: set}\n", baseline="null", epochs=12, seeds=2)
    results = make_results(study)
    assert claims.section(Material(results, table2(results), {}, tmp_path)) is None
    assert claims.tally([], []) == ""


def test_nothing_can_be_decided_with_two_seeds(tmp_path):
    study = make_study(tmp_path, "\n  - {method: set}\n  - {method: lset}\n", epochs=12, seeds=2)
    text = claims.tally([], hypotheses.comparisons(make_results(study)))
    assert text.startswith("No declared comparison can be decided with 2 seeds")


def test_cells_are_ranked_over_several_data_sets(tmp_path):
    cells = "".join(
        f"\n  - {{method: {method}, epochs: {epochs}}}"
        for method in ("set", "lset", "static")
        for epochs in (10, 11, 12, 13, 14, 15)
    )
    results = make_results(make_study(tmp_path, cells + "\n", baseline="null", seeds=2))
    found = claims.section(Material(results, table2(results), {}, tmp_path))
    ranks = next(block for block in found.blocks if getattr(block, "name", "") == "ranks-grid")
    assert [row[0].text for row in ranks.rows] == ["set", "lset[metric=loss]", "static"]


def test_ranks_over_enough_blocks_have_a_critical_difference_diagram(tmp_path):
    cells = "".join(
        f"\n  - {{method: {method}, grid: {{epsilon: [5, 6, 7, 8, 9, 10]}}}}"
        for method in ("set", "accset", "static")
    )
    study = make_study(tmp_path, cells + "\n", baseline="null", epochs=12, seeds=2)
    results = make_results(study)
    material = Material(results, table2(results), looks(study.cells), tmp_path)
    section = claims.section(material)
    (shown,) = (block for block in section.blocks if isinstance(block, Shown))
    assert shown.stem == "ranks"
    assert "n = 6 data sets or settings" in shown.caption
    assert "<svg" in shown.wide
    ranks = (tmp_path / "ranks.csv").read_text().splitlines()
    assert ranks[0] == "cell,rank"
    assert len(ranks) == 4
