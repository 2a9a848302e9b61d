"""suite check: validate a study file and count its runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import suite as package
from tests.command import suite

RIGHT = "name: x\nseeds: {count: 3}\ncells: [{method: set}, {grid: {zeta: [0.1, 0.2]}}]\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "study.yaml"


def test_a_right_study_is_counted(path):
    path.write_text(f"{RIGHT}defaults: {{dataset: digits, augment: false}}\n")
    assert suite("check", path) == (0, f"{path}: 3 cells x 3 seeds (2022 to 2024) = 9 runs.\n", "")


def test_data_that_are_not_here_are_named_and_no_mistake(path):
    sources = "[cifar10, {npz: a.npz}, {npz: b.npz}, digits]"
    cell = f"{{method: set, augment: false, grid: {{dataset: {sources}}}}}"
    path.write_text(f"name: x\nseeds: {{count: 1}}\ncells: [{cell}]\n")
    data = path.parent / "data"
    data.mkdir()
    beside, there = path.parent / "a.npz", data / "b.npz"
    done = suite("check", path, "--data", data)
    assert (done.code, done.err) == (0, "")
    _, download, first, second = done.out.splitlines()
    assert download.startswith("CIFAR-10 is not on this machine yet")
    place = f"{path}:3: cells[0].grid.dataset"
    assert first.startswith(f"{place}[1]: a.npz: there is no {beside} and no {data / 'a.npz'}")
    assert second.startswith(f"{place}[2]: b.npz: there is no ") and str(there) in second
    for file in (beside, there):
        file.touch()
    (data / "cifar-10-batches-py").mkdir()
    assert suite("check", path, "--data", data).out.count("\n") == 1


@pytest.mark.parametrize("verb", ["check", "run"])
def test_data_that_are_not_here_are_named_with_their_place_and_what_was_meant(path, verb):
    path.write_text(
        "name: x\nseeds: {count: 1}\ndefaults: {augment: false}\n"
        "cells:\n  - method: set\n    dataset: {parquet: flowers/trian-*.parquet, test: 0.2}\n"
        "  - {method: set, dataset: {csv: flwers.csv}}\n"
    )
    for name in ("flowers.csv", "flowers.npz", "study.csv"):
        (path.parent / name).touch()
    words = [verb, path] + (["--store", path.parent / "runs"] if verb == "run" else [])
    done = suite(*words, "--data", path.parent / "data")
    assert done.code == (0 if verb == "check" else 2)
    said = (done.out + done.err).splitlines()
    first = next(line for line in said if "trian" in line)
    assert first.startswith(f"{path}:6: cells[0].dataset: flowers/trian-*.parquet: there is no ")
    if verb == "check":
        assert said[-1].startswith(f"{path}:7: cells[1].dataset: flwers.csv: there is no ")
        assert said[-1].endswith(f"; did you mean {path.parent / 'flowers.csv'}?")


def test_cells_that_are_the_same_as_others_are_named(path):
    path.write_text(
        "name: x\nseeds: {count: 1}\ndefaults: {dataset: digits, augment: false}\n"
        "cells:\n  - {method: static, grid: {zeta: [0.1, 0.2]}}\n"
    )
    counted, same = suite("check", path).out.splitlines()
    assert counted.endswith("1 cell x 1 seed (2022) = 1 run.")
    assert same.startswith("static[zeta=0.2] ") and "static[zeta=0.1]" in same


def test_every_mistake_is_printed_and_nothing_is_written(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    path.write_text("nam: x\ncells:\n  - {zeta: 3}\n  - {methd: set}\n")
    done = suite("check", "study.yaml")
    assert (done.code, done.out) == (2, "")
    assert [line.partition(" ")[0] for line in done.err.splitlines()] == [
        "study.yaml:1:",
        "study.yaml:3:",
        "study.yaml:4:",
    ]
    assert "Traceback" not in done.err
    assert [file.name for file in path.parent.iterdir()] == ["study.yaml"]


def test_a_missing_file(path):
    assert suite("check", path) == (2, "", f"{path}: there is no such file.\n")


@pytest.mark.slow
def test_very_many_runs_are_asked_about(path):
    path.write_text(RIGHT.replace("count: 3", "count: 100000"))
    done = suite("check", path)
    assert (done.code, done.out) == (2, "")
    assert "300,000 runs" in done.err and "--yes" in done.err
    assert suite("check", path, "--yes").code == 0


def test_no_study_is_a_mistake_of_use():
    done = suite("check")
    assert done.code == 2
    assert "STUDY" in done.err


def test_the_version_is_that_of_the_package_and_of_the_citation():
    assert suite("--version") == (0, f"suite {package.__version__}\n", "")
    citation = (Path(__file__).parent.parent / "CITATION.cff").read_text()
    assert f"\nversion: {package.__version__}\n" in citation


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("initial: {erk: {epsilon: 15}}", 'initial.erk.epsilon: the initial topology "erk" has no'),
        ("rate: {none: {zeta: 0.5}}", 'rate.none.zeta: the prune rate "none" has no option "zeta"'),
        ("gate: {open: {window: 9}}", 'gate.open.window: the gate "open" has no option "window"'),
        ("budget: {all: {k: 0.9}}", 'budget.all.k: the budget "all" has no option "k"'),
        ("part_options: 5", 'part_options: there is no "part_options" here; the options of a part'),
        ("grid: {part_options: [1]}", 'grid.part_options: there is no "part_options" here; known'),
        ("initial: {erk: {density: 5}}", "must be a number above 0 and at most 1, not 5"),
        ("initial: dense", 'cells[0]: the budget "all" finds no position to regrow in a dense'),
    ],
)
def test_options_that_a_part_lacks_are_not_passed_over(path, cell, said):
    defaults = "dataset: digits, hidden: [20], augment: false, epsilon: 5"
    path.write_text(f"name: x\ndefaults: {{{defaults}}}\ncells: [{{method: set, {cell}}}]\n")
    done = suite("check", path)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert said in done.err and done.err.startswith(f"{path}:3: ")


def test_a_data_folder_that_cannot_be_one_is_a_sentence(path):
    path.write_text("name: x\ncells: [{dataset: digits, augment: false}]\n")
    for folder, said in (("x" * 300, "cannot be read (File name too long)"), (path, "is a file")):
        done = suite("check", path, "--data", folder)
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert said in done.err


@pytest.mark.parametrize("annotation", ["np.ndarray", "Path", "(1, 2)"])
def test_a_plug_in_with_options_that_no_study_can_write_is_refused(path, annotation, registered):
    (path.parent / "own.py").write_text(
        "import numpy as np\nfrom suite import part\n\nclass Path: pass\n\n@part('rate')\n"
        f"def own(moment, *, x: {annotation} = None):\n    return 0.1\n"
    )
    path.write_text(
        "name: x\nplugins: [own.py]\ncells: [{dataset: digits, augment: false, epsilon: 5}]\n"
    )
    done = suite("check", path)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert f"{path}:2: plugins[0]: Prune rate 'own' of " in done.err
    assert "has options that a study cannot give" in done.err
