"""Claims and comparisons on the page, and the sentence that sums them up."""

import re

import pytest

from suite import reporting
from tests.made_results import PERFORMANCE, make_results, make_study

CLAIMS = """
claims:
  - sentence: AccSET <saves> about 36 % of SET's connections.
    source: section 5.2.1
    parts:
      - {outcome: connections, cells: [accset], against: [set], direction: saves, paper: 0.363}
  - sentence: AccSET has a higher accuracy than SET.
    parts:
      - {cells: [accset], against: [set], direction: higher}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    study = make_study(
        tmp_path_factory.mktemp("study"), PERFORMANCE, epochs=120, seeds=10, more=CLAIMS
    )
    out = tmp_path_factory.mktemp("report")
    reporting.write(make_results(study), out)
    return out


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
    assert page.count(" against SET</span>") == 5
    assert (folder / "comparisons.svg").exists()
    lines = (folder / "comparisons.csv").read_text().splitlines()
    assert lines[0].startswith("cell,against,outcome")
    assert len(lines) == 6


def test_nothing_declared_nothing_shown(tmp_path):
    study = make_study(tmp_path, "\n  - {method: set}\n", baseline="null", epochs=12, seeds=2)
    page = reporting.write(make_results(study), tmp_path / "out").index.read_text("utf-8")
    assert "Claims and comparisons" not in page


def test_a_measure_that_cannot_be_taken_is_said(tmp_path):
    study = make_study(tmp_path, PERFORMANCE, epochs=12, seeds=2, more="")
    comparisons = study.file.comparisons.model_copy(update={"measure": "best"})
    file = study.file.model_copy(update={"comparisons": comparisons})
    results = make_results(type(study)(study.path, file, study.cells))
    page = reporting.write(results, tmp_path / "out").index.read_text("utf-8")
    assert "Claims and comparisons" in page
    assert "test set" in re.search(r'<section id="claims">.*?</section>', page, re.DOTALL)[0]
