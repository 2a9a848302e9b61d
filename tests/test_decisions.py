"""Declared comparisons and claims of a study, from tidy rows to verdicts."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2
from statsmodels.stats.power import TTestPower

from suite import decisions
from suite.errors import UserError
from suite.store.table import Results, RunState
from suite.study import load_study
from suite.study.tune import Tuned
from tests.made_results import make_results, make_study

SEEDS = range(2022, 2032)
STUDIES = Path(__file__).parent.parent / "studies"
HEAD = """
schema: 1
name: small
seeds: {root: 2022, count: 10}
defaults: {dataset: cifar10, epochs: 3, validation: VALIDATION}
cells:
  - {method: set}
  - {method: lset, metric: loss}
  - {method: static}
"""


def small(folder, more, accuracy, *, validation="test", lost=()):
    """A study of three cells with one accuracy a cell, seed and epoch.

    accuracy: cell's method -> (seed number, epoch number) -> value.
    """
    import pandas as pd

    file = folder / "small.yaml"
    file.write_text(HEAD.replace("VALIDATION", validation) + more)
    study = load_study(file)
    rows, runs = [], []
    for number, seed in enumerate(study.seeds):
        for cell in study.cells:
            state = "failed" if (cell.settings.method, seed) in lost else "done"
            runs.append(RunState(f"{cell.label}{seed}", cell.label, seed, state))
            if state == "failed":
                continue
            for epoch in (1, 2, 3):
                value = accuracy[cell.settings.method](number, epoch)
                rows.append(
                    {
                        "cell": cell.label,
                        "seed": seed,
                        "epoch": epoch,
                        "test_accuracy": value,
                        "val_accuracy": (3 - abs(epoch - 2)) / 10,  # best in epoch 2
                        "test_loss": 1 - value,
                        "connections": 1000 if cell.settings.method == "set" else 640 + number,
                    }
                )
    frame = pd.DataFrame(rows).sample(frac=1, random_state=0)  # the order of rows means nothing
    return Results(study, frame, runs)


def wobble(number):
    return np.sin(number) / 100


ACCURACY = {
    "set": lambda number, epoch: 0.6 + epoch / 100 + wobble(number),
    "lset": lambda number, epoch: 0.62 + epoch / 100 + wobble(number) + wobble(3 * number) / 4,
    "static": lambda number, epoch: 0.6 + epoch / 100 + wobble(number),
}
BASELINE = "comparisons: {baseline: set}\n"


def test_every_other_cell_is_compared_with_the_baseline(tmp_path):
    rows = decisions.comparisons(small(tmp_path, BASELINE, ACCURACY))
    assert [(row.cell.label, row.against.label) for row in rows] == [
        ("lset[metric=loss]", "set"),
        ("static", "set"),
    ]
    better, same = (row.found for row in rows)
    assert better.verdict == "better"
    assert better.difference == pytest.approx(
        0.02 + np.mean([wobble(3 * number) / 4 for number in range(10)])
    )
    assert (better.n, better.dropped) == (10, 0)
    assert same.verdict == "inconclusive"
    assert (same.ties, same.n) == (10, 10)
    assert "dentical" in same.reason and "10 pairs" in same.reason


def test_the_level_is_the_one_that_the_study_declares(tmp_path):
    lax, strict = (
        small(tmp_path, CLAIMS.replace("baseline: set", f"baseline: set, alpha: {alpha}"), ACCURACY)
        for alpha in (0.1, 0.05)
    )
    for rows in (decisions.comparisons, decisions.claims):
        needed = [2 * row.found.needed for row in rows(strict)]
        assert [row.found.needed for row in rows(lax)] == pytest.approx(needed)
    levels = [row.need.level for row in decisions.seeds_needed(lax) if row.need]
    assert set(levels) == {0.1 / 2}  # Holm's first step of two


def test_cells_on_another_data_set_are_not_compared_with_the_baseline(tmp_path):
    cells = """
  - {method: set}
  - {method: static}
  - {method: lset, metric: loss, dataset: mnist}"""
    study = make_study(tmp_path, cells)
    assert [(a.label, b.label) for a, b in study.pairs] == [("static", "set")]


@pytest.mark.parametrize("outcome", ["test_loss", "beta"])
def test_less_is_better_for_losses_and_beta(tmp_path, outcome):
    more = f"comparisons: {{baseline: set, outcome: {outcome}}}\n"
    found = decisions.comparisons(small(tmp_path, more, ACCURACY))[0].found
    assert found.difference < 0
    assert found.verdict == "better"


def test_fewer_connections_are_better_and_higher_alpha_is(tmp_path):
    more = "comparisons: {pairs: [[lset, set]], outcome: OUTCOME}\n"
    for outcome in ("connections", "alpha"):
        results = small(tmp_path, more.replace("OUTCOME", outcome), ACCURACY)
        assert decisions.comparisons(results)[0].found.verdict == "better"


def test_alpha_and_beta_are_taken_from_each_run_and_then_averaged(tmp_path):
    results = small(tmp_path, BASELINE, ACCURACY)
    alpha, beta = decisions.values(results, "alpha"), decisions.values(results, "beta")
    accuracy = ACCURACY["lset"](4, 3)
    assert alpha.loc[2026, "lset[metric=loss]"] == pytest.approx(accuracy / 644)
    assert beta.loc[2026, "lset[metric=loss]"] == pytest.approx((1 - accuracy) * 644)


@pytest.mark.parametrize(
    ("measure", "words", "epochs"),
    [
        ("last", "last epoch", [3]),
        ("{last: 2}", "mean of the last 2 epochs", [2, 3]),
        ("best", "epoch of the best validation accuracy", [2]),
    ],
)
def test_what_is_measured(tmp_path, measure, words, epochs):
    more = f"comparisons: {{baseline: set, measure: {measure}}}\n"
    results = small(tmp_path, more, ACCURACY, validation="0.1")
    values = decisions.values(results, "test_accuracy")
    expected = [np.mean([ACCURACY["set"](n, epoch) for epoch in epochs]) for n in range(10)]
    assert values["set"].tolist() == pytest.approx(expected)
    assert decisions.comparisons(results)[0].measure == words


def test_the_best_epoch_is_never_chosen_by_the_test_set(tmp_path):
    with pytest.raises(UserError, match=r"comparisons\.measure: best .* validates on the test set"):
        small(tmp_path, "comparisons: {baseline: set, measure: best}\n", ACCURACY)


def test_a_failed_run_drops_its_pair_and_is_counted(tmp_path):
    results = small(tmp_path, BASELINE, ACCURACY, lost=[("lset", 2024), ("set", 2025)])
    found = decisions.comparisons(results)[0].found
    assert (found.n, found.dropped, found.verdict) == (8, 2, "better")
    assert "2 of 10 declared pairs missing" in found.note
    assert "LSET f(loss) failed with seed 2024" in found.note
    assert "SET failed with seed 2025" in found.note


def test_a_value_that_is_not_finite_drops_its_pair(tmp_path):
    diverged = {**ACCURACY, "lset": lambda n, e: np.inf if n == 7 else ACCURACY["lset"](n, e)}
    found = decisions.comparisons(small(tmp_path, BASELINE, diverged))[0].found
    assert (found.n, found.dropped) == (9, 1)
    more = "comparisons: {baseline: set, measure: {last: 2}}\n"
    diverged = {**ACCURACY, "lset": lambda n, e: np.nan if (n, e) == (7, 2) else 0.6 + n / 100}
    assert decisions.comparisons(small(tmp_path, more, diverged))[0].found.n == 9


def test_nothing_run_yet_is_unattainable_and_not_an_error(tmp_path):
    results = make_results(make_study(tmp_path, seeds=1), lost=[])
    nothing = Results(results.study, results.frame.iloc[:0], [])
    for row in decisions.comparisons(nothing):
        assert row.found.verdict == "unattainable"
        assert row.found.seeds_needed == 8


def test_seeds_that_no_two_cells_share_fall_back_to_welch(tmp_path):
    lost = [("lset", seed) for seed in SEEDS[5:]] + [("set", seed) for seed in SEEDS[:5]]
    found = decisions.comparisons(small(tmp_path, BASELINE, ACCURACY, lost=lost))[0].found
    assert (found.design, found.n_a, found.n_b) == ("independent", 5, 5)
    assert "no seed is shared" in found.note


def test_a_declared_pair_keeps_its_familys_correction_and_another_stands_alone(tmp_path):
    results = small(tmp_path, BASELINE, ACCURACY)
    (declared,) = decisions.comparison(results, "lset", "set")
    assert declared.row() == decisions.comparisons(results)[0].row()
    (turned,) = decisions.comparison(results, {"method": "set"}, "lset[metric=loss]")
    assert (turned.cell, turned.against) == (declared.against, declared.cell)
    assert turned.found.verdict == "worse"
    assert turned.found.difference == -declared.found.difference
    assert (turned.found.low, turned.found.high) == (-declared.found.high, -declared.found.low)
    assert turned.found.p_adjusted == declared.found.p_adjusted
    (other,) = decisions.comparison(results, "lset", "static")
    assert other.found.needed == 0.05
    assert "not declared" in other.found.note


def test_a_name_that_fits_no_cell_lists_the_candidates(tmp_path):
    results = small(tmp_path, BASELINE, ACCURACY)
    with pytest.raises(UserError, match="lset"):
        decisions.comparison(results, "lsett", "set")
    with pytest.raises(UserError, match="with itself"):
        decisions.comparison(results, "lset", "lset[metric=loss]")


CLAIMS = """
comparisons: {baseline: set, equivalence_margin: 0.005}
claims:
  - sentence: LSET is more accurate than both others and has the lower loss.
    parts:
      - {cells: [lset], against: [set, static], direction: higher}
      - {cells: [lset], against: [set, static], direction: lower, outcome: test_loss}
  - sentence: SET is more accurate than LSET.
    parts: [{cells: [set], against: [lset], direction: higher}]
  - sentence: LSET and static save about 36 % of SET's connections.
    parts:
      - {cells: [lset, static], against: [set], direction: saves, outcome: connections, paper: 0.36}
  - sentence: SET, static and LSET do not differ.
    parts:
      - {cells: [set, lset], against: [lset, set], direction: equivalent, one_to_one: true}
  - sentence: static beats SET.
    parts: [{cells: [static], against: [set], direction: higher}]
