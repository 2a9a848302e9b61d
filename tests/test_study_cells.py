"""Names of cells: labels, titles, and which cell a name means."""

from __future__ import annotations

import pytest

from suite.errors import UserError
from suite.study import load_study
from suite.study.cells import published_row

CELLS = """\
name: x
defaults: {epochs: 5}
cells:
  - {method: set}
  - {method: accset, metric: val_accuracy}
  - {method: lset}
  - {method: dynset, grid: {metric: [loss, val_loss, val_accuracy]}}
  - {method: set, grid: {regrow: [one_neighbour, most_neighbours]}}
  - {method: accset, regrow: one_neighbour, grid: {zeta: [0.1, 0.25]}}
  - {method: set, hidden: [300, 200], learning_rate: 1e-5, augment: false}
  - {method: set, gate: pauses, metric: loss}
  - {method: set, dataset: {npz: some.npz}}
  - {method: set, epsilon: 8.0}
  - {method: static}
  - {method: dense}
"""

NAMES = {
    "set": "SET",
    "accset": "AccSET",
    "lset": "LSET",
    "dynset[metric=loss]": "DynSET f(loss)",
    "dynset[metric=val_loss]": "DynSET f(val_loss)",
    "dynset[metric=val_accuracy]": "DynSET f(val_acc)",
    "set[regrow=one_neighbour]": "SET, one neighbour",
    "set[regrow=most_neighbours]": "SET, most neighbours",
    "accset[zeta=0.1, regrow=one_neighbour]": "AccSET, one neighbour, zeta=0.1",
    "accset[zeta=0.25, regrow=one_neighbour]": "AccSET, one neighbour, zeta=0.25",
    "set[hidden=[300, 200], augment=false, learning_rate=1e-05]": (
        "SET, hidden=[300, 200], learning_rate=1e-05, augment=false"
    ),
    "set[metric=loss, gate=pauses]": "SET f(loss), gate=pauses",
    "set[dataset={npz: some.npz}]": "SET",
    "set[epsilon=8]": "SET, epsilon=8",
    "static": "Static sparse training",
    "dense": "Dense training",
}


def study_of(tmp_path, text):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return load_study(path)


@pytest.fixture
def study(tmp_path):
    return study_of(tmp_path, CELLS)


def test_labels_and_titles(study):
    assert {cell.label: cell.brief.replace("LSET f(loss)", "LSET") for cell in study.cells} == NAMES
    assert {cell.title.removeprefix(cell.brief).lstrip(",") for cell in study.cells} == {
        " on CIFAR-10",
        " on some.npz",
    }


@pytest.mark.parametrize("label", NAMES)
def test_a_label_means_its_cell(study, label):
    assert study.cell(label).label == label


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("  set ", "set"),
        ("set[]", "set"),
        ("accset[metric=val_accuracy]", "accset"),
        ("dynset[metric = val_loss]", "dynset[metric=val_loss]"),
        ("accset[regrow=one_neighbour, zeta=0.1]", "accset[zeta=0.1, regrow=one_neighbour]"),
        ("accset[zeta=1e-1]", "accset[zeta=0.1, regrow=one_neighbour]"),
        (
            "set[hidden=[300, 200]]",
            "set[hidden=[300, 200], augment=false, learning_rate=1e-05]",
        ),
        ("set[gate=pauses]", "set[metric=loss, gate=pauses]"),
        ("set[epsilon=8.0]", "set[epsilon=8]"),
        ({"method": "set"}, "set"),
        ({"method": "dynset", "metric": "loss"}, "dynset[metric=loss]"),
        ({"metric": "val_loss"}, "dynset[metric=val_loss]"),
        ({"dataset": {"npz": "some.npz"}}, "set[dataset={npz: some.npz}]"),
        ({"zeta": 0.25}, "accset[zeta=0.25, regrow=one_neighbour]"),
        ("LSET f(loss)", "lset"),
        ("DynSET f(val_acc)", "dynset[metric=val_accuracy]"),
        ("AccSET, one neighbour, zeta=0.1", "accset[zeta=0.1, regrow=one_neighbour]"),
        (
            "SET, hidden=[300, 200], learning_rate=1e-05, augment=false",
            "set[hidden=[300, 200], augment=false, learning_rate=1e-05]",
        ),
        ("Dense training", "dense"),
        ("Dense training on CIFAR-10", "dense"),
        ("SET on some.npz", "set[dataset={npz: some.npz}]"),
    ],
    ids=str,
)
def test_shorter_and_other_ways_to_name_a_cell(study, name, label):
    assert study.cell(name).label == label


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("dynset", ['"dynset"', "dynset[metric=loss], dynset[metric=val_loss], dynset[metric=val"]),
        ({"regrow": "one_neighbour"}, ['"{regrow: one_neighbour}"', "any of set[regrow"]),
        ({"epochs": 5}, ['"{epochs: 5}"', "any of set, accset, lset, "]),
        ("dynset[metric=los]", ['"dynset[metric=los]"', 'did you mean "dynset']),
        ("set[zeta=0.9]", ['"set[zeta=0.9]"', "known: set, accset"]),
        ({"zeta": 0.9}, ['"{zeta: 0.9}"', "known: set, accset"]),
        ({"methd": "set"}, ['"methd"', 'did you mean "method"?']),
        ("set[zeta]", ['"set[zeta]"', "dynset[metric=loss]"]),
        ("set]", ['"set]"', 'did you mean "set"?']),
    ],
    ids=str,
)
def test_names_that_mean_no_single_cell(study, name, named):
    with pytest.raises(UserError) as caught:
        study.cell(name)
    assert all(part in str(caught.value) for part in named), caught.value


