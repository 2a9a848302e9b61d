"""The tune block: search spaces, samples, halving, and what is wrong with them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.errors import UserError
from suite.settings import Settings
from suite.study import load_study
from suite.study.halving import WORST, chosen, climb, rung_epochs, survivors
from suite.study.search import draw, has, read_range, with_values
from suite.study.tune import FIRST_SEED
from tests.reference import halving

SHIPPED = sorted((Path(__file__).parents[1] / "studies").glob("*.yaml"))
SPACE = {
    "learning_rate": read_range({"log": [0.001, 0.1]}),
    "zeta": read_range([0.1, 0.3, 0.5]),
    "batch_size": read_range({"int": [10, 50]}),
}
STUDY = """
name: tuned
seeds: {{root: 1, count: 2}}
defaults: {{dataset: digits, hidden: [30, 30], epsilon: 5, epochs: 9, batch_size: 50}}
cells: {cells}
tune: {tune}
"""


@pytest.fixture
def load(tmp_path):
    def load(tune, cells="[{method: set}, {method: static}]"):
        path = tmp_path / "tuned.yaml"
        path.write_text(STUDY.format(tune=tune, cells=cells))
        return load_study(path)

    return load


@pytest.fixture
def mistake(load):
    def mistake(*words, **options):
        with pytest.raises(UserError) as raised:
            load(*words, **options)
        (sentence,) = raised.value.sentences
        return sentence.partition("tuned.yaml:")[2]

    return mistake


def test_a_range_of_which_some_numbers_do_not_fit_is_searched(tmp_path):
    """An epsilon of 25 fits layers of 50 units at most."""
    wide = STUDY.replace("[30, 30], epsilon: 5", "[50, 50]")
    tune = "{search: {epsilon: {log: [5, 50]}}, samples: 16}"
    (tmp_path / "tuned.yaml").write_text(wide.format(cells="[{method: set}]", tune=tune))
    (tuning,) = load_study(tmp_path / "tuned.yaml").tunings
    assert set(tuning.space) == {"epsilon"}
    fits = [sample["epsilon"] <= 25 for sample in tuning.samples]
    assert [of is not None for of in tuning.settings] == fits
    assert any(fits) and not all(fits)


# --- ranges and samples


def test_a_log_range_is_even_in_the_logarithm():
    values = read_range({"log": [0.001, 0.1]})
    assert [values.at(share) for share in (0, 0.25, 0.5, 1)] == [0.001, 0.003162, 0.01, 0.1]


def test_whole_numbers_and_choices_are_as_likely_as_each_other():
    shares = [(place + 0.5) / 12 for place in range(12)]
    whole, some = read_range({"int": [3, 6]}), read_range(["a", "b", "c"])
    assert [whole.at(share) for share in shares] == [3] * 3 + [4] * 3 + [5] * 3 + [6] * 3
    assert [some.at(share) for share in shares] == ["a"] * 4 + ["b"] * 4 + ["c"] * 4


@given(
    st.sampled_from(["log", "uniform", "linear"]),
    st.floats(1e-6, 1e6),
    st.floats(1e-6, 1e6),
    st.floats(0, 1, exclude_max=True),
)
def test_every_value_lies_in_its_range(scale, one, other, share):
    if one != other:
        low, high = min(one, other), max(one, other)
        assert low <= read_range({scale: [low, high]}).at(share) <= high


@given(st.sampled_from(["sobol", "random"]), st.integers(1, 40), st.integers(0, 40))
def test_more_samples_only_add(algorithm, few, more):
    samples = draw(SPACE, algorithm, few + more, 2022, "set")
    assert draw(SPACE, algorithm, few, 2022, "set") == samples[:few]


def test_cells_and_studies_have_samples_of_their_own():
    of_set = draw(SPACE, "sobol", 8, 2022, "set")
    assert of_set != draw(SPACE, "sobol", 8, 2022, "rigl")
    assert of_set != draw(SPACE, "sobol", 8, 2023, "set")
    assert of_set == draw(dict(reversed(SPACE.items())), "sobol", 8, 2022, "set")


def test_a_sobol_sequence_fills_every_part_of_the_space():
    values = [sample["learning_rate"] for sample in draw(SPACE, "sobol", 16, 2022, "set")]
    sixteenths = {math.floor((math.log10(value) + 3) / 2 * 16) for value in values}
    assert sixteenths == set(range(16))


# --- what a value means for a cell


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_cell_without_searched_values_stays_as_it_is(path):
    for cell in load_study(path, many=True).cells:
        assert with_values(cell.settings, {}).deciding() == cell.settings.deciding()


def test_a_part_option_is_set_where_the_method_has_it():
    rigl = Settings(method="rigl")
    found = with_values(rigl, {"schedule.n": 7, "rate.zeta": 0.2})
    assert (
        found.deciding()
        == Settings(
            method="rigl", schedule={"every_steps": {"n": 7, "until": 0.75}}, zeta=0.2
        ).deciding()
    )
    assert has(rigl, "schedule.n", read_range({"int": [1, 9]}))
    assert not has(Settings(), "schedule.n", read_range({"int": [1, 9]}))
    assert not has(Settings(method="static"), "zeta", SPACE["zeta"])
    assert has(Settings(), "zeta", SPACE["zeta"])


def test_a_part_can_be_searched_too():
    found = with_values(Settings(method="accset"), {"budget": "all", "fill": "normal"})
    assert (found.recipe.budget.name, found.recipe.fill.name) == ("all", "normal")


@pytest.mark.parametrize("method", ["set", "rigl", "mest"])
def test_an_option_that_is_searched_with_its_part_takes_the_place_of_the_cells_own(method):
    found = with_values(Settings(method=method), {"rate": {"cosine": {"zeta": 0.2, "end": 0.1}}})
    answer = found.recipe.rate
    assert (answer.name, answer.options["zeta"], answer.options["end"]) == ("cosine", 0.2, 0.1)


# --- halving


def test_rungs_go_up_to_the_last_epoch():
    assert rung_epochs(90, 10, 3) == [10, 30, 90]
    assert rung_epochs(100, 10, 3) == [10, 30, 90, 100]
    assert rung_epochs(5, None, 3) == [5]
    assert survivors(32, 3, 3) == [32, 10, 3]


@given(
    st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=9, max_size=30),
    st.integers(2, 3),
)
def test_halving_is_what_one_would_do_by_hand(measures, by):
    epochs = [1, by, by * by]
    most = survivors(len(measures), by, 3)
    rungs = climb(
        range(len(measures)),
        epochs,
        most,
        lambda sample, epoch: measures[sample][epochs.index(epoch)],
    )
    best, reached = halving.winner(measures, 3, by)
    assert [list(rung.samples) for rung in rungs] == reached
    assert chosen(rungs, 3) == best


def test_nothing_is_decided_while_a_measure_is_missing():
    known = {(0, 1): 0.5, (1, 1): 0.9, (2, 1): 0.7}
    (rung,) = climb(range(4), [1, 2], [4, 2], lambda *at: known.get(at))
    assert rung.due == (3,)
    assert chosen([rung], 2) is None
    known[3, 1] = WORST
    first, second = climb(range(4), [1, 2], [4, 2], lambda *at: known.get(at))
    assert not first.due
    assert second.samples == second.due == (1, 2)


def test_where_all_diverge_nothing_is_chosen():
    rungs = climb(range(2), [1], [2], lambda *_: WORST)
    assert not rungs[0].due
    assert chosen(rungs, 1) is None


# --- the block


def test_each_cell_is_tuned_in_the_settings_that_it_has(load):
    study = load("{search: {zeta: [0.1, 0.5], learning_rate: {log: [0.01, 0.1]}}, samples: 4}")
    spaces = {tuning.cell.label: sorted(tuning.space) for tuning in study.tunings}
    assert spaces == {"set": ["learning_rate", "zeta"], "static": ["learning_rate"]}
    assert {tuning.budget for tuning in study.tunings} == {(4, 36)}


def test_samples_hold_out_images_and_have_other_seeds(load):
    study = load(
        "{search: {zeta: [0.1, 0.5]}, samples: 3, seeds: 2, validation: 0.2}",
        "[{method: set}, {method: set, validation: 0.3}]",
    )
    first, second = study.tunings
    assert {settings.validation for settings in first.settings} == {0.2}
    assert {settings.validation for settings in second.settings} == {0.3}
    assert first.seeds == (FIRST_SEED + 1, FIRST_SEED + 2)
    assert not set(first.seeds) & set(study.seeds)


def test_a_cell_may_have_ranges_of_its_own(load):
    study = load(
        "{search: {learning_rate: {log: [0.01, 0.1]}}, samples: 4, cells: "
        "[{cell: set, search: {zeta: {uniform: [0.1, 0.2]}}}, "
        "{cell: static, search: {learning_rate: null}}]}"
    )
    (tuning,) = study.tunings
    assert tuning.cell.label == "set"
    assert sorted(tuning.space) == ["learning_rate", "zeta"]


def test_a_cells_own_range_replaces_that_of_the_option_it_gives(load):
    study = load(
        "{search: {zeta: {uniform: [0.1, 0.5]}, dropout: [0.1, 0.2]}, samples: 4, cells: "
        "[{cell: set, search: {rate.zeta: {uniform: [0.1, 0.2]}}}]}"
    )
    assert sorted(study.tunings[0].space) == ["dropout", "rate.zeta"]


def test_a_budget_counts_what_goes_on_from_a_rung_once(load):
    study = load("{search: {zeta: [0.1, 0.5]}, samples: 9, halving: {from: 1, by: 3}}")
    assert study.tunings[0].budget == (9, 9 * 1 + 3 * 2 + 1 * 6)


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("{}", ["tune.search: must be", "not empty"]),
        ("{zeta: []}", ["tune.search.zeta: has no choices"]),
        ("{zeta: {uniform: [0.5, 0.1]}}", ["tune.search.zeta", "from 0.5 down to 0.1"]),
        ("{zeta: {uniform: [0.5, 0.5]}}", ["tune.search.zeta", "is empty"]),
        ("{zeta: {lin: [0.1, 0.5]}}", ["tune.search.zeta", 'no range "lin"', '"linear"']),
        ("{zeta: 0.3}", ["tune.search.zeta", "a list of choices"]),
        ("{zeta: {log: [0, 0.5]}}", ["tune.search.zeta", "above 0"]),
        ("{zeta: {int: [0.1, 0.5]}}", ["tune.search.zeta", "2 whole numbers"]),
        ("{zeta: {uniform: [0.1, 1.5]}}", ["tune.search.zeta.uniform[1]", "below 1", "1.5"]),
        ("{optimizer: [sgd, adma]}", ["tune.search.optimizer[1]", '"adma"', '"adam"']),
        ("{zta: [0.1]}", ["tune.search.zta", '"zeta"']),
        ("{epochs: [1, 2]}", ["tune.search.epochs", "same"]),
        ("{batch_size: [50]}", ["defaults.batch_size", "fixed here and searched"]),
        ("{epsilon: {uniform: [40, 50]}}", ["defaults.epsilon", "fixed"]),
        ("{window: [3, 5]}", ["tune.search", "no cell has"]),
        ("{schedule.until_: [3]}", ["tune.search.schedule.until_", '"until_"', '"until"']),
        ("{schedle.n: [3]}", ["tune.search.schedle.n", '"schedle"', '"schedule"']),
        ("{regrow: [gradientt]}", ["tune.search.regrow", 'did you mean "gradient"?']),
        (
            "{prune: [set, {magnitude: {zeroes: set}}]}",
            ["tune.search.prune[1].magnitude.zeroes", 'did you mean "zeros"?'],
        ),
        ("{rate: [{cosine: {end: 7}}]}", ["tune.search.rate[0].cosine.end", "at 7"]),
        (
            "{zeta: [0.1], rate.zeta: [0.2]}",
            ["tune.search.rate.zeta: zeta is searched here and at tune.search.zeta"],
        ),
        (
            "{zeta: [0.1], rate: [constant, {cosine: {zeta: 0.2}}]}",
            ["tune.search.rate: zeta is searched here and at tune.search.zeta"],
        ),
        ("{initial.epsilon: [40]}", ["defaults.epsilon", "fixed", "{initial.epsilon: null}"]),
    ],
)
def test_a_wrong_search_is_one_sentence(mistake, search, words):
    sentence = mistake(f"{{search: {search}, samples: 4}}")
    for word in words:
        assert word in sentence


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (
            "samples: 4, halving: {from: 1, by: 3}",
            ["tune.halving", "leaves none of 4", "9 samples"],
        ),
        ("samples: 4, halving: {from: 9}", ["tune.halving.from", "below the 9 epochs"]),
        ("samples: 0", ["tune.samples", "from 1 to 10000"]),
        ("samples: 10001", ["tune.samples", "from 1 to 10000"]),
        (
            "samples: 2, cells: [{cell: static, search: {zeta: [0.1]}}]",
            ["tune.cells[0].search.zeta", "changes nothing that static computes"],
        ),
        (
            "samples: 2, cells: [{cell: set, search: {zeta: null}}, "
            "{cell: set, search: {dropout: [0.1]}}]",
            ["tune.cells[1].cell", "set has ranges above"],
        ),
        ("samples: 4, halving: {from: 1, by: 1}", ["tune.halving.by", "from 2 up"]),
        ("samples: 4, algorithm: sobl", ["tune.algorithm", '"sobol"']),
        ("", ['"samples" must be given']),
        ("samples: 4, sedes: 2", ["tune.sedes", '"seeds"']),
    ],
)
def test_a_wrong_budget_is_one_sentence(mistake, rest, words):
    sentence = mistake(f"{{search: {{zeta: [0.1, 0.5]}}, {rest}}}")
    for word in words:
        assert word in sentence


def test_a_budget_in_which_no_sample_fits_is_one_sentence(mistake):
    sentence = mistake(
        "{search: {learning_rate: [0.1]}, samples: 3, "
        "cells: [{cell: set, search: {hidden: [[3, 3]]}}]}",
        cells="[{method: set}]",
    )
    assert "tune.samples: none of the 3 samples of set fits" in sentence
    sentence = mistake(
        "{search: {nesterov: [true], momentum: [0.0]}, samples: 3}", cells="[{method: set}]"
    )
    assert "tune.samples: none of the 3 samples of set fits" in sentence
    assert "Of the first: " in sentence


def test_halving_is_asked_of_the_tuned_cells_alone_and_once(load, mistake):
    cells = "[{method: set}, {method: accset}, {method: static, epochs: 1}]"
    rest = "search: {zeta: [0.1, 0.5]}, halving: {from: 1, by: 3}"
    assert len(load(f"{{{rest}, samples: 9}}", cells).tunings) == 2
    assert "leaves none of 8" in mistake(f"{{{rest}, samples: 8}}", cells)


def test_a_setting_that_a_cell_fixes_may_be_searched_in_others(load, mistake):
    cells = "[{method: set, zeta: 0.3}, {method: accset}]"
    assert "cells[0].zeta" in mistake("{search: {zeta: [0.1, 0.5]}, samples: 2}", cells)
    study = load(
        "{search: {zeta: [0.1, 0.5]}, samples: 2, "
        "cells: [{cell: 'set[zeta=0.3]', search: {zeta: null}}]}",
        cells,
    )
    assert [tuning.cell.label for tuning in study.tunings] == ["accset"]
    study = load(
        "{search: {rate: [{cosine: {zeta: 0.2}}, step]}, samples: 2, "
        "cells: [{cell: 'set[zeta=0.3]', search: {rate: null}}]}",
        cells,
    )
    assert [tuning.cell.label for tuning in study.tunings] == ["accset"]


@pytest.mark.usefixtures("registered")
def test_a_wrong_value_of_a_plug_ins_option_is_said(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import suite\nfrom typing import Annotated\nfrom pydantic import Field\n"
        "@suite.part('rate')\n"
        "def of_this_test(moment, *, beta: Annotated[float, Field(gt=0, lt=1)] = 0.3):\n"
        "    '''Mine.\n\n    Args:\n        beta: A share.\n    '''\n    return beta\n"
    )
    path = tmp_path / "study.yaml"
    path.write_text(
        "name: x\nplugins: [mine.py]\ncells: [{method: set, rate: of_this_test}]\n"
        "tune:\n  samples: 4\n  search: {rate.beta: [0.1, 2]}\n"
    )
    with pytest.raises(UserError, match=r":6: tune.search.rate.beta\[1\]: .* less than 1\.$"):
        load_study(path)