"""


def test_claims_of_every_kind(tmp_path):
    rows = decisions.claims(small(tmp_path, CLAIMS, ACCURACY))
    assert [row.found.verdict for row in rows] == [
        "supported",
        "contradicted",
        "supported",
        "contradicted",
        "inconclusive",
    ]
    assert [statement.sentence for statement in rows[0].statements] == [
        "LSET f(loss) has higher test accuracy than SET",
        "LSET f(loss) has higher test accuracy than Static sparse training",
        "LSET f(loss) has lower test loss than SET",
        "LSET f(loss) has lower test loss than Static sparse training",
    ]
    saving = rows[2].statements[0]
    assert saving.paper == 0.36
    assert saving.found.estimate == pytest.approx(1 - 0.6445)
    assert "identical so far" in rows[4].found.reason


def test_statements_say_their_margins(tmp_path):
    rows = decisions.claims(small(tmp_path, CLAIMS, ACCURACY))
    saving, equal = rows[2].statements[0], rows[3].statements[0]
    assert saving.sentence == (
        "LSET f(loss) saves 36.0\u00a0% ± 2 points of SET's connections (the margin by default)"
    )
    assert equal.sentence == "SET differs from LSET f(loss) in test accuracy by less than 0.005"
    assert (saving.margin, equal.margin) == (0.02, 0.005)
    assert saving.row()["margin"] == 0.02
    declared = CLAIMS.replace("paper: 0.36", "paper: 0.36, margin: 0.01")
    declared = declared.replace("one_to_one: true", "one_to_one: true, margin: 0.25")
    rows = decisions.claims(small(tmp_path, declared, ACCURACY))
    sentences = [rows[place].statements[0].sentence for place in (2, 3)]
    assert sentences[0].endswith("saves 36.0\u00a0% ± 1 point of SET's connections")
    assert sentences[1].endswith("by less than 0.25")


def test_the_papers_value_is_that_of_its_table_where_a_claim_has_none(tmp_path):
    rows = decisions.claims(small(tmp_path, CLAIMS, ACCURACY))
    values = [statement.paper for row in rows for statement in row.statements]
    assert values[:4] == pytest.approx([0.6611 - 0.6682, None, 0.9524 - 0.9411, None])
    assert values[4] == pytest.approx(0.6682 - 0.6611)
    assert values[5:7] == [0.36, 0.36]  # as declared
    assert values[-1] is None  # the paper trains no static network


def test_every_statement_of_table_2_has_the_papers_value_and_none_of_figures_2_and_3():
    for name, has_values in (("table2", True), ("table2-100-jpeg", True), ("regrowth", False)):
        study = load_study(STUDIES / f"{name}.yaml")
        nothing = Results(study, make_nothing(), [])
        values = [
            statement.paper for row in decisions.claims(nothing) for statement in row.statements
        ]
        assert all((value is not None) == has_values for value in values), name


def make_nothing():
    import pandas as pd

    return pd.DataFrame()


def test_a_claim_is_not_decided_with_too_few_seeds(tmp_path):
    lost = [(method, seed) for method in ("set", "lset", "static") for seed in SEEDS[5:]]
    rows = decisions.claims(small(tmp_path, CLAIMS, ACCURACY, lost=lost))
    assert rows[0].found.verdict == "unattainable"
    assert rows[0].found.seeds_needed == 8  # 2/2^8 <= 0.05 over five claims


def test_rows_are_plain_json(tmp_path):
    results = small(tmp_path, CLAIMS, ACCURACY, lost=[("static", seed) for seed in SEEDS])
    rows = [*decisions.comparisons(results), *decisions.claims(results)]
    rows += decisions.seeds_needed(results)
    back = json.loads(json.dumps([row.row() for row in rows], allow_nan=False))
    assert back[0]["cell"] == "lset[metric=loss]"
    assert back[1]["mean_a"] is None
    assert back[2]["parts"][0]["statement"].startswith("LSET")


def test_seeds_needed_from_the_runs_done(tmp_path):
    results = small(tmp_path, "comparisons: {baseline: set}\n", ACCURACY)
    first, second = decisions.seeds_needed(results)
    assert first.basis == "difference seen so far"
    assert (first.runs, first.declared) == (10, 10)
    assert first.need.seeds_low <= first.need.seeds <= first.need.seeds_high
    assert second.need is None
    assert second.reason == "identical so far in all 10 pairs"


@pytest.mark.parametrize(("design", "freedom"), [("paired", 9), ("independent", 18)])
def test_how_well_the_spread_is_known_follows_from_the_runs_done(tmp_path, design, freedom):
    declared = f"comparisons: {{baseline: set, design: {design}}}\n"
    need = decisions.seeds_needed(small(tmp_path, declared, ACCURACY))[0].need
    low, high = need.sd * np.sqrt(freedom / chi2.ppf([0.975, 0.025], freedom))
    assert (need.sd_low, need.sd_high) == pytest.approx((low, high))


def test_seeds_needed_from_given_figures_needs_no_runs(tmp_path):
    results = small(tmp_path, "comparisons: {baseline: set}\n", ACCURACY)
    nothing = Results(results.study, results.frame.iloc[:0], [])
    assert decisions.seeds_needed(nothing)[0].need is None
    row = decisions.seeds_needed(nothing, effect=0.01, sd=0.01)[0]
    assert (row.basis, row.runs) == ("given", 0)
    level = 0.05 / 2
    exact = TTestPower().solve_power(effect_size=1, alpha=level, power=0.8)
    assert row.need.seeds == np.ceil(exact)
    smaller = decisions.seeds_needed(nothing, effect=0.005, sd=0.01)[0]
    assert smaller.need.seeds > row.need.seeds


def test_seeds_needed_after_a_fallback_are_those_of_the_declared_pairs(tmp_path):
    lost = [("lset", seed) for seed in SEEDS[5:]] + [("set", seed) for seed in SEEDS[:5]]
    results = small(tmp_path, BASELINE, ACCURACY, lost=lost)
    row = decisions.seeds_needed(results, effect=1.0)[0]
    assert row.need.seeds == 7  # 2/2^7 <= 0.05 / 2, and not 2/C(2n, n)
    values = decisions.values(results, "test_accuracy")
    expected = np.sqrt(values["set"].var() + values["lset[metric=loss]"].var())
    assert row.need.sd == pytest.approx(expected)


def test_the_margin_is_the_difference_to_detect_where_one_is_declared(tmp_path):
    row = decisions.seeds_needed(small(tmp_path, CLAIMS, ACCURACY))[0]
    assert (row.basis, row.need.difference) == ("equivalence margin", 0.005)
    assert row.need.seeds_equivalence is not None


@pytest.mark.parametrize("given", [{"effect": 0}, {"sd": -1}, {"power": 1}, {"effect": np.nan}])
def test_figures_out_of_range_are_refused(tmp_path, given):
    with pytest.raises(UserError, match="must"):
        decisions.seeds_needed(small(tmp_path, BASELINE, ACCURACY), **given)


def test_rows_without_figures_have_the_same_columns(tmp_path):
    with_figures = small(tmp_path, BASELINE, ACCURACY)
    (known, _), (unknown, _) = (
        decisions.seeds_needed(of)
        for of in (with_figures, replace(with_figures, frame=with_figures.frame[:0]))
    )
    assert unknown.need is None
    assert list(unknown.row()) == list(known.row())


def test_cells_of_several_data_sets_are_ranked_over_blocks(tmp_path):
    cells = """
  - {method: set, grid: {epochs: [5, 6, 7, 8, 9]}}
  - {method: lset, metric: loss, grid: {epochs: [5, 6, 7, 8, 9]}}
  - {method: dense, grid: {epochs: [5, 6, 7, 8, 9]}}
