"""The committed reports come out again from their own tables."""

import re
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import get_args

import matplotlib
import pandas as pd
import pytest
from PIL import Image

from suite import reporting
from suite.statistics.claims import ClaimVerdict
from suite.store import table
from suite.study import load_study
from tests.made_results import only_svg

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent.parent
REPORTS = sorted(path.parent for path in (HERE / "reports").glob("*/tidy.parquet"))
QUICK = HERE / "reports" / "quick"
PICTURES = {".png", ".svg", ".pdf"}
SENTENCES = {"reason", "note", "statement", "measure"}
"""Columns of prose, which may be said better in a later version."""


def study_of(report: Path) -> Path:
    """Return the study of a committed report: the file of its name, in any folder of studies."""
    (study,) = (HERE / "studies").rglob(f"{report.name}.yaml")
    return study


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return a function from a committed report's folder to the same report written now.

    Pictures for print take two fifths of the time, and only those of quick are compared.
    """

    @cache
    def write(committed: Path) -> Path:
        out = tmp_path_factory.mktemp(committed.name)
        study = load_study(study_of(committed))
        with nullcontext() if committed == QUICK else only_svg():
            reporting.write(table.read(study, committed / "tidy.parquet"), out)
        return out

    return write


@pytest.fixture(params=REPORTS, ids=lambda folder: folder.name)
def both(request, written):
    """A committed report's folder, and the same report written now."""
    return request.param, written(request.param)


def files(folder: Path, kinds: set[str]) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in kinds}


def words(folder: Path) -> str:
    """Return the page without its pictures, whose strokes depend on the plotting versions."""
    page = (folder / "index.html").read_text()
    return re.sub(r"<svg.*?</svg>|data:[^\"')]*", "", page, flags=re.DOTALL)


def claim_verdicts(folder: Path) -> list[str]:
    """Return the verdicts of the claims on a report's page, in order; none without claims."""
    table = re.search(
        r'<table id="claims-grid".*?</table>', (folder / "index.html").read_text(), re.DOTALL
    )
    return re.findall(rf">({'|'.join(get_args(ClaimVerdict))})<", table[0]) if table else []


def drawn_with(folder: Path) -> str:
    """Return the version of matplotlib that a report's pictures name."""
    software = Image.open(next(folder.glob("*.png"))).info["Software"]
    return re.search(r"Matplotlib version([\w.]+),", software).group(1)


def test_there_are_committed_reports():
    assert "quick" in [folder.name for folder in REPORTS]


def test_table_2_and_the_figures_data_come_out_byte_for_byte(both):
    committed, out = both
    expected = files(committed, {".csv"})
    for decided in ("comparisons.csv", "claims.csv"):  # they have sentences; see below
        expected.pop(decided, None)
    assert "table2.csv" in expected
    assert any(name.startswith("degrees") for name in expected)
    found = files(out, {".csv"})
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize("name", ["comparisons.csv", "claims.csv"])
def test_what_is_decided_comes_out_the_same(both, name):
    """All but the sentences: cells, verdicts and figures."""
    if not (both[0] / name).exists():
        pytest.skip(f"the committed report has no {name}")
    expected, found = (pd.read_csv(folder / name) for folder in both)
    columns = [column for column in expected if column not in SENTENCES]
    assert {"cell", "against"} < set(columns) and any("verdict" in column for column in columns)
    pd.testing.assert_frame_equal(found[columns], expected[columns])


def test_the_claims_on_the_page_have_the_same_verdicts(both):
    expected, found = (claim_verdicts(folder) for folder in both)
    assert found == expected
    declared = load_study(study_of(both[0])).claims
    assert len(found) == len(declared)


def test_the_tidy_table_comes_out_equal(both):
    expected, found = (pd.read_parquet(folder / "tidy.parquet") for folder in both)
    pd.testing.assert_frame_equal(found[expected.columns], expected)


@pytest.fixture
def quick(written):
    """The report that is kept byte for byte, and the same written now."""
    return QUICK, written(QUICK)


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
    assert f"suite report {study_of(committed).relative_to(HERE)}" in told