def test_what_a_setting_leaves_at_its_default_need_not_be_named(tmp_path):
    cells = "cells:\n" + "".join(
        f"  - {{method: set, initial_weights: {{fan: {fan}, distribution: normal}}}}\n"
        for fan in ("in", "out")
    )
    study = study_of(tmp_path, f"name: x\n{cells}  - {{method: set}}\n")
    wanted = {"scale": 1, "fan": "out", "distribution": "normal"}
    assert study.cell({"initial_weights": wanted}) is study.cells[1]
    assert study.cell({"initial_weights": {}}) is study.cells[2]
    for unknown in ({"fan": "out"}, {"fans": "out"}):
        with pytest.raises(UserError, match="no cell"):
            study.cell({"initial_weights": unknown})


def test_many_candidates_are_cut_short(tmp_path):
    values = ", ".join(str(n) for n in range(1, 101))
    study = study_of(tmp_path, f"name: x\ncells: [{{grid: {{epochs: [{values}]}}}}]\n")
    with pytest.raises(UserError) as caught:
        study.cell("set")
    assert "epochs=30]" in str(caught.value)
    assert "epochs=31]" not in str(caught.value)
    with pytest.raises(UserError, match=r" and 70 more\.$"):
        study.cell("frobnicate")


def test_a_method_among_the_defaults_names_its_cells(tmp_path):
    study = study_of(
        tmp_path,
        "name: x\ndefaults: {method: dynset}\ncells: [{metric: loss}, {metric: val_loss}]\n",
    )
    assert [cell.label for cell in study.cells] == [
        "dynset[metric=loss]",
        "dynset[metric=val_loss]",
    ]


def test_values_that_differ_little_have_labels_that_differ(tmp_path):
    study = study_of(tmp_path, "name: x\ncells: [{grid: {zeta: [0.3, 0.30000001]}}]\n")
    assert [cell.label for cell in study.cells] == ["set[zeta=0.3]", "set[zeta=0.30000001]"]


def test_an_option_of_a_cell_s_part_counts_more_than_the_default_of_its_setting(tmp_path):
    (tmp_path / "x.yaml").write_text(
        "name: x\ndefaults: {epsilon: 8, dataset: digits}\ncells:\n"
        "  - {method: set, initial: {erdos_renyi: {epsilon: 6}}}\n  - {method: set}\n"
    )
    first, second = load_study(tmp_path / "x.yaml").cells
    assert (first.settings.epsilon, second.settings.epsilon) == (6, 8)


@pytest.mark.parametrize(
    ("cell", "restates"),
    [
        ("{method: set}", True),
        ("{method: set, zeta: 0.2}", True),
        ("{method: set, activation: all_relu}", False),
        ("{method: set, gate: pauses, metric: loss}", False),
        ("{method: rigl}", False),
    ],
)
def test_a_row_of_the_papers_table_stands_next_to_its_own_rules_and_activation(
    tmp_path, cell, restates
):
    study = study_of(tmp_path, f"name: x\ncells: [{cell}]\n")
    assert (published_row(study.cells[0]) is not None) == restates


@pytest.mark.parametrize(
    "source",
    [
        '{csv: "*.csv", label: y}',
        '{csv: a.csv, label: y, name: "Iris, all"}',
        '{csv: "a, [b.csv", label: y, name: "null"}',
        '{csv: "iris: a.csv", label: y, name: "Iris #1"}',
        '{csv: a.csv, label: y, name: "5"}',
        '{csv: a.csv, label: y, name: "say \\"a, b\\""}',
    ],
)
def test_a_label_with_any_text_in_it_means_its_cell(tmp_path, source):
    text = f"name: x\ncells: [{{method: set, dataset: {source}}}, {{method: static}}]\n"
    first, _ = (study := study_of(tmp_path, text)).cells
    assert study.cell(first.label) is first
