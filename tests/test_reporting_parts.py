"""The parts of a report: numbers, places, fronts, degrees, predictions."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import decisions, reporting
from suite.measures import MEASURES
from suite.methods.budgets import equilibrium
from suite.reporting.appearance import looks
from suite.reporting.curve_figures import Axis, draw_curves, panels
from suite.reporting.curves import curves
from suite.reporting.drawing import (
    Picture,
    columns_of_legend,
    inline,
    new_figure,
    save,
    shortened,
    style,
)
from suite.reporting.figures import on_each, plans, show, suffixes_of
from suite.reporting.multiples import draw_multiples, in_panels
from suite.reporting.numbers import Format, estimate, listing, percent, seconds_text
from suite.reporting.placement import free_box, spread
from suite.reporting.section import Grid, Material
from suite.reporting.sections import equilibrium as equilibrium_section
from suite.reporting.sections import lifetimes, pareto, pauses, setting, summary
from suite.reporting.sections import results as table_section
from suite.reporting.sections.cost import core_hours
from suite.reporting.sections.degrees import at_least, dispersion
from suite.reporting.sections.equilibrium import predicted_and_measured
from suite.reporting.sections.pareto import front
from suite.reporting.sections.pauses import identical
from suite.reporting.sections.results import differences_from_paper
from suite.reporting.table2 import last_epochs, table2
from suite.reporting.table2_files import as_csv, as_markdown, as_tabular, as_tex
from suite.reporting.tex import escape
from suite.study import load_study
from tests.made_results import PERFORMANCE, make_results, make_study, only_svg

pytestmark = pytest.mark.slow


def test_the_interval_is_students():
    found = estimate([1.0, 2.0, 3.0, 4.0, np.nan])
    assert (found.n, found.mean) == (4, 2.5)
    assert found.half == pytest.approx(3.18245 * np.std([1, 2, 3, 4], ddof=1) / 2, rel=1e-5)


def test_one_run_has_no_interval_and_none_no_mean():
    assert np.isnan(estimate([1.0]).half)
    assert np.isnan(estimate([]).mean)


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (Format(4), 0.66824, "0.6682"),
        (Format(4), -0.00001, "0.0000"),
        (Format(0, grouped=True), -12345.6, "−12,346"),
        (Format(3, exponent=-6), 1.9512e-6, "1.951"),
        (Format(1), float("nan"), "–"),
    ],
)
def test_numbers_as_text(form, value, text):
    assert form.text(value) == text


def test_differences_have_a_sign_unless_they_vanish():
    form = Format(3)
    assert [form.signed(v) for v in (0.5, -0.5, 0.0001)] == ["+0.500", "−0.500", "0.000"]


def test_alpha_has_one_power_of_ten():
    assert MEASURES["alpha"].format([1.9e-6, 2.9e-6]).exponent == -6
    assert MEASURES["alpha"].format([9e-5, 1.1e-4]).exponent == -4


def test_words():
    assert listing(["a", "b", "c"]) == "a, b and c"
    assert listing([]) == ""
    assert seconds_text(0.0123) == "12\u00a0ms"
    assert seconds_text(5400) == "1.50\u00a0h"


@given(st.lists(st.floats(-0.5, 1.5), max_size=12))
def test_labels_keep_their_distance_their_order_and_stay_inside(wanted):
    places = spread(wanted, 0.08, 0.0, 1.0)
    gap = min(0.08, 1 / max(len(wanted) - 1, 1))
    for a, b in itertools.pairwise(sorted(places)):
        assert b - a >= gap - 1e-9
    assert all(-1e-9 <= place <= 1 + 1e-9 for place in places)
    for (a, x), (b, y) in itertools.combinations(zip(wanted, places, strict=True), 2):
        assert a == b or (a < b) == (x < y) or not (0 <= a <= 1 and 0 <= b <= 1)


def test_an_inset_keeps_clear_of_the_curves():
    x = np.linspace(0, 1, 200)
    y = 1 - np.exp(-8 * x)
    box = free_box(x, y - 0.02, y + 0.02)
    assert box is not None
    left, bottom, width, height = box
    inside = (x >= left) & (x <= left + width) & (y >= bottom) & (y <= bottom + height)
    assert not inside.any()


@pytest.mark.parametrize("steepness", [3, 8, 30, 100])
def test_an_inset_and_its_title_stay_below_the_title_of_the_axes(steepness):
    x = np.linspace(0, 1, 200)
    for y in (np.exp(-steepness * x), 1 - np.exp(-steepness * x)):
        box = free_box(x, y, y)
        assert box is None or box[1] + box[3] <= 0.9 + 1e-9


def test_no_room_no_inset():
    x = np.linspace(0, 1, 200)
    assert free_box(x, np.zeros(200), np.ones(200)) is None


def test_the_front_is_what_no_other_beats_on_both(tmp_path):
    rows = table2(make_results(make_study(tmp_path, PERFORMANCE))).rows
    ahead = front(rows, connections(rows))

    assert {row.cell.label for row in ahead} == {
        row.cell.label for row in rows if not any(_beats(other, row) for other in rows)
    }


def connections(rows):
    return {row.cell.label: row.connections.estimate.mean for row in rows}


def _beats(row, other):
    (accuracy, connections), (its_accuracy, its_connections) = (
        (one.accuracy.estimate.mean, one.connections.estimate.mean) for one in (row, other)
    )
    as_good = accuracy >= its_accuracy and connections <= its_connections
    return as_good and (accuracy > its_accuracy or connections < its_connections)


@only_svg()
@pytest.mark.parametrize(("lost", "alike"), [((), True), ({("lset[metric=loss]", 2023)}, False)])
def test_a_front_of_means_over_different_seeds_says_so(tmp_path, lost, alike):
    results = make_results(make_study(tmp_path, epochs=4), lost=lost)
    material = Material(results, table2(results), looks(results.study.cells), tmp_path)
    text = next(block for block in pareto.section(material).blocks if isinstance(block, str))
    assert ("not all over the same seeds" in text) is not alike


def test_cells_that_are_equal_are_on_the_front_together(tmp_path):
    results = make_results(make_study(tmp_path, PERFORMANCE, epochs=12))
    frame, labels = results.frame, results.study.cells
    copied = ["test_accuracy", "connections"]
    before = table2(results).rows
    best = front(before, connections(before))[0].cell.label
    other = next(cell.label for cell in labels if cell.label != best)
    frame.loc[frame["cell"] == other, copied] = frame.loc[frame["cell"] == best, copied].to_numpy()
    rows = table2(results).rows
    ahead = {row.cell.label for row in front(rows, connections(rows))}
    assert {best, other} <= ahead
    assert ahead == {r.cell.label for r in rows if not any(_beats(other, r) for other in rows)}


def test_too_few_runs_for_a_test_are_not_called_the_same(tmp_path):
    cells = "\n  - {method: set}\n  - {method: accset}\n  - {method: static}\n"
    results = make_results(make_study(tmp_path, cells, seeds=2, epochs=12))
    table = table2(results)
    assert [row.accuracy.mark for row in table.rows] == ["best", "untested", "untested"]
    material = Material(results, table, looks(results.study.cells), tmp_path)
    first = summary.lede(material)[0]
    assert "over 2 runs, and there are too few runs, or pairs that differ, to test" in first
    assert "not shown to differ" not in first
    assert as_csv(table).count("untested") == 10
    assert as_markdown(table, "Made up").count(" ‡") == 10 + 1
    assert as_tabular(table).count(r"^{\ddagger}") == 10
    assert r"\textdaggerdbl{}: too few runs differ" in as_tex(table, "Made up")
    section = table_section.section(material)
    (grid,) = (block for block in section.blocks if isinstance(block, Grid))
    assert [row[2].mark for row in grid.rows] == ["best", "untested", "untested"]


def test_a_cell_that_is_better_over_the_seeds_of_both_is_said_to_be(tmp_path):
    """Static lacks the seeds in which all are bad, so that its mean is higher."""
    cells = "\n  - {method: set}\n  - {method: static}\n"
    lost = [("static", seed) for seed in range(2022, 2026)]
    results = make_results(make_study(tmp_path, cells, seeds=10, epochs=12), lost=lost)
    frame = results.frame
    noise = np.random.default_rng(1).normal(0, 1e-4, len(frame))
    bad = (frame["seed"] < 2026) * 0.1
    frame["test_accuracy"] = 0.6 - bad + (frame["cell"] == "set") * 0.005 + noise
    table = table2(results)
    assert [row.accuracy.mark for row in table.rows] == ["better", "best"]
    material = Material(results, table, looks(results.study.cells), tmp_path)
    assert "over the seeds of both, SET is better" in summary.lede(material)[0]
    assert as_markdown(table, "Made up").count(" §") == 2 + 1  # accuracy, alpha; the legend
    assert as_tabular(table).count(r"^{\S}") == 2
    assert r"\S{}: better than the best" in as_tex(table, "Made up")


def test_names_that_are_cut_still_differ():
    names = [f"DynSET f(val_loss), window={n}, k=0.5, zeta=0.1" for n in (5, 8)]
    assert shortened([*names, "SET"], 27) == [
        "DynSET f(val…5, k=0.5, zeta", "DynSET f(val…8, k=0.5, zeta", "SET"
    ]  # fmt: skip
    assert all(len(name) <= 27 for name in shortened(names, 27))
    assert shortened(names, 46) == names
    assert len(set(shortened([names[0], names[0]], 20))) == 1


def test_a_figure_s_own_text_is_not_taken_for_ids_and_colours():
    text = '<text>id="x" url(#q) #aabbcc;</text>'
    svg = f'<svg viewBox="0 0 1 1"><g id="a" fill="#0069a6"/>{text}</svg>'
    shown = inline(Picture("fig", svg), "Title", "What it shows")
    assert 'id="fig-a" fill="var(--h-0069a6)"' in shown
    assert text in shown


def test_what_differs_from_the_paper_has_its_options(tmp_path):
    cells = "\n  - {method: set, schedule: {every_epochs: {n: 10}}}\n  - {method: set}\n"
    results = make_results(make_study(tmp_path, cells, seeds=2, epochs=12))
    assert "schedule (every_epochs (n=10))" in differences_from_paper(results)


def test_what_no_declared_comparison_shows_is_said_beside_the_best(tmp_path):
    """By the marks, LSET is worse than the best; against the baseline the family decides."""
    cells = "\n  - {method: set}\n  - {method: lset}\n"
    study = make_study(tmp_path, cells, seeds=10, epochs=12)
    results = make_results(study)
    frame = results.frame
    noise = np.random.default_rng(1).normal(0, 1e-4, len(frame))
    frame["test_accuracy"] = 0.6 + (frame["cell"] != "set") * 0.004 + noise
    table = table2(results)
    assert [row.accuracy.mark for row in table.rows] == ["", "best"]
    compared = decisions.comparisons(results)
    assert [row.found.verdict for row in compared] == ["equivalent"]
    material = Material(results, table, looks(study.cells), tmp_path, comparisons=compared)
    told = summary.lede(material)[0]
    assert "do not show that it is better than SET (equivalent)" in told


def test_equal_pairs_are_not_called_too_few_runs(tmp_path):
    """Ten seeds, of which four differ: no exact test can decide, and six runs are not missing."""
    cells = "\n  - {method: set}\n  - {method: accset}\n"
    results = make_results(make_study(tmp_path, cells, seeds=10, epochs=12))
    frame, measured = results.frame, ["test_accuracy", "test_loss", "connections"]
    alike = frame["seed"] < 2028
    of = {cell: (frame["cell"] == cell) & alike for cell in ("set", "accset")}
    frame.loc[of["accset"], measured] = frame.loc[of["set"], measured].to_numpy()
    table = table2(results)
    assert {row.accuracy.mark for row in table.rows} == {"best", "untested"}
    material = Material(results, table, looks(results.study.cells), tmp_path)
    assert "too few runs, or pairs that differ" in summary.lede(material)[0]
    assert not any("no two-sided" in it for it in table_section.section(material).warnings)


def test_cells_that_were_tested_after_all_are_not_said_to_have_too_few_seeds(tmp_path):
    """Five seeds of each that the other lacks are compared as independent samples."""
    cells = "\n  - {method: set}\n  - {method: accset}\n"
    lost = {("set", seed) for seed in range(2022, 2027)}
    lost |= {("accset", seed) for seed in range(2027, 2032)}
    results = make_results(make_study(tmp_path, cells, seeds=10, epochs=12), lost=lost)
    results.frame.loc[results.frame["cell"] == "set", "test_accuracy"] += 0.2
    table = table2(results)
    assert [row.accuracy.mark for row in table.rows] == ["best", ""]
    found = table_section.section(Material(results, table, looks(results.study.cells), tmp_path))
    assert not any("no two-sided" in it for it in found.warnings)
    (grid,) = (block for block in found.blocks if isinstance(block, Grid))
    assert "are paired (independent where too few seeds are shared)" in grid.caption


def test_of_cells_with_the_fewest_connections_the_most_accurate_is_named(tmp_path):
    results = make_results(make_study(tmp_path, PERFORMANCE, seeds=3, epochs=12))
    frame = results.frame
    few, best = ("accset", "lset[metric=loss]"), "set"
    frame.loc[frame["cell"].isin(few), "connections"] = 1000
    frame.loc[frame["cell"] == few[0], "test_accuracy"] = 0.3
    frame.loc[frame["cell"] == few[1], "test_accuracy"] = 0.6
    frame.loc[frame["cell"] == best, "test_accuracy"] = 0.7
    told = summary.lede(Material(results, table2(results), {}, tmp_path))[1]
    assert told.startswith("LSET f(loss) has the fewest connections (as does 1 other), ")
    assert told.endswith(" its accuracy is 0.1000 lower.")


@only_svg()
def test_lifetimes_end_where_each_run_ends(tmp_path):
    """By hand: 0.4 after three updates in one run, 0.7 after two in the other."""
    cells = "\n  - {method: set}\n  - {method: set, budget: nothing}\n"
    results = make_results(make_study(tmp_path, cells, seeds=2, epochs=12))
    nothing = {"died": [0], "alive": [0]}
    lived = [
        {"died": [0, 20, 20, 20], "alive": [0, 0, 0, 40]},
        {"died": [0, 10, 20], "alive": [0, 0, 70]},
    ]
    per_cell = dict.fromkeys((run.cell for run in results.runs), 0)
    runs = []
    for run in results.runs:
        initial = lived[per_cell[run.cell]]
        per_cell[run.cell] += 1
        regrown = nothing if "nothing" in run.cell else initial
        record = {**run.record, "lifetimes": {"initial": initial, "regrown": regrown}}
        runs.append(replace(run, record=record))
    results = replace(results, runs=runs)
    material = Material(results, table2(results), looks(results.study.cells), tmp_path)
    (here,) = on_each(results.study.cells)
    _, grid = lifetimes.blocks(material, here)
    texts = [[cell.text for cell in row] for row in grid.rows]
    assert texts[0][2:] == ["2 to 3", "–", "55.0\u00a0%", "–", "55.0\u00a0%"]
    assert texts[1][2:] == ["2 to 3", "–", "55.0\u00a0%", "none", "none"]


def test_some_cells_with_too_few_runs_are_named(tmp_path):
    lost = {("accset", seed) for seed in range(2023, 2030)}
    cells = "\n  - {method: set}\n  - {method: accset}\n  - {method: set, zeta: 0.3001}\n"
    results = make_results(make_study(tmp_path, cells, seeds=8, epochs=12), lost=lost)
    first = summary.lede(Material(results, table2(results), {}, tmp_path))[0]
    assert "too few runs of AccSET differ from its own to be tested" in first
    assert "AccSET is not shown" not in first


@pytest.mark.parametrize(("lost", "over"), [(None, ""), (2024, ", over the 3 seeds of both")])
def test_what_the_sparsest_cell_costs_is_of_the_seeds_of_both(tmp_path, lost, over):
    cells = "\n  - {method: set}\n  - {method: accset}\n"
    study = make_study(tmp_path, cells, seeds=4, epochs=12)
    results = make_results(study, lost={("accset", lost)})
    frame = results.frame
    frame.loc[(frame["cell"] == "set") & (frame["seed"] == 2024), "test_accuracy"] += 0.1
    sparsest = summary.lede(Material(results, table2(results), {}, tmp_path))[1]
    shared = frame[(frame["epoch"] == 12) & (frame["seed"] != lost)]
    means = shared.groupby("cell")[["test_accuracy", "connections"]].mean()
    saved = percent(1 - means["connections"]["accset"] / means["connections"]["set"])
    loss = means["test_accuracy"]["set"] - means["test_accuracy"]["accset"]
    assert f"connections, {saved} fewer than SET" in sparsest
    assert sparsest.endswith(f" {loss:.4f} lower{over}.")


def test_a_sparsest_cell_without_a_seed_of_the_best_is_not_compared_with_it(tmp_path):
    cells = "\n  - {method: set}\n  - {method: accset}\n"
    lost = {("accset", 2022), ("set", 2023)}
    results = make_results(make_study(tmp_path, cells, seeds=2, epochs=12), lost=lost)
    told = summary.lede(Material(results, table2(results), {}, tmp_path))
    assert not [sentence for sentence in told if "fewest connections" in sentence]


def test_the_inset_is_closer_than_the_figure_and_has_the_seeds(tmp_path):
    study = make_study(tmp_path, PERFORMANCE, seeds=4, epochs=40)
    results = make_results(study)
    for plan in plans(results):
        drawn = curves(results.frame, study.cells, plan.column)
        with style("inset"):
            figure = draw_curves(drawn, looks(study.cells), plan.axis, zoom=plan.zoom)
        (axes,) = figure.axes
        (inset,) = axes.child_axes
        share = inset.get_position().height / axes.get_position().height
        (low, high), (bottom, top) = inset.get_ylim(), axes.get_ylim()
        assert (high - low) / (top - bottom) < share / 1.5, plan.column
        seeds = [line for line in inset.lines if line.get_alpha() == 0.22]
        assert len(seeds) == 6
        shown = show(plan, results, looks(study.cells), tmp_path)
        left_out = "epochs of all but SET, which stays the same, shaded" in shown.caption
        assert left_out is (plan.column == "connections")


@pytest.mark.parametrize("column", ["test_loss", "test_accuracy"])
def test_room_for_an_inset_is_not_made_below_zero(tmp_path, column):
    study = make_study(tmp_path, PERFORMANCE, seeds=2, epochs=40)
    frame = make_results(study).frame
    wave = 0.5 + 0.45 * np.sin(frame["epoch"])  # leaves no room
    frame[column] = wave.to_numpy()
    (plan,) = (plan for plan in plans(make_results(study)) if plan.column == column)
    with style("inset"):
        figure = draw_curves(
            curves(frame, study.cells, column), looks(study.cells), plan.axis, zoom=20
        )
    (axes,) = figure.axes
    assert len(axes.child_axes) == 1
    bottom, top = axes.get_ylim()
    assert bottom == 0 and top > 1.2


def test_where_no_curve_moves_there_is_no_inset(tmp_path):
    cells = "\n  - {method: set}\n  - {method: set, zeta: 0.3001}\n"
    results = make_results(make_study(tmp_path, cells, seeds=2, epochs=40))
    (plan,) = (plan for plan in plans(results) if plan.column == "connections")
    drawn = curves(results.frame, results.study.cells, plan.column)
    with style("inset"):
        figure = draw_curves(drawn, looks(results.study.cells), plan.axis, zoom=plan.zoom)
    assert plan.zoom is not None and not figure.axes[0].child_axes
    assert "inset" not in show(plan, results, looks(results.study.cells), tmp_path).caption


def test_an_svg_has_its_coordinates_rounded_and_nothing_else(tmp_path):
    with style("svg"):
        figure = new_figure(2, 1)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, 144), ylim=(72, 0))
        axes.plot([10.26, 20.04], [30.18, -0.04], alpha=0.22, linewidth=0.35)
        axes.axvspan(50.06, 60, alpha=0.16)
        svg = save(figure, "svg", tmp_path, formats=("svg",)).svg
    assert re.search(r'd="M 10.3 30.2 ?L 20 0\s*"', svg)
    assert "M 50.1 72" in svg
    assert "stroke-opacity: 0.22; stroke-width: 0.35" in svg
    assert "opacity: 0.16" in svg


def test_an_image_in_an_svg_fills_its_axes(tmp_path):
    with style("svg"):
        figure = new_figure(2, 1)
        axes = figure.add_axes((0.25, 0, 0.423, 0.846))
        axes.imshow(np.kron(np.eye(3), np.ones((90, 90))), aspect="auto", interpolation="none")
        svg = save(figure, "svg", tmp_path, formats=("svg",)).svg
    image = re.search(r"<image\b.*?>", svg, re.DOTALL)[0]
    width, matrix = re.search(r'width="(\S+)"', image), re.search(r"matrix\((\S+)", image)
    scale = float(matrix[1]) if matrix else 1.0  # before matplotlib 3.11 widths are in points
    assert float(width[1]) * scale == pytest.approx(0.423 * 144, abs=0.5)


def test_degrees_of_a_histogram():
    histogram = np.bincount(np.random.default_rng(1).poisson(20, 20_000)).astype(float)
    assert dispersion(histogram) == pytest.approx(1, abs=0.05)
    degrees, shares = at_least(np.array([1.0, 2.0, 0.0, 1.0]))
    assert degrees.tolist() == [1, 2, 3]
    assert shares.tolist() == [0.75, 0.25, 0.25]
    degrees, shares = at_least(np.array([0.0, 0.0, 0.0, 3.0, 1.0]))
    assert degrees.tolist() == [3, 4]  # all units have 3, so that 1 and 2 say nothing
    assert shares.tolist() == [1.0, 0.25]
    assert np.isnan(dispersion(np.array([3.0])))


def test_predicted_connections_are_the_formulas_and_met_in_the_end(tmp_path):
    study = make_study(tmp_path, "\n  - {method: accset}\n", baseline="accset", epochs=400, seeds=1)
    results = make_results(study)
    theta, predicted, measured = predicted_and_measured(results.frame, study.cells[0])
    initial = results.frame["connections"].iloc[0]
    assert predicted == pytest.approx(equilibrium(initial, theta, 0.3))
    assert measured == pytest.approx(predicted, rel=0.01)


def test_the_theta_of_the_prediction_is_that_of_the_last_tenth_of_the_epochs(tmp_path):
    study = make_study(tmp_path, "\n  - {method: accset}\n", baseline="accset", epochs=100, seeds=1)
    run = make_results(study).frame
    all_but_last = run["theta"].iloc[:-1]
    assert predicted_and_measured(run, study.cells[0])[0] == all_but_last.tail(10).mean()
    rare = run.assign(theta=run["theta"].where(run["epoch"] % 4 == 0))
    expected = run["theta"][run["epoch"].isin([92, 96])].mean()
    assert predicted_and_measured(rare, study.cells[0])[0] == expected
    within = run.assign(theta=run["theta"].fillna(0.5))  # updates within epochs, the last one too
    assert predicted_and_measured(within, study.cells[0])[0] == within["theta"].tail(10).mean()
    early = run.assign(theta=run["theta"].where(run["epoch"] < 60))
    assert predicted_and_measured(early, study.cells[0])[0] == run["theta"].iloc[58]


def test_a_run_under_two_names_is_shown_under_both(tmp_path):
    """Two names of one data set: their runs have the same keys."""
    results = make_results(make_study(tmp_path, "\n  - {method: set}\n", seeds=2, epochs=3))
    again = pd.concat([results.frame, results.frame.assign(cell="another")], ignore_index=True)
    assert last_epochs(again)["cell"].value_counts().to_dict() == {"set": 2, "another": 2}


@pytest.mark.parametrize(
    ("more", "seeds", "said"),
    [
        ("", 5, "with fewer than six seeds"),
        ("design: independent, ", 5, None),
        ("design: independent, ", 3, "with fewer than four seeds"),
        ("inference: anytime, ", 5, None),
    ],
)
def test_too_few_seeds_for_the_declared_test_are_said(tmp_path, more, seeds, said):
    study = make_study(tmp_path, seeds=seeds, epochs=3)
    study.path.write_text(study.path.read_text().replace("{baseline:", f"{{{more}baseline:"))
    results = make_results(load_study(study.path))
    material = Material(results, table2(results), looks(results.study.cells), tmp_path)
    found = [it for it in table_section.section(material).warnings if "with fewer than" in it]
    assert ([said in it for it in found] == [True]) if said else not found


@pytest.mark.parametrize(
    ("hours", "text"), [(0.01234, "0.0123"), (12.345, "12.3"), (123.4, "123"), (12345.6, "12,346")]
)
def test_core_hours(hours, text):
    assert core_hours(hours) == text


def test_a_legend_has_as_many_columns_as_fit():
    with style("legend"):
        found = [columns_of_legend(7.0, 8 * [letters * "n"], 4) for letters in range(1, 120)]
        assert columns_of_legend(7.0, ["a", "b"], 4) == 2
    assert found == sorted(found, reverse=True)
    assert set(found) == {4, 3, 2, 1}


@pytest.mark.parametrize("name", ["SET", "LSET f(val_loss), break_even=0.3, zeta=0.25"])
def test_legends_of_figures_are_on_the_page(tmp_path, name):
    study = make_study(tmp_path, PERFORMANCE, seeds=2, epochs=12)
    results = make_results(study)
    found = [
        replace(curve, cell=replace(curve.cell, brief=f"{name} {place}"))
        for place, curve in enumerate(curves(results.frame, study.cells, "test_accuracy"))
    ]
    with style("narrow"):
        figure = draw_curves(found, looks(study.cells), Axis("Accuracy"), narrow=True)
        (legend,) = figure.legends
        box = legend.get_window_extent()
    assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
    assert box.y1 < figure.axes[0].get_tightbbox().y0 + 1


def test_pauses_are_a_share_of_the_epochs_with_an_update_due(tmp_path):
    cells = "\n  - {method: set, gate: pauses, metric: loss, schedule: {every_epochs: {n: 5}}}\n"
    study = make_study(tmp_path, cells, baseline="null", epochs=41, seeds=2)
    results = make_results(study)
    due = results.frame["epoch"] % 5 == 0
    results.frame["paused"] = due & (results.frame["epoch"] > 10)
    results.frame["evolved"] = due & (results.frame["epoch"] <= 10)
    material = Material(results, table2(results), looks(study.cells), tmp_path)
    (grid,) = (block for block in pauses.blocks(material) if isinstance(block, Grid))
    assert [cell.text for cell in grid.rows[0]][2:5] == [
        "6.0 ± 0.0",
        "75.0\N{NO-BREAK SPACE}%",
        "15",
    ]


def test_why_a_measured_count_is_above_or_below_the_predicted_one_is_said(tmp_path):
    results = make_results(make_study(tmp_path, seeds=2, epochs=12))
    material = Material(results, table2(results), looks(results.study.cells), tmp_path)
    text = equilibrium_section.section(material).blocks[0]
    assert "above the prediction" in text and "below it" in text


def test_a_value_that_is_not_finite_spoils_only_itself(tmp_path):
    study = make_study(tmp_path, PERFORMANCE, seeds=4, epochs=12)
    results = make_results(study)
    frame, in_set = results.frame, results.frame["cell"] == "set"
    frame.loc[in_set & (frame["seed"] == 2023) & (frame["epoch"] == 5), "test_loss"] = np.nan
    found = curves(frame, study.cells, "test_loss")[0]
    others = frame[in_set & (frame["epoch"] == 5)]["test_loss"].dropna()
    assert found.counts.tolist() == [4] * 4 + [3] + [4] * 7
    assert found.mean[4] == pytest.approx(others.mean())
    assert found.half[4] == pytest.approx(4.302653 * others.std() / 3**0.5)  # t(2) at 97.5 %
    figure = next(plan for plan in plans(results) if plan.column == "test_loss")
    shown = show(figure, results, looks(study.cells), tmp_path)
    assert "n = 4 runs a cell" in shown.caption
    assert "left out: 1 value of SET" in shown.caption
    assert pd.read_csv(tmp_path / f"{shown.stem}.csv")["n"][:12].tolist() == found.counts.tolist()
    assert table2(results).rows[0].left_out == 0


@only_svg()
def test_a_last_epoch_that_is_not_finite_is_left_out_and_told(tmp_path):
    study = make_study(tmp_path, PERFORMANCE, seeds=4, epochs=12)
    results = make_results(study)
    frame = results.frame
    spoilt = (frame["cell"] == "set") & (frame["epoch"] == 12)
    frame.loc[spoilt & (frame["seed"] == 2023), "test_loss"] = np.inf
    frame.loc[(frame["cell"] == "accset"), "test_loss"] = np.nan
    index = reporting.write(results, tmp_path / "out").index
    rows = table2(results).rows
    assert [entry.own_n for entry in rows[0].entries] == ["", "n = 3", "", "", "n = 3"]
    assert rows[1].entries[1].mean == "–"
    told = ": 1 run of SET and 4 runs of AccSET;"
    page = index.read_text()
    assert told in page
    assert "<small>n = 3; " in page
    assert "left out: 1 value of SET" in page
    assert "Not shown" in page and "finite values: AccSET" in page
    markdown, text = ((index.parent / f"table2.{kind}").read_text() for kind in ("md", "tex"))
    assert told in markdown and ", n = 3 (" in markdown
    assert told in text and ", $n = 3$" in text
    table = pd.read_csv(index.parent / "table2.csv")
    assert table["loss_n"][:3].tolist() == [3, 0, 4]
    assert table["n"][:3].tolist() == [4, 4, 4]
    assert not [svg.name for svg in index.parent.glob("*.svg") if "nan" in svg.read_text()]


def test_cells_with_the_very_same_runs_are_named(tmp_path):
    results = make_results(make_study(tmp_path, PERFORMANCE, seeds=2, epochs=12))
    material = Material(results, table2(results), {}, tmp_path)
    assert identical(material) == []
    results.frame["connections"] = 1
    results.frame["test_accuracy"] = results.frame["test_loss"] = results.frame["seed"] / 1e4
    (sentence,) = identical(material)
    assert "SET, AccSET, LSET" in sentence


def test_runs_from_different_machines_versions_and_code_give_warnings(tmp_path):
    study = make_study(tmp_path, PERFORMANCE, seeds=2, epochs=12)

    def provenance(cell, seed):
        other = {"torch": "2.8.0", "host": "node-2", "gpu": "GPU X", "dirty": True}
        return other if seed == 2023 else {"gpu": None} if cell.label == "set" else {}

    results = make_results(study, provenance=provenance)
    found = setting.section(Material(results, table2(results), {}, tmp_path))
    torch, gpu, host, dirty = found.warnings
    assert "torch: 2.8.0 (6 runs) and 2.9.0 (6 runs)" in torch
    assert "GPU: GPU X (6 runs) and none (6 runs)" in gpu
    assert "host: node-1 (6 runs) and node-2 (6 runs)" in host
    assert dirty.startswith("6 runs ")
    same = make_results(study)
    assert setting.section(Material(same, table2(same), {}, tmp_path)).warnings == ()


@pytest.mark.parametrize(
    ("design", "said"),
    [("paired", "compared in pairs"), ("independent", "as independent samples (Welch)")],
)
def test_how_cells_are_compared_is_as_the_study_declares(tmp_path, design, said):
    baseline = f"{{method: set}}, design: {design}"
    study = make_study(tmp_path, seeds=2, epochs=12, baseline=baseline)
    results = make_results(study)
    about = setting.section(Material(results, table2(results), {}, tmp_path)).blocks[0]
    assert said in about
    assert ("in pairs" in about) is (design == "paired")


def test_what_a_study_does_unlike_the_paper_is_named(tmp_path):
    results = make_results(
        make_study(tmp_path, "\n  - {method: lset, dropout: 0.1}\n", baseline="null")
    )
    assert differences_from_paper(results) == ["epochs (40)", "dropout (0.1)"]


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ("", "the paper's value, and ours minus the paper's"),
        (
            ", dataset: {parquet: x, name: CIFAR-10 (x)}",
            "the paper's value, and ours minus the paper's",
        ),
        (", dataset: mnist", ""),
    ],
)
def test_what_is_shown_of_the_paper_is_said_in_every_form_of_table_2(tmp_path, more, shown):
    study = make_study(tmp_path, f"\n  - {{method: set{more}}}\n", epochs=2, baseline="null")
    results = make_results(study)
    table = table2(results)
    assert table.of_paper == shown
    section = table_section.section(Material(results, table, looks(study.cells), tmp_path))
    assert section.title.startswith("Table 2") is bool(shown)
    markdown, latex = as_markdown(table, "x"), as_tex(table, "x")
    assert (f"In brackets: {shown}." in markdown) is ("In brackets" in markdown) is bool(shown)
    assert (f"Below ours: {escape(shown)}." in latex) is ("Below ours" in latex) is bool(shown)


@pytest.mark.parametrize(
    ("epochs", "method", "restates"),
    [(100, "set", True), (12, "set", False), (100, "lset", False)],
)
def test_figures_2_and_3_are_the_papers_at_its_100_epochs_and_stand_beside_no_table_2(
    tmp_path, epochs, method, restates
):
    cells = f"\n  - {{method: {method}, grid: {{regrow: [random, one_neighbour]}}}}\n"
    study = make_study(tmp_path, cells, epochs=epochs, baseline="null")
    results = make_results(study)
    section = table_section.section(
        Material(results, table2(results), looks(study.cells), tmp_path)
    )
    assert table2(results).has_paper is not restates
    assert (section.title == "The last epoch") is restates
    assert differences_from_paper(results) == ([] if restates else [f"epochs ({epochs})"])
    assert any("in Figures 2 and 3" in str(block) for block in section.blocks) is restates


@only_svg()
def test_a_network_without_connections_is_the_best_in_nothing(tmp_path):
    cells = "\n  - {method: set}\n  - {method: accset}\n"
    results = make_results(make_study(tmp_path, cells, seeds=2, epochs=3))
    dead = results.frame["cell"] == "accset"
    layers = [name for name in results.frame if name.startswith("connections")]
    results.frame.loc[dead, layers] = 0
    page = reporting.write(results, tmp_path / "one").index.read_text()
    assert "in the last epoch: AccSET" in page
    for row in table2(results).rows:
        assert {entry.mark for entry in row.entries} == {""}
    results.frame.loc[:, layers] = 0
    assert reporting.write(results, tmp_path / "all").index.exists()


def test_theta_of_zero_predicts_no_connections_and_no_share_of_them(tmp_path):
    results = make_results(make_study(tmp_path, seeds=2, epochs=3))
    results.frame["theta"] = 0.0
    material = Material(results, table2(results), looks(results.study.cells), tmp_path)
    (grid,) = (b for b in equilibrium_section.section(material).blocks if isinstance(b, Grid))
    assert {row[-1].text for row in grid.rows} == {"–"}


def test_data_sets_whose_names_begin_alike_have_files_of_their_own():
    names = [40 * "a" + "1", 40 * "a" + "2", "A B", "a-b", "日本", "中国"]
    assert len(set(suffixes_of(names).values())) == len(names)
    assert suffixes_of(["one"]) == {"one": ""}


def test_the_settings_show_the_parts_of_each_recipe(tmp_path):
    cells = "\n  - {method: rigl}\n  - {method: set, schedule: {every_steps: {n: 50}}}\n"
    results = make_results(make_study(tmp_path, cells, baseline="rigl", seeds=2, epochs=3))
    material = Material(results, table2(results), looks(results.study.cells), tmp_path)
    (grid,) = (
        block
        for block in setting.section(material).blocks
        if isinstance(block, Grid) and block.name == "settings-grid"
    )
    shown = {row[0].text: row[1].text for row in grid.rows}
    assert "every_steps (n=100" in shown["Schedule"]
    assert "every_steps (n=50" in shown["Schedule"]
    assert shown["Prune rule"].startswith("magnitude")
    assert [name for name in differences_from_paper(results) if "schedule" in name] == [
        "schedule (every_steps (n=50))"
    ]
    assert equilibrium_section.section(material) is None or len(
        equilibrium_section.section(material).blocks[1].rows
    ) < len(results.study.cells)


def test_more_curves_than_one_panel_shows_have_a_panel_for_each_group(tmp_path):
    cells = PERFORMANCE + "  - {method: static}\n  - {method: dense}\n  - {method: rigl}\n"
    results = make_results(make_study(tmp_path, cells, seeds=2, epochs=4))
    plan = next(plan for plan in plans(results) if plan.number == 4)
    drawn = curves(results.frame, list(plan.cells), plan.column)
    assert len(drawn) == 9
    titles = ["Dense", "Static", "Same count throughout", "Changing count"]
    shown = in_panels(drawn)
    assert [title for title, _ in shown] == titles
    assert sorted(number for _, numbers in shown for number in numbers) == list(range(9))
    with style("fig4"):
        figure = draw_multiples(drawn, looks(results.study.cells), plan.axis)
    assert not any(axes.child_axes for axes in figure.axes), "no zoom in so short a training"
    assert [panel["curves"] for panel in panels(figure)] == [numbers for _, numbers in shown]
    coloured = {line.get_gid() for axes in figure.axes for line in axes.lines} - {None}
    assert coloured == {f"curve-{number}" for number in range(9)}


def test_many_strategies_of_one_method_have_hues_of_their_own_and_a_closer_look(tmp_path):
    names = ("random", "one_neighbour", "most_neighbours", "gradient", "cosine", "variance")
    names += ("degree", "same_unit", "dissimilar", "windowed_momentum")
    cells = "".join(f"\n  - {{method: set, regrow: {name}}}" for name in names) + "\n"
    results = make_results(make_study(tmp_path, cells, baseline="null", seeds=2, epochs=40))
    plan = next(plan for plan in plans(results) if plan.number == 2)
    drawn = curves(results.frame, list(plan.cells), plan.column)
    of_cells = looks(results.study.cells)
    assert len({look.hue for look in of_cells.values()}) == len(names)
    assert [title for title, _ in in_panels(drawn)] == ["", ""], "one group needs no name"
    with style("fig2"):
        figure = draw_multiples(drawn, of_cells, plan.axis, zoom=plan.zoom)
    (first,), (second,) = (axes.child_axes for axes in figure.axes)
    assert plan.zoom == 4 and first.get_xlim() == (37, 40)
    assert first.get_ylim() == second.get_ylim()
    ends = np.array([curve.mean[-plan.zoom :] for curve in drawn])
    low, high = first.get_ylim()
    assert low < ends.min() and ends.max() < high < low + 1.3 * np.ptp(ends)
    assert len(first.lines) == len(second.lines) == len(names)


@pytest.mark.parametrize("spoilt", [None, "lset"])
def test_curves_that_end_before_the_inset_or_are_lost_in_it_leave_it_out(tmp_path, spoilt):
    cells = "\n  - {method: set}\n  - {method: lset, epochs: 12}\n"
    cells = cells.replace(", epochs: 12", "") if spoilt else cells
    results = make_results(make_study(tmp_path, cells, seeds=2, epochs=40))
    frame = results.frame
    frame.loc[frame["epoch"] > 30, "test_loss"] = float("nan")
    columns = ("connections", "test_loss") if spoilt else ("connections",)
    for plan in plans(results):
        if plan.column in columns:
            caption = show(plan, results, looks(results.study.cells), tmp_path).caption
            assert ("inset" in caption) is (spoilt == "lset" and plan.column == "connections")


def test_a_dead_network_is_not_said_to_be_the_most_accurate(tmp_path):
    results = make_results(make_study(tmp_path, "\n  - {method: accset}\n  - {method: set}\n"))
    frame = results.frame
    dead = frame["cell"].str.startswith("accset")
    frame.loc[dead, ["connections", "test_accuracy"]] = (0, 0.1)
    material = Material(results, table2(results), looks(results.study.cells), tmp_path)
    assert summary.lede(material)[0].startswith("SET reaches the highest accuracy")


def test_bands_that_leave_the_axes_are_said_to(tmp_path):
    results = make_results(make_study(tmp_path, PERFORMANCE, seeds=2, epochs=12))
    frame = results.frame
    plan = next(plan for plan in plans(results) if plan.column == "connections")
    caption = show(plan, results, looks(results.study.cells), tmp_path).caption
    assert "cut off" not in caption
    frame.loc[frame["seed"] == frame["seed"].min(), "connections"] //= 2
    assert "cut off" in show(plan, results, looks(results.study.cells), tmp_path).caption


def test_as_many_variants_as_there_are_looks_can_be_told_apart_without_markers(tmp_path):
    rates = [n / 100 for n in range(10, 24)]
    cells = f"\n  - {{method: set, grid: {{zeta: {rates}}}}}\n"
    drawn = looks(make_study(tmp_path, cells, baseline="null").cells)
    assert len({(look.hue, look.dash) for look in drawn.values()}) == len(drawn) == 14


def test_a_logarithmic_axis_has_few_plain_ticks(tmp_path):
    """Minor ticks once had their TeX source written over each other."""
    results = make_results(make_study(tmp_path, "\n  - {method: set}\n  - {method: dense}\n"))
    results.frame["multiply_adds"] = 5.1e10
    results.frame.loc[results.frame["cell"] == "dense", "multiply_adds"] = 22 * 5.1e10
    material = Material(results, table2(results), looks(results.study.cells), tmp_path)
    shown = pareto.section(material).blocks[-1]
    labels = re.findall(r">(\d[^<>:]*× 10[^<>]*)<", shown.wide)
    assert 2 <= len(labels) <= 8, labels
    assert "mathdefault" not in shown.wide