"""
    file = tmp_path / "blocks.yaml"
    file.write_text(f"name: blocks\nseeds: {{count: 2}}\ncells:{cells}")
    results = make_results(load_study(file))
    table = decisions.blocks(results, "connections")
    assert table.shape == (5, 3)
    assert table.index[0] == "epochs=5"
    ranking = decisions.ranking(results, "connections")
    assert ranking.blocks == 5
    assert ranking.ranks.to_dict() == {"lset[metric=loss]": 1, "set": 2.5, "dense": 2.5}
    assert np.isnan(ranking.p)  # one data set: the blocks share their seeds
    assert "share a data set" in ranking.reason


def on_five_data_sets(tmp_path, lost=()):
    names = "[digits, mnist, fashion_mnist, cifar10, cifar100]"
    cells = "".join(
        f"\n  - {{method: {method}, grid: {{dataset: {names}}}}}"
        for method in ("set", "lset", "dense")
    )
    file = tmp_path / "data.yaml"
    text = f"name: data\nseeds: {{root: 1, count: 3}}\ndefaults: {{epochs: 5}}\ncells:{cells}\n"
    file.write_text(text)
    study = load_study(file)
    dense = [cell.label for cell in study.cells if cell.settings.method == "dense"]
    return make_results(study, lost=[(label, seed) for label in dense for seed in lost])


def test_ranks_over_data_sets_are_tested(tmp_path):
    ranking = decisions.ranking(on_five_data_sets(tmp_path), "connections")
    assert ranking.ranks.to_dict() == {"lset[metric=loss]": 1, "set": 2.5, "dense": 2.5}
    assert ranking.p < 0.05


def test_ranks_go_by_the_seeds_that_all_cells_of_a_block_have(tmp_path):
    """The last seed is the best of all cells, and one cell has only that."""
    results = on_five_data_sets(tmp_path, lost=(1, 2))
    frame = results.frame
    worse = (frame["cell"].str.startswith("dense")) * 0.01
    frame["test_accuracy"] = 0.1 * frame["seed"] - worse
    assert decisions.ranking(results).ranks.to_dict() == {
        "set": 1.5, "lset[metric=loss]": 1.5, "dense": 3.0
    }  # fmt: skip


def test_what_tuning_chose_for_each_cell_makes_no_blocks(tmp_path):
    cells = "".join(
        f"  - {{method: {method}, grid: {{epochs: [5, 6, 7, 8, 9]}}}}\n"
        for method in ("set", "static", "dense")
    )
    file = tmp_path / "tuned.yaml"
    tune = "tune: {search: {learning_rate: {log: [0.001, 0.1]}}, samples: 4}"
    file.write_text(f"name: tuned\nseeds: {{count: 2}}\ncells:\n{cells}{tune}\n")
    study = load_study(file)
    winners = {}
    for place, tuning in enumerate(study.tunings):
        chosen = tuning.cell.settings.model_copy(update={"learning_rate": 0.01 + 0.001 * place})
        winners[tuning.cell.label] = Tuned(tuning, (), 0, chosen)
    tuned = study.with_winners(winners)
    assert len({cell.settings.learning_rate for cell in tuned.cells}) == len(tuned.cells)
    expected = decisions.blocks(make_results(study), "connections")
    found = decisions.blocks(make_results(tuned), "connections")
    assert found.index.tolist() == expected.index.tolist() == [f"epochs={n}" for n in range(5, 10)]
    assert found.shape == (5, 3) and found.notna().all(axis=None)


def test_one_data_set_is_no_ranking(tmp_path):
    ranking = decisions.ranking(make_results(make_study(tmp_path)))
    assert np.isnan(ranking.p)
    assert re.findall(r"\d+", ranking.reason) == ["1", "5"]


def test_wins_ties_and_losses(tmp_path):
    rows = decisions.comparisons(small(tmp_path, BASELINE, ACCURACY))
    counts = decisions.win_tie_loss(rows)
    assert counts.loc["set"].tolist() == [0, 1, 1]
    assert counts.loc["lset[metric=loss]"].tolist() == [1, 0, 0]


@pytest.mark.parametrize("noise", [1e-15, -3e-16, 1e-13])
@pytest.mark.parametrize("outcome", ["test_accuracy", "test_loss", "alpha"])
def test_rounding_decides_nothing(tmp_path, noise, outcome):
    more = f"""
