"""What the README shows is run, and what any document links to exists."""

import re

import numpy as np
import pytest

from suite.datasets.digits import digits
from suite.methods import library
from suite.study import load_study
from suite.training.train import train
from tests.documents import DOCUMENTS, ROOT, block


@pytest.fixture
def hubs_study(tmp_path):
    (tmp_path / "hubs.py").write_text(block("README.md", "python", "# hubs.py"))
    path = tmp_path / "hubs.yaml"
    path.write_text(block("README.md", "yaml", "# hubs.yaml"))
    return load_study(path)


def test_the_example_study_is_valid(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(block("README.md", "yaml", "slower-pruning"))
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
    assert library.get("regrow", "hubs").origin.fingerprint is not None
    keys = {run.key for run in hubs_study.runs({"digits": "content"})}
    assert len(keys) == 4


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_a_document_names_exists(document):
    """A path starts at a folder of the repository; what a user makes has another name."""
    named = re.findall(
        r"`((?:suite|tests|docs|studies|reports|examples)/[\w./-]*)`", document.read_text()
    )
    for path in named:
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_document_links_to_exists(document):
    targets = re.findall(r"\]\((?!#|https?:)([^)#]+)(?:#[^)]*)?\)", document.read_text())
    for target in targets:
        assert (document.parent / target).exists(), target
