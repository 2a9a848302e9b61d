"""The table of measures, and what is read off it."""

from typing import get_args

import pytest

from suite.measures import (
    MEASURES,
    RECORDED,
    REFERENCES,
    TABLE2,
    Format,
    Outcome,
    columns,
    describe,
    percent,
    plain,
)
from suite.paper import TABLE2 as PUBLISHED
from suite.study.file import ReferenceEpoch

RECORD = {"epoch": 3, "train_loss": 1.23456, "test_accuracy": 0.5, "connections": [1000, 234]}


def test_every_outcome_and_reference_is_a_measure_with_a_direction():
    for name in {*get_args(Outcome), *REFERENCES}:
        assert MEASURES[name].higher is not None, name


def test_references_of_a_study_file_are_those_of_the_table():
    assert set(ReferenceEpoch.model_fields) == {"epoch", *REFERENCES}


@pytest.mark.parametrize("half", [0.00005, 0.00015, 0.01595, 0.01605, 0.66665, 0.99995])
def test_a_half_is_written_alike_however_it_was_summed(half):
    """Accuracies are whole numbers of test images: means over few seeds are often halves."""
    few = [half * (1 + noise) for noise in (-5e-16, 0.0, 5e-16)]
    assert len({Format(4).text(value) for value in few}) == 1
    assert len({Format(4).text(-value) for value in few}) == 1
    assert len({Format(2, exponent=-2).text(value) for value in few}) == 1


def test_table_2_has_the_paper_s_columns_in_its_order():
    heads = [MEASURES[name].head for name in TABLE2]
    assert heads == ["Accuracy", "Loss", "Connections", "α", "β"]
    for name in TABLE2:
        assert PUBLISHED[0].value(MEASURES[name].published) > 0


def test_what_is_derived_is_not_recorded():
    assert set(MEASURES) - set(RECORDED) == {"alpha", "beta"}
    row = {"test_accuracy": 0.5, "test_loss": 2.0, "connections": 4}
    assert (MEASURES["alpha"].of(row), MEASURES["beta"].of(row)) == (0.125, 8.0)


def test_layers_stand_after_their_sum_in_order():
    layers = [f"connections_{number}" for number in (10, 2, 1)]
    found = columns(layers)
    place = found.index("connections")
    assert found[place + 1 : place + 4] == layers[::-1]


@pytest.mark.parametrize("name", sorted({"updates", "pruned", "regrown", "zeta"}))
def test_what_0_1_0_did_not_record_is_not_known_of_its_runs(name):
    assert MEASURES[name].default is None
    assert MEASURES[name].since != MEASURES["theta"].since


@pytest.mark.parametrize(
    ("name", "values", "form"),
    [
        ("test_accuracy", [0.5], Format(4)),
        ("connections", [5.0], Format(0, grouped=True)),
        ("alpha", [1.9e-6, 2.9e-6], Format(3, exponent=-6)),
        ("alpha", [], Format(3)),
        ("beta", [2e5], Format(0, grouped=True)),
        ("beta", [20.0, float("nan")], Format(1, grouped=True)),
    ],
)
def test_formats(name, values, form):
    assert MEASURES[name].format(values) == form


def test_the_log_line_of_an_epoch():
    said = describe(RECORD | {"seconds": 0.5})
    assert said == (
        "epoch 3: training loss 1.2346, test accuracy 0.5000, 1,234 connections, 0.50 s"
    )


def test_shares_and_json():
    assert percent(0.3634) == "36.3\u00a0%"
    assert percent(float("nan")) == "–"
    assert plain({"a": [float("inf"), 1, (0.5, float("nan"))]}) == {"a": [None, 1, [0.5, None]]}
