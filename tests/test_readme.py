"""What the README shows is run: its study, its regrowth strategy; its Python by tests/cluster."""

import re
from pathlib import Path

import numpy as np
import pytest

from suite.datasets.digits import digits
from suite.methods import regrow
from suite.study import load_study
from suite.training.train import train

README = Path(__file__).parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), flags=re.DOTALL)


@pytest.fixture
def hubs_study(tmp_path):
    (tmp_path / "hubs.py").write_text(next(b for b in blocks("python") if "# hubs.py" in b))
    path = tmp_path / "hubs.yaml"
    path.write_text(next(b for b in blocks("yaml") if "# hubs.yaml" in b))
    return load_study(path)


def test_the_example_study_is_valid(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(blocks("yaml")[0])
    study = load_study(path)
    assert len(study.cells) == 5
    assert study.cell(study.file.comparisons.baseline) is study.cells[0]


def test_the_example_strategy_trains(hubs_study):
    cell = hubs_study.cell({"regrow": "hubs"})
    trained = train(cell.settings, 1, digits())
    assert all(epoch["evolved"] for epoch in trained.history[:-1])
    random = train(hubs_study.cell({"regrow": "random"}).settings, 1, digits())
    hubs = np.array([len(layer["inputs"]) for layer in trained.degrees["final"]])
    plain = np.array([len(layer["inputs"]) for layer in random.degrees["final"]])
    assert hubs.sum() > plain.sum()  # the highest degrees grow when hubs are preferred


def test_the_example_strategy_is_part_of_the_key(hubs_study):
    assert regrow.fingerprint("hubs") is not None
    keys = {run.key for run in hubs_study.runs({"digits": "content"})}
    assert len(keys) == 4


def test_every_path_that_the_readme_names_exists():
    root = README.parent
    paths = {
        p for p in re.findall(r"`([\w./-]+)`", README.read_text()) if "/" in p or p.endswith(".py")
    }
    theirs = {"hubs.py"} | {path for path in paths if path.startswith("/")}
    assert {"suite/cli/", "lock.py"} < paths
    for path in paths - theirs:
        assert (root / path).exists() or any((root / "suite").rglob(path)), path


def test_every_file_the_readme_links_to_exists():
    targets = re.findall(r"\]\((?!#|https?:)([^)]+)\)", README.read_text())
    assert targets
    for target in targets:
        assert (README.parent / target).exists(), target