comparisons: {{baseline: set, outcome: {outcome}}}
claims:
  - sentence: LSET is higher.
    parts: [{{outcome: {outcome}, cells: [lset], against: [set], direction: higher}}]
"""
    accuracy = ACCURACY | {"lset": lambda n, e: ACCURACY["set"](n, e) + noise}
    results = small(tmp_path, more, accuracy)
    results.frame["connections"] = 1000
    assert decisions.comparisons(results)[0].found.verdict == "inconclusive"
    assert decisions.claims(results)[0].found.verdict == "inconclusive"


def test_a_value_that_is_not_finite_is_named_with_its_seed(tmp_path):
    results = small(tmp_path, BASELINE, ACCURACY)
    results.frame.loc[
        (results.frame["cell"] == "set") & (results.frame["seed"] == 2023), "test_accuracy"
    ] = np.inf
    found = decisions.comparisons(results)[0].found
    assert (found.n, found.dropped) == (9, 1)
    assert "SET has no finite value with seed 2023" in found.note


def test_the_papers_values_stand_only_next_to_its_data_set_and_network(tmp_path):
    copy, other = "{parquet: x, name: CIFAR-10 (x)}", "{parquet: x, name: CIFAR-100}"
    cells = f"""
  - {{title: its own, method: set}}
  - {{title: fewer epochs, method: lset, epochs: 10}}
  - {{title: a copy, method: accset, dataset: {copy}}}
  - {{title: another set, method: set, dataset: {other}}}
  - {{title: digits, method: set, dataset: digits, augment: false}}
  - {{title: another network, method: set, hidden: [4000, 1000]}}
  - {{title: another method, method: static}}
  - {{title: another budget, method: lset, budget: {{performance: {{break_even: 0.3}}}}}}
