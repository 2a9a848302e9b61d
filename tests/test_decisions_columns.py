"""The columns of comparisons and claims: one table, whoever renders it."""

import re
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest

from suite import decisions
from suite.cli import printing
from suite.decisions import columns as of
from suite.reporting.sections.claims import cells_of, heads_of
from suite.statistics import ClaimFinding, Comparison, PartFinding
from suite.study import Comparisons
from tests.made_results import CLAIMS, make_results, make_study, shared_report

TABLES = [
    (of.COMPARISON, of.COMPARISON_TABLE),
    (of.CLAIM, of.CLAIM_TABLE),
    (of.STATEMENT, of.STATEMENT_TABLE),
]


@pytest.fixture(scope="module")
def decided(tmp_path_factory):
    study = make_study(tmp_path_factory.mktemp("columns"), seeds=8, epochs=12, more=CLAIMS)
    results = make_results(study)
    return study.file.comparisons, decisions.comparisons(results), decisions.claims(results)


@pytest.mark.parametrize(
    ("finding", "columns", "elsewhere"),
    [
        (Comparison, of.COMPARISON, {"evidence"}),  # it has a figure and a file of its own
        (PartFinding, of.STATEMENT, set()),
        (ClaimFinding, of.CLAIM, {"parts"}),
    ],
)
def test_every_figure_of_a_finding_is_recorded(finding, columns, elsewhere):
    recorded = {column.name for column in columns if column.recorded}
    assert {field.name for field in fields(finding)} - elsewhere <= recorded


@pytest.mark.parametrize(("columns", "layout"), TABLES)
def test_names_are_distinct_and_what_is_shown_exists(columns, layout):
    for inference in ("fixed", "anytime"):
        names = [column.name for column in columns if column.inference in (None, inference)]
        assert len(set(names)) == len(names)
        shown = of.shown(layout, columns, Comparisons(inference=inference, equivalence_margin=1))
        assert all(len(set(pair)) == 2 for pair in shown)
    assert {name for names in layout for name in names} <= {column.name for column in columns}


@pytest.mark.parametrize("columns", [of.COMPARISON, of.STATEMENT])
def test_every_recorded_column_is_documented(columns):
    page = (Path(__file__).parent.parent / "docs" / "formats.md").read_text()
    names = [column.name for column in columns if column.recorded]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_terminal_and_page_show_the_same_texts(decided):
    declared, compared, _ = decided
    shown = of.shown(of.COMPARISON_TABLE, of.COMPARISON, declared)
    table = printing.decided_table(compared, shown, declared)
    assert [column.header for column in table.columns] == [
        f"{head.title}\n{head.below}" for head in heads_of(shown, declared)
    ]
    for place, row in enumerate(compared):
        here = [list(column.cells)[place].plain for column in table.columns]
        there = [f"{cell.text}\n{cell.small}".rstrip() for cell in cells_of(row, shown)]
        assert here == there


def test_what_is_shown_is_what_is_recorded(decided):
    for row in decided[1]:
        recorded = row.row()
        for name in ("n", "wins", "seeds_needed"):
            text = of.column(of.COMPARISON, name).text(row)
            assert text == ("–" if recorded[name] is None else str(recorded[name]))
        assert of.column(of.COMPARISON, "p_exact").text(row) == f"{recorded['p_exact']:.4f}"
        assert of.column(of.COMPARISON, "mean_a").text(row) == f"{recorded['mean_a']:.4f}"


def test_a_margin_has_its_column_only_where_it_is_declared(decided):
    declared = decided[0]
    heads = [second.heading(declared) for _, second in _comparison(declared) if second]
    assert "TOST p" in heads
    assert "±0.005" in of.legend(_comparison(declared), declared)
    without = declared.model_copy(update={"equivalence_margin": None})
    assert "TOST p" not in [second.heading(without) for _, second in _comparison(without) if second]
    assert "TOST" not in of.legend(_comparison(without), without)


def _comparison(declared):
    return of.shown(of.COMPARISON_TABLE, of.COMPARISON, declared)


def test_a_share_is_a_percentage_and_a_loss_has_four_decimals(decided):
    (saving,), (accuracy,) = (row.statements for row in decided[2])
    estimate = of.column(of.STATEMENT, "estimate")
    assert re.fullmatch(r"\d\d\.\d\u00a0%", estimate.text(saving))
    assert re.fullmatch(r"−0\.0\d{3}", estimate.text(accuracy))


@pytest.mark.slow
def test_the_pages_files_are_what_compare_writes():
    results, folder = shared_report()
    for name, rows in (
        ("comparisons", [row.row() for row in decisions.comparisons(results)]),
        ("claims", [row for claim in decisions.claims(results) for row in claim.rows()]),
    ):
        written = pd.read_csv(folder / f"{name}.csv")
        expected = pd.DataFrame(rows)
        assert list(written.columns) == list(expected.columns)
        assert written["verdict" if name == "comparisons" else "claim_verdict"].tolist() == (
            expected["verdict" if name == "comparisons" else "claim_verdict"].tolist()
        )
