"""The committed reports come out again from their own tables."""

import re
from pathlib import Path

import matplotlib
import pandas as pd
import pytest
from PIL import Image

from suite import reporting
from suite.store import table
from suite.study import load_study

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent.parent
REPORTS = sorted(path.parent for path in (HERE / "reports").glob("*/tidy.parquet"))
PICTURES = {".png", ".svg", ".pdf"}


@pytest.fixture(scope="module", params=REPORTS, ids=lambda folder: folder.name)
def both(request, tmp_path_factory):
    """A committed report's folder, and the same report written now."""
    committed = request.param
    out = tmp_path_factory.mktemp(committed.name)
    study = load_study(HERE / "studies" / f"{committed.name}.yaml")
    reporting.write(table.read(study, committed / "tidy.parquet"), out)
    return committed, out


def files(folder: Path, kinds: set[str]) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in kinds}


def words(folder: Path) -> str:
    """Return the page without its pictures, whose strokes depend on the plotting versions."""
    page = (folder / "index.html").read_text()
    return re.sub(r"<svg.*?</svg>|data:[^\"')]*", "", page, flags=re.DOTALL)


def drawn_with(folder: Path) -> str:
    """Return the version of matplotlib that a report's pictures name."""
    software = Image.open(next(folder.glob("*.png"))).info["Software"]
    return re.search(r"Matplotlib version([\w.]+),", software).group(1)


def test_there_are_committed_reports():
    assert "quick" in [folder.name for folder in REPORTS]


def test_table_2_and_the_figures_data_come_out_byte_for_byte(both):
    committed, out = both
    expected = {
        name: content
        for name, content in files(committed, {".csv"}).items()
        if name == "table2.csv" or name.startswith(("fig", "pareto"))
    }
    assert len(expected) > 2
    found = files(out, {".csv"})
    assert {name: found.get(name) for name in expected} == expected


def test_verdicts_come_out_the_same(both):
    if not (both[0] / "comparisons.csv").exists():
        pytest.skip("nothing is compared")
    expected, found = (pd.read_csv(folder / "comparisons.csv") for folder in both)
    assert found["verdict"].tolist() == expected["verdict"].tolist()
    assert found["p_adjusted"].tolist() == pytest.approx(
        expected["p_adjusted"].tolist(), nan_ok=True
    )


def test_the_tidy_table_comes_out_equal(both):
    expected, found = (pd.read_parquet(folder / "tidy.parquet") for folder in both)
    pd.testing.assert_frame_equal(found[expected.columns], expected)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The report that is kept byte for byte, and the same written now."""
    committed, out = HERE / "reports" / "quick", tmp_path_factory.mktemp("quick")
    study = load_study(HERE / "studies" / "quick.yaml")
    reporting.write(table.read(study, committed / "tidy.parquet"), out)
    return committed, out


def test_tables_data_and_citations_of_quick_come_out_byte_for_byte(quick):
    committed, out = quick
    kinds = {".csv", ".tex", ".bib", ".md"}
    expected = files(committed, kinds)
    del expected["README.md"]
    assert files(out, kinds) == expected


def test_the_page_of_quick_comes_out_byte_for_byte(quick):
    committed, out = quick
    assert words(out) == words(committed)


def test_pictures_of_quick_come_out_byte_for_byte_under_the_version_that_drew_them(quick):
    committed, out = quick
    if (version := drawn_with(committed)) != matplotlib.__version__:
        pytest.skip(f"drawn with matplotlib {version}, here is {matplotlib.__version__}")
    expected, found = files(committed, PICTURES), files(out, PICTURES)
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []


def test_each_says_how_it_was_made(both):
    committed, _ = both
    told = (committed / "README.md").read_text()
    assert f"suite report studies/{committed.name}.yaml" in told
