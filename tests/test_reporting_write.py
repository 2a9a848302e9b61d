"""The report as files: the same numbers everywhere, the same bytes every time, nothing hidden."""

import html
import re
import subprocess
import sys

import pandas as pd
import pytest

from suite import reporting
from suite.errors import UserError
from suite.reporting.figures import plans
from tests.made_results import (
    PERFORMANCE,
    REGROWTH,
    make_results,
    make_study,
    only_svg,
    shared_report,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results():
    return shared_report()[0]


@pytest.fixture(scope="module")
def folder():
    return shared_report()[1]


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "index.html").read_text(encoding="utf-8")


def test_every_figure_of_the_paper_is_there_in_every_format(folder):
    for number in range(2, 7):
        for ending in ("svg", "png", "pdf", "csv"):
            assert (folder / f"fig{number}.{ending}").stat().st_size > 500
        assert (folder / f"fig{number}-column.pdf").exists()


def test_a_study_of_strategies_has_figures_2_and_3_and_one_of_methods_4_to_6(tmp_path):
    for name, cells, expected in (("a", REGROWTH, [2, 3]), ("b", PERFORMANCE, [4, 5, 6])):
        baseline = "{method: set, regrow: random}"
        study = make_study(tmp_path, cells, name=name, seeds=2, epochs=20, baseline=baseline)
        assert [plan.number for plan in plans(make_results(study))] == expected


def test_each_data_set_has_figures_of_its_own(tmp_path):
    cells = "\n  - {method: set}\n  - {method: set, dataset: digits, epsilon: 8, hidden: [200]}\n"
    study = make_study(tmp_path, cells, baseline="null", epochs=20)
    stems = {plan.stem for plan in plans(make_results(study))}
    assert {"fig4-cifar-10", "fig6-digits"} <= stems


def test_same_results_give_the_same_bytes(tmp_path):
    study = make_study(tmp_path, "\n  - {method: set}\n  - {method: dynset}\n", epochs=24, seeds=2)
    first, second = (
        reporting.write(make_results(study), tmp_path / name).index.parent for name in ("a", "b")
    )
    names = sorted(file.name for file in first.iterdir())
    assert len(names) > 30
    assert names == sorted(file.name for file in second.iterdir())
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_figures_that_the_study_no_longer_has_go_and_other_files_stay(tmp_path):
    own = {"mine.svg", "fig4.txt", "comparisons-mine.csv", "fig4-talk.pdf"}
    for name in own:
        (tmp_path / name).write_text("a user's")
    one, two = "\n  - {method: set}", "\n  - {method: lset}\n"
    for cells in (one + two, one + "\n"):
        study = make_study(tmp_path, cells, epochs=3, seeds=1, baseline="null")
        reporting.write(make_results(study), tmp_path)
        left = {file.name for file in tmp_path.iterdir()}
        assert own | {"fig4.svg", "fig4-column.svg"} <= left
        assert ("pareto.svg" in left) is (cells == one + two)
    assert not [name for name in left if name.startswith("pareto")]


def test_the_page_links_only_to_files_that_are_there(folder, page):
    links = set(re.findall(r'href="([^"#:]+)"', page))
    assert {"table2.csv", "tidy.parquet", "fig4.pdf", "citation.bib"} <= links
    assert all((folder / link).exists() for link in links)


def test_the_page_needs_no_network(page):
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_titles_come_out_as_text(page):
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "αβ 中" in page


def captions(page):
    return {
        name: html.unescape(re.sub(r"\s+", " ", caption))
        for name, caption in re.findall(
            r'<figure id="([^"]+)">.*?<figcaption>(.*?)<span', page, re.DOTALL
        )
    }


def test_every_caption_says_what_n_and_the_band_are(page, tmp_path):
    found = captions(page)
    assert len(found) == 13
    study = make_study(tmp_path, PERFORMANCE, epochs=12)
    both = reporting.compare_reports(make_results(study), make_results(study, shift=0.1), tmp_path)
    found |= captions(both.index.read_text())
    assert "change" in found
    for name, caption in found.items():
        assert re.search(r"\bn = \d+( to \d+)? (pairs of )?runs", caption), name
        drawn = re.search(r"\b(bands|bars) their 95 % t intervals", caption)
        assert drawn or name in ("pauses", "degrees", "pixels", "tails"), name


@only_svg()
def test_one_seed_has_no_interval_and_no_caption_says_so(tmp_path):
    study = make_study(tmp_path, seeds=1, epochs=20)
    page = reporting.write(make_results(study), tmp_path / "out").index.read_text()
    about_one = [text for text in captions(page).values() if "n = 1" in text]
    assert len(about_one) > 5
    assert not [text for text in about_one if re.search("(bars|bands) their", text)]
    assert "over 1 seed (2022) on" in page
    assert "All cells have 1 run:" in page
    assert "Seed 2022" in (tmp_path / "out/citation.bib").read_text()
    both = make_results(study), make_results(study, shift=0.01)
    compared = reporting.compare_reports(*both, tmp_path / "both").index.read_text()
    assert [
        text for text in captions(compared).values() if "n = 1)" in text and "no intervals" in text
    ]


