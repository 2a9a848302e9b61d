"""Two studies side by side."""

import re

import pandas as pd
import pytest

from suite import reporting
from suite.errors import UserError
from suite.reporting.compare import counterparts
from suite.study import load_study
from tests.made_results import PERFORMANCE, make_results, make_study

pytestmark = pytest.mark.slow


def _page(written):
    return written.index.read_text(encoding="utf-8")


def test_what_moved_and_what_did_not_is_said(tmp_path):
    study = make_study(tmp_path, PERFORMANCE, seeds=8, epochs=12)
    before, after = make_results(study), make_results(study, shift=0.05)
    page = _page(reporting.compare_reports(before, after, tmp_path / "out", ("before", "after")))
    assert "<title>Made up: before against after</title>" in page
    assert "From before to after, 6 cells" in page
    assert "Test accuracy: better for SET, AccSET" in page
    change = pd.read_csv(tmp_path / "out" / "change.csv")
    assert change["verdict"].tolist() == 6 * ["better"]
    assert (change["wins"].tolist(), change["n"].tolist()) == (6 * [8], 6 * [8])
    connections = re.search(r'<table id="connections-grid".*?</table>', page, re.DOTALL)[0]
    assert "inconclusive" in connections  # SET's connections do not depend on the accuracy
    assert (tmp_path / "out" / "change.svg").exists()


def test_a_study_against_itself_is_identical(tmp_path):
    results = make_results(make_study(tmp_path, PERFORMANCE, seeds=6, epochs=12))
    page = _page(reporting.compare_reports(results, results, tmp_path / "out"))
    assert "better for" not in page
    assert "Test accuracy: identical in every run for SET, AccSET" in page
    assert "<title>Made up (A) against Made up (B)</title>" in page


def test_cells_meet_by_settings_or_by_label_and_changes_are_named(tmp_path):
    before = make_study(tmp_path, "\n  - {method: set}\n  - {method: lset}\n", name="a")
    cells = "\n  - {method: lset, metric: loss}\n  - {method: static}\n  - {method: set, k: 0}\n"
    after = make_study(tmp_path, cells, name="b", baseline="{method: static}", epochs=50)
    pairs = counterparts(before.cells, after.cells)
    assert [(p.before.title, p.after.settings.method) for p in pairs] == []
    same_epochs = make_study(tmp_path, cells, name="c", baseline="{method: static}")
    pairs = counterparts(before.cells, same_epochs.cells)
    assert [p.after.settings.method for p in pairs] == ["lset", "set"]


@pytest.mark.parametrize("design", ["paired", "independent"])
def test_studies_that_share_no_seed_are_compared_as_independent(tmp_path, design):
    cells = "\n  - {method: set}\n  - {method: lset}\n"
    first = make_study(tmp_path, cells, seeds=7, epochs=5, name="a")
    text = first.path.read_text().replace("name: a", "name: b").replace("root: 2022", "root: 3000")
    (tmp_path / "b.yaml").write_text(text.replace("{baseline:", f"{{design: {design}, baseline:"))
    second = load_study(tmp_path / "b.yaml")
    before, after = make_results(first), make_results(second, shift=0.05)
    reporting.compare_reports(before, after, tmp_path / "out")
    change = pd.read_csv(tmp_path / "out" / "change.csv")
    assert change["verdict"].tolist() == 2 * ["better"]
    assert change["n_a"].tolist() == change["n_b"].tolist() == 2 * [7]
    assert change["dropped"].tolist() == 2 * [0]


def test_studies_that_share_seeds_are_compared_by_these(tmp_path):
    """More seeds of one study are no missing runs of the other."""
    cells = "\n  - {method: set}\n  - {method: lset}\n"
    few, many = (make_study(tmp_path, cells, seeds=n, epochs=5, name=f"n{n}") for n in (7, 9))
    before, after = make_results(few, lost=[("lset", 2023)]), make_results(many)
    reporting.compare_reports(before, after, tmp_path / "out")
    change = pd.read_csv(tmp_path / "out" / "change.csv")
    assert change["design"].tolist() == 2 * ["paired"]
    assert change["n"].tolist() == [7, 6]
    assert change["dropped"].tolist() == [0, 1]


def test_each_cell_meets_the_one_of_its_data_set(tmp_path):
    cells = "\n  - {method: set, grid: {dataset: [mnist, fashion_mnist]}}\n"
    study = make_study(tmp_path, cells, baseline="null", name="a")
    assert [(p.before.label, p.changed) for p in counterparts(study.cells, study.cells)] == [
        (cell.label, ()) for cell in study.cells
    ]
    (tmp_path / "data.npz").touch()
    moved = make_study(tmp_path, "\n  - {dataset: {npz: data.npz}}\n", baseline="null", name="b")
    one = make_study(tmp_path, "\n  - {dataset: mnist}\n", baseline="null", name="c")
    assert counterparts(study.cells, moved.cells) == []
    assert [p.before.label for p in counterparts(one.cells, moved.cells)] == ["set[dataset=mnist]"]


def test_nothing_in_common_is_a_sentence(tmp_path):
    first = make_results(make_study(tmp_path, "\n  - {method: set}\n", name="a", seeds=2))
    other = make_study(tmp_path, "\n  - {method: static}\n", name="b", baseline="static", seeds=2)
    with pytest.raises(UserError, match="no cell in common"):
        reporting.compare_reports(first, make_results(other), tmp_path / "out")
