"""Reports of a study on several data sets: names say the data set once, and where it matters."""

from __future__ import annotations

import json

import pytest

from suite import decisions
from suite.reporting.appearance import looks
from suite.reporting.curves import curves
from suite.reporting.figures import plans, values_of
from suite.reporting.section import Grid, Material, Shown
from suite.reporting.sections import degrees, differences, summary, topology
from suite.reporting.sections import results as table_section
from suite.reporting.table2 import table2
from tests.made_results import make_results, make_study

ON_DIGITS = "dataset: digits, hidden: [320, 160]"
CELLS = f"""
  - {{method: set}}
  - {{method: set, zeta: 0.2}}
  - {{method: rigl}}
  - {{method: set, {ON_DIGITS}}}
  - {{method: set, zeta: 0.2, {ON_DIGITS}}}
  - {{method: rigl, {ON_DIGITS}}}
  - {{method: static, title: Nothing moves, {ON_DIGITS}}}
"""
DIGITS = "digits"
SET, SET_DIGITS = "SET on CIFAR-10", f"SET on {DIGITS}"
PAIRS = [
    ["RigL on CIFAR-10", SET],
    ["SET, zeta=0.2, on CIFAR-10", SET],
    [f"Nothing moves on {DIGITS}", SET_DIGITS],
    [f"RigL on {DIGITS}", SET_DIGITS],
]


@pytest.fixture
def material(tmp_path):
    baseline = f"null, pairs: {json.dumps(PAIRS)}"
    study = make_study(tmp_path, CELLS, baseline=baseline)
    results = make_results(study)
    compared = decisions.comparisons(results)
    return Material(
        results, table2(results), looks(study.cells), tmp_path, [], comparisons=compared
    )


def test_titles_name_the_data_set_and_leave_out_what_all_cells_on_it_share(material):
    titles = [(cell.title, cell.brief) for cell in material.results.study.cells]
    assert titles == [
        (SET, "SET"),
        ("SET, zeta=0.2, on CIFAR-10", "SET, zeta=0.2"),
        ("RigL on CIFAR-10", "RigL"),
        (SET_DIGITS, "SET"),
        (f"SET, zeta=0.2, on {DIGITS}", "SET, zeta=0.2"),
        (f"RigL on {DIGITS}", "RigL"),
        (f"Nothing moves on {DIGITS}", "Nothing moves"),
    ]


def test_a_study_on_one_data_set_does_not_name_it(tmp_path):
    cells = make_study(tmp_path, "\n  - {method: set}\n  - {method: rigl, zeta: 0.2}\n").cells
    assert [cell.title for cell in cells] == ["SET", "RigL, zeta=0.2"]
    assert all(cell.brief == cell.title for cell in cells)


def test_what_makes_a_method_is_said_even_where_all_cells_on_a_data_set_share_it(tmp_path):
    one = "  - {method: set, zeta: 0.5, epochs: 9, dataset: digits}\n"
    cells = make_study(tmp_path, "\n  - {method: set}\n" + one, baseline="null").cells
    assert cells[1].brief == "SET, zeta=0.5"


def test_cells_that_differ_in_their_data_set_alone_look_alike(material):
    first, zeta, rigl, *others = [
        material.looks[cell.label] for cell in material.results.study.cells
    ]
    assert others[:3] == [first, zeta, rigl]
    assert len({first, zeta, rigl, others[3]}) == 4


def test_each_baseline_has_a_table_of_differences(material):
    first, second = differences.section(material).blocks
    assert f"from {SET}," in first.caption
    assert f"from {SET_DIGITS}," in second.caption
    assert {row[0].text for row in first.rows} == {"RigL", "SET, zeta=0.2"}
    assert {row[0].text for row in second.rows} == {"RigL", "Nothing moves"}
    assert first.name != second.name


def test_comparisons_name_the_data_set_once(material):
    assert [row.title for row in material.comparisons] == [
        f"RigL against {SET}",
        f"SET, zeta=0.2 against {SET}",
        f"Nothing moves against {SET_DIGITS}",
        f"RigL against {SET_DIGITS}",
    ]


def test_where_the_data_set_is_clear_names_are_brief(material):
    said = [line for line in summary.lede(material) if line.startswith(f"On {DIGITS}, ")]
    assert len(said) == 1
    assert " on " not in said[0]
    rows = table_section.section(material).blocks[0].rows
    assert [row[0].text for row in rows][3:6] == ["SET", "SET, zeta=0.2", "RigL"]
    for plan in plans(material.results):
        drawn = curves(material.results.frame, plan.cells, plan.column)
        titles = [
            curve["title"] for curve in json.loads(values_of(drawn, material.looks, plan))["curves"]
        ]
        assert titles == [cell.brief for cell in plan.cells]


def test_topologies_are_shown_by_data_set(material):
    """Each figure and table has the cells of one data set, whose files have names of their own."""
    shown = topology.section(material).blocks
    figures = [block.stem for block in shown if isinstance(block, Shown)]
    grids = [block for block in shown if isinstance(block, Grid)]
    names = [*figures, *(grid.name for grid in grids)]
    assert len(set(names)) == len(names)
    for kind in ("pixels", "lifetimes", "degrees", "tails"):
        found = [stem for stem in figures if stem.startswith(kind)]
        assert found == [f"{kind}-cifar-10", f"{kind}-digits"], kind
        assert all((material.out / f"{stem}.csv").exists() for stem in found)
    assert not any(" on " in row[0].text for grid in grids for row in grid.rows)
    assert shown.count(degrees.INTRODUCTION) == 1