@only_svg()
def test_cells_of_which_one_has_no_run_do_not_all_have_few(tmp_path):
    study = make_study(tmp_path, seeds=3, epochs=12)
    lost = [("set", seed) for seed in study.seeds] + [("accset", study.seeds[0])]
    page = reporting.write(make_results(study, lost=lost), tmp_path / "out").index.read_text()
    assert "Some cells have 2 or 3 runs:" in page


@only_svg()
def test_a_band_has_the_studys_level(tmp_path):
    study = make_study(tmp_path, epochs=12, baseline="{method: set}, alpha: 0.1")
    page = reporting.write(make_results(study), tmp_path / "out").index.read_text()
    assert "bars their 90 % t intervals" in captions(page)["comparisons"]


def test_what_is_missing_is_said(page):
    assert "Incomplete: 97 of 100 runs are done" in page
    assert "3 runs are not done: 2 failed and 1 missing" in page
    assert "the training loss was not finite in epoch 3" in page
    assert ">8 of 10<" in page  # n of LSET


def test_the_tidy_table_is_the_results(folder, results):
    table = pd.read_parquet(folder / "tidy.parquet")
    pd.testing.assert_frame_equal(table, results.frame)


def test_curve_data_are_the_means_of_the_runs(folder, results):
    data = pd.read_csv(folder / "fig4.csv")
    row = data[(data["cell"] == "set") & (data["epoch"] == 60)].iloc[0]
    runs = results.frame.query("cell == 'set' and epoch == 60")["test_accuracy"]
    assert row["n"] == 10
    assert row["mean"] == pytest.approx(runs.mean(), rel=1e-6)
    half = 2.262157 * runs.std() / 10**0.5  # t(9) at 97.5 %
    assert row["high"] - row["mean"] == pytest.approx(half, rel=1e-4)


def test_no_run_no_page(tmp_path):
    study = make_study(tmp_path, PERFORMANCE)
    everything = {(cell.label, seed) for cell in study.cells for seed in study.seeds}
    with pytest.raises(reporting.NothingToReportError, match="No run of made is done"):
        reporting.write(make_results(study, lost=everything), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_sixty_runs_of_a_thousand_epochs_stay_small(tmp_path):
    code = f"""
from pathlib import Path
from suite import reporting
from tests.made_results import CLAIMS, PERFORMANCE, make_results, make_study
folder = Path({str(tmp_path)!r})
study = make_study(folder, PERFORMANCE, epochs=1000, seeds=10, more=CLAIMS)
print(reporting.write(make_results(study), folder / "out").index.stat().st_size)
status = Path("/proc/self/status").read_text()  # not getrusage: that counts the parent's too
print(1024 * int(status.partition("VmHWM:")[2].split()[0]))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    page, memory = map(int, result.stdout.split())
    assert 500_000 < page < 3_000_000
    assert memory < 1_000_000_000


def test_needs_neither_torch_nor_ray(tmp_path):
    code = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in ("torch", "torchvision", "ray", "numba", "sklearn"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from pathlib import Path
from tests.made_results import make_results, make_study
from suite import reporting
assert "matplotlib" not in sys.modules
folder = Path({str(tmp_path)!r})
study = make_study(folder, "\\n  - {{method: set}}\\n", baseline="null", epochs=3, seeds=1)
print(reporting.write(make_results(study), folder / "out").complete)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "True", result.stderr


@pytest.mark.parametrize("name", ["index.html", "citation.bib", "table2.csv"])
def test_files_that_no_report_wrote_are_not_replaced(tmp_path, name):
    (tmp_path / name).write_text("a user's")
    study = make_study(tmp_path, "\n  - {method: set}\n", baseline="null", epochs=3, seeds=1)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UserError, match=f"no report wrote .*{name}"):
        reporting.write(make_results(study), tmp_path)
    assert (tmp_path / name).read_text() == "a user's"
    assert sorted(tmp_path.iterdir()) == before


def test_names_that_the_font_lacks_are_said_once_and_long_ones_fit(tmp_path, recwarn):
    long = "/data/projects/sparse-training/imagenet-subsets/" * 2
    study = make_study(
        tmp_path,
        f"\n  - {{method: set, dataset: {{npz: a.npz, name: 日本}}}}"
        f"\n  - {{method: set, dataset: {{npz: {long}.npz}}, epochs: 4}}"
        f"\n  - {{method: lset, dataset: {{npz: {long}.npz}}, epochs: 5}}\n",
        baseline=f"{{method: set, dataset: {{npz: {long}.npz}}, epochs: 4}}",
        epochs=3,
        seeds=2,
    )
    page = reporting.write(make_results(study), tmp_path / "out").index.read_text()
    assert not [warning for warning in recwarn if "Glyph" in str(warning.message)]
    assert "日本" in page
    assert "Some end earlier: " in page
