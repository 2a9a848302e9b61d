"""Claims and comparisons on the page, and the sentence that sums them up."""

import re

import numpy as np
import pandas as pd
import pytest

from suite import decisions
from suite.reporting.appearance import looks
from suite.reporting.drawing import style
from suite.reporting.figures import Shown
from suite.reporting.rank_diagram import draw_ranks
from suite.reporting.section import Material
from suite.reporting.sections import claims
from suite.reporting.table2 import table2
from suite.statistics import rank
from suite.study import load_study
from tests.made_results import CLAIMS, REGROWTH, make_results, make_study, shared_report

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder():
    return shared_report()[1]


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "index.html").read_text(encoding="utf-8")


def test_the_verdicts_open_the_page(page):
    ledes = re.findall(r'<p class="lede">(.*?)</p>', page)
    assert len(ledes) == 3
    assert re.findall(r"\d+|\w+ed\b", ledes[2]) == ["2", "1", "supported", "1", "contradicted"]
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
    text = claims.tally([], decisions.comparisons(make_results(study)))
    assert text.startswith("No ") and "with 2 seeds" in text


CLAIMS_AT_90 = """
  equivalence_margin: 0.05
  alpha: 0.1
claims:
  - sentence: AccSET is more accurate than SET and LSET, and saves a third.
    parts:
      - {cells: [accset], against: [set, lset], direction: higher}
      - {cells: [accset], against: [set], direction: saves, outcome: connections, paper: 0.33}
      - {cells: [accset], against: [set], direction: equivalent}
"""


@pytest.fixture(scope="module")
def at_90(tmp_path_factory):
    """The section of a study at 90 %, with six seeds and a wide margin of equivalence."""
    folder = tmp_path_factory.mktemp("at_90")
    file = folder / "study.yaml"
    file.write_text(
        "name: ninety\nseeds: {root: 2022, count: 6}\ndefaults: {dataset: cifar10, epochs: 12}\n"
        "cells: [{method: set}, {method: accset}, {method: lset}]\n"
        f"comparisons:\n  baseline: set{CLAIMS_AT_90}"
    )
    results = make_results(load_study(file))
    found = decisions.claims(results), decisions.comparisons(results)
    of_cells = looks(results.study.cells)
    return claims.section(Material(results, table2(results), of_cells, folder, *found)), found


def grid(section, name):
    return next(block for block in section.blocks if getattr(block, "name", "") == name)


def test_intervals_are_headed_by_the_declared_level(at_90):
    statements = grid(at_90[0], "statements-grid")
    assert statements.head[2].below == "90\u00a0% interval"
    for name in ("statements-grid", "comparisons-grid"):
        assert "90\u00a0% interval: its t interval" in grid(at_90[0], name).caption


def test_statements_say_their_margin_and_the_papers_value(at_90):
    rows = grid(at_90[0], "statements-grid").rows
    assert [row[0].text for row in rows][2:] == [
        "1. AccSET saves 33.0\u00a0% ± 2 points of SET's connections (the margin by default)",
        "1. AccSET differs from SET in test accuracy by less than 0.05",
    ]
    assert [row[3].text for row in rows] == ["−0.0188", "−0.0117", "33.0\u00a0%", "−0.0188"]
    assert rows[0][3].sort == pytest.approx(-0.0188)


def test_a_claim_of_several_statements_is_explained(at_90):
    assert "intersection-union" in grid(at_90[0], "claims-grid").caption


def test_comparisons_have_both_means_every_p_and_the_reason_of_equivalence(at_90):
    section, (_, compared) = at_90
    found = compared[0].found
    assert found.verdict == "equivalent"
    row = grid(section, "comparisons-grid").rows[0]
    assert (row[2].text, row[2].small) == (f"{found.mean_a:.4f}", f"{found.mean_b:.4f}")
    holm, exact = row[6:]
    assert (holm.sort, exact.sort) == (found.p_adjusted, found.p_exact)
    for text in (holm.text, holm.small, exact.text, exact.small):
        assert re.fullmatch(r"(< )?0\.\d{4}", text)
    remarks = [block for block in section.blocks if isinstance(block, str)]
    assert found.reason in " ".join([row[0].small, *remarks])


def test_a_remark_on_every_comparison_is_said_once_whatever_else_a_row_says(tmp_path):
    study = make_study(tmp_path, REGROWTH, baseline="{method: set, regrow: random}", seeds=40)
    results = make_results(study, lost=[("set[regrow=random]", 2022)])
    compared = decisions.comparisons(results)
    assert {row.found.verdict == "equivalent" for row in compared} == {True, False}
    material = Material(results, table2(results), looks(study.cells), tmp_path, (), compared)
    section = claims.section(material)
    (said,) = (block for block in section.blocks if "missing" in str(block))
    assert said.startswith("For all ") and "1 of 40" in said
    for row in grid(section, "comparisons-grid").rows:
        assert "missing" not in row[0].small


def test_the_headline_counts_the_seeds_of_the_claims(tmp_path):
    cells = "\n  - {method: set}\n  - {method: accset}\n  - {method: static}\n"
    study = make_study(tmp_path, cells, epochs=12, seeds=3, more=CLAIMS)
    results = make_results(study, lost=[("accset", 2023), ("accset", 2024)])
    text = claims.tally(decisions.claims(results), decisions.comparisons(results))
    assert text.startswith("No claim can be decided with 1 seed:")


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


DATA = "digits, mnist, fashion_mnist, cifar10, cifar100"


def test_ranks_over_enough_blocks_have_a_critical_difference_diagram(tmp_path):
    cells = "".join(
        f"\n  - {{method: {method}, grid: {{dataset: [{DATA}]}}}}"
        for method in ("set", "accset", "static")
    )
    study = make_study(tmp_path, cells + "\n", baseline="null", epochs=12, seeds=2)
    results = make_results(study)
    material = Material(results, table2(results), looks(study.cells), tmp_path)
    section = claims.section(material)
    (shown,) = (block for block in section.blocks if isinstance(block, Shown))
    assert shown.stem == "ranks"
    assert "n = 5 data sets" in shown.caption
    assert "<svg" in shown.wide
    ranks = (tmp_path / "ranks.csv").read_text().splitlines()
    assert ranks[0] == "cell,rank"
    assert len(ranks) == 4


def test_the_diagram_of_ranks_has_room_for_long_names():
    names = ["set", "dynset[metric=val_accuracy, regrow=most_neighbours]", "static", "accset"]
    values = np.random.default_rng(3).normal([0, 0.8, 1.6, 2.2], 1, (8, 4))
    with style("ranks"):
        figure = draw_ranks(rank(pd.DataFrame(values, columns=names)))
        page = figure.bbox
        for text in figure.axes[0].texts:
            box = text.get_window_extent()
            assert page.x0 <= box.x0 and box.x1 <= page.x1, text.get_text()


@pytest.mark.parametrize(("alpha", "bars"), [(0.05, 2), (0.3, 1), (0.001, 1)])
def test_the_bars_of_the_diagram_are_the_groups_at_the_declared_level(alpha, bars):
    generator = np.random.default_rng(3)
    values = generator.normal([0, 0.8, 1.6, 2.2], 1, (8, 4))
    found = rank(pd.DataFrame(values, columns=list("abcd")), alpha=alpha)
    axes = draw_ranks(found).axes[0]
    drawn = {line for line in axes.lines if line.get_linewidth() == 2.4}
    assert len(drawn) == len(found.groups) == bars
