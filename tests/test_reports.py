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


def test_tables_figure_data_and_citations_come_out_byte_for_byte(both):
    committed, out = both
    kinds = {".csv", ".tex", ".bib", ".md"}
    expected = files(committed, kinds)
    del expected["README.md"]
    assert files(out, kinds) == expected


def test_the_pages_text_comes_out_byte_for_byte(both):
    committed, out = both
    assert words(out) == words(committed)


def test_the_tidy_table_comes_out_equal(both):
    pd.testing.assert_frame_equal(*(pd.read_parquet(f / "tidy.parquet") for f in both))


def test_pictures_come_out_byte_for_byte_under_the_plotting_version_that_drew_them(both):
    committed, out = both
    if (version := drawn_with(committed)) != matplotlib.__version__:
        pytest.skip(f"drawn with matplotlib {version}, here is {matplotlib.__version__}")
    expected, found = files(committed, PICTURES), files(out, PICTURES)
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []


def test_each_says_how_it_was_made(both):
    committed, _ = both
    told = (committed / "README.md").read_text()
    assert f"suite report studies/{committed.name}.yaml" in told