"""
    study = make_study(tmp_path, cells, baseline="its own")
    rows = {cell.brief: decisions.published(study, cell) for cell in study.cells}
    beside = [label for label, row in rows.items() if row is not None]
    assert beside == ["its own", "fewer epochs", "a copy"]
    assert rows["a copy"].accuracy == 0.6494


def test_cells_of_other_epochs_or_data_sets_are_said_to_be(tmp_path):
    cells = """
  - {method: set}
  - {method: accset, epochs: 20}
  - {method: lset, dataset: mnist}
"""
    pairs = "\n  pairs: [[accset, set], [lset, set]]"
    more = """
claims:
  - sentence: It is higher.
    parts: [{cells: [accset, lset], against: [set], direction: higher}]
"""
    file = tmp_path / "unlike.yaml"
    file.write_text(
        "name: unlike\nseeds: {count: 8}\ndefaults: {dataset: cifar10, epochs: 40}\n"
        f"cells:{cells}comparisons:{pairs}{more}"
    )
    results = make_results(load_study(file))
    epochs, data = (row.found.note for row in decisions.comparisons(results))
    assert "the epochs differ (20 and 40)" in epochs
    assert "the data sets differ (MNIST and CIFAR-10)" in data
    (claim,) = decisions.claims(results)
    assert "the epochs differ" in claim.statements[0].found.reason
    assert claim.statements[0].paper is not None
    assert claim.statements[1].paper is None  # the paper compares nothing across data sets
