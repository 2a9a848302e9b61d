"""The verbs that read results: report, compare, power; and the lists: methods, datasets."""

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from suite import cli
from suite.cli import results
from suite.datasets.digits import digits
from suite.execution.attempt import attempt
from suite.store.store import RunStore
from suite.study import load_study
from tests.cluster.processes import until
from tests.cluster.studies import SUITE

STUDY = """
name: tiny
seeds: {root: 1, count: 2}
defaults: {dataset: digits, hidden: [30, 20], epsilon: 6, augment: false, epochs: 3}
cells:
  - {method: set}
  - {method: accset}
  - {method: dynset, grid: {metric: [loss, val_accuracy]}}
execution: {engine: masked}
comparisons: {baseline: {method: set}}
claims:
  - sentence: SET has more connections.
    parts: [{outcome: connections, cells: [set], against: [accset], direction: higher}]
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A small study whose runs are all done."""
    folder = tmp_path_factory.mktemp("tiny")
    path, store = folder / "tiny.yaml", RunStore(folder / "store")
    path.write_text(STUDY)
    study, images = load_study(path), digits()
    store.note_fingerprint("digits", images.fingerprint)
    for run in study.runs({"digits": images.fingerprint}):
        assert attempt(run, images, store, study.file.execution) == "done"
    return path, store.location


@pytest.fixture
def suite(monkeypatch, capsys):
    """Call the command line; returns exit code, standard output and standard error."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["suite", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        shown = capsys.readouterr()
        return exit_.value.code or 0, shown.out, shown.err

    return call


@pytest.mark.slow
def test_report_ends_with_the_path_of_its_page(suite, done, tmp_path):
    path, store = done
    code, shown, _ = suite("report", path, "--store", store, "--out", tmp_path / "report")
    assert (code, shown.strip()) == (0, str(tmp_path / "report" / "index.html"))
    assert (tmp_path / "report" / "index.html").stat().st_size > 10_000


@pytest.mark.slow
def test_the_report_of_an_exported_file_is_that_of_its_store(suite, done, tmp_path):
    path, store = done
    suite("report", path, "--store", store, "--out", tmp_path / "a")
    suite("export", path, "--store", store, "--out", tmp_path / "runs.parquet")
    suite("report", path, "--store", tmp_path / "runs.parquet", "--out", tmp_path / "b")
    names = {file.name for file in (tmp_path / "a").iterdir()}
    assert names == {file.name for file in (tmp_path / "b").iterdir()}
    for name in names:
        one, other = (tmp_path / folder / name for folder in "ab")
        assert one.read_bytes() == other.read_bytes(), name


@pytest.mark.slow
def test_a_partial_report_is_written_and_strict_exits_4(suite, done, tmp_path):
    path, store = done
    more = tmp_path / "more.yaml"
    more.write_text(path.read_text().replace("count: 2", "count: 3"))
    assert suite("report", more, "--store", store, "--out", tmp_path / "r")[0] == 0
    code, _, said = suite("report", more, "--store", store, "--out", tmp_path / "r", "--strict")
    assert (code, "incomplete" in said) == (4, True)


def test_without_results_there_is_a_sentence_and_no_page(suite, done, tmp_path):
    path, _ = done
    code, shown, said = suite("report", path, "--store", tmp_path / "none", "--out", tmp_path / "r")
    assert (code, shown) == (4, "")
    assert "No run of tiny is done" in said
    assert f"suite run {path}" in said
    assert not (tmp_path / "r").exists()


class Watch:
    """A `suite report --watch` in a process of its own, and the store that it watches."""

    def __init__(self, path, store, folder):
        self.there, self.store, self.folder = Path(store), folder / "watched", folder
        self.page, self.said = folder / "report" / "index.html", folder / "said"
        command = [*SUITE, "report", path, "--watch", "--store", self.store]
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                [*command, "--out", self.page.parent],
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )

    def until_said(self, words):
        until(lambda: words in self.said.read_text(), words, seconds=120)

    @contextmanager
    def store_away(self):
        """Meanwhile, something else lies where the runs were."""
        runs, away = self.store / "runs", self.folder / "away"
        runs.rename(away)
        runs.write_text("")
        yield
        runs.unlink()
        away.rename(runs)

    def finish(self, keys):
        """Give the store finished runs, each at once."""
        for key in keys:
            shutil.copytree(self.there / "runs" / key, self.folder / "unfinished")
            (self.store / "runs").mkdir(parents=True, exist_ok=True)
            (self.folder / "unfinished").rename(self.store / "runs" / key)


@pytest.fixture
def watch(done, tmp_path):
    """Start watching a store; what still watches at the end is ended."""
    started = []

    def start():
        started.append(Watch(*done, tmp_path))
        return started[-1]

    yield start
    for watching in started:
        watching.process.kill()
        watching.process.communicate()


@pytest.mark.slow
def test_watch_writes_whenever_runs_finish_until_interrupted_or_complete(watch, done):
    keys = sorted(folder.name for folder in (Path(done[1]) / "runs").iterdir())
    watching = watch()
    watching.until_said("No run of tiny is done yet")
    assert not watching.page.exists()
    watching.finish(keys[:1])
    watching.until_said(f"1 of 8 runs: {watching.page}")
    assert "Incomplete: 1 of 8 runs are done" in watching.page.read_text()
    with watching.store_away():
        watching.until_said("the store cannot be used now")
    watching.finish(keys[1:3])
    watching.until_said("3 of 8 runs:")
    assert "Incomplete: 3 of 8 runs are done" in watching.page.read_text()
    watching.process.send_signal(signal.SIGINT)
    assert watching.process.wait(60) == 130
    again = watch()
    again.until_said("3 of 8 runs:")
    again.finish(keys[3:])
    shown, _ = again.process.communicate(timeout=120)
    assert (again.process.returncode, shown.strip()) == (0, str(again.page))
    assert "Complete: all 8 runs are done." in again.page.read_text()


@pytest.mark.slow
def test_watching_ends_with_an_interrupt_also_in_the_background(watch):
    """A shell has what it starts in the background ignore Ctrl-C."""
    ours = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        watching = watch()
    finally:
        signal.signal(signal.SIGINT, ours)
    watching.until_said("No run of tiny is done yet")
    watching.process.send_signal(signal.SIGINT)
    assert watching.process.wait(60) == 130


def test_two_studies_cannot_be_watched(suite, done):
    path, store = done
    for more in ([path], ["--other-store", store]):
        code, _, said = suite("report", path, *more, "--watch", "--store", store)
        assert code == 2
        assert said.startswith("--watch ")


def test_a_file_cannot_be_watched(suite, done, tmp_path):
    (tmp_path / "runs.parquet").touch()
    code, _, said = suite("report", done[0], "--watch", "--store", tmp_path / "runs.parquet")
    assert (code, said.startswith("--watch ")) == (2, True)


@pytest.mark.slow
def test_two_studies_side_by_side(suite, done, tmp_path):
    path, store = done
    code, _, _ = suite("report", path, path, "--store", store, "--out", tmp_path / "both")
    assert code == 0
    assert "identical in every run" in (tmp_path / "both" / "index.html").read_text()


def test_the_other_store_is_the_one_before_a_change(suite, done, tmp_path):
    path, store = done
    before = tmp_path / "before.parquet"
    suite("export", path, "--store", store, "--out", before)
    table = pq.read_table(before)
    lower = pc.subtract(table["test_accuracy"], 0.25)
    place = table.column_names.index("test_accuracy")
    pq.write_table(table.set_column(place, "test_accuracy", lower), before)
    out = tmp_path / "change"
    code, _, _ = suite("report", path, "--store", store, "--other-store", before, "--out", out)
    assert code == 0
    assert pd.read_csv(out / "change.csv")["difference"].tolist() == pytest.approx([0.25] * 4)
    page = (out / "index.html").read_text()
    assert f"<title>tiny: {before} against {store}</title>" in page
    assert f'>{store}<small class="below">{before}</small></button>' in page


def test_a_store_without_runs_is_the_one_that_is_named(suite, done, tmp_path):
    path, store = done
    empty, out = str(tmp_path / "empty"), tmp_path / "change"
    for more in ([], [path]):
        code, _, said = suite(
            *("report", path, *more, "--store", store, "--other-store", empty, "--out", out)
        )
        assert code == 4 and f"--store {empty}" in said
    assert not out.exists()


def test_rows_are_not_written_over_a_file_of_another_kind(suite, done, tmp_path):
    path, store = done
    before = path.read_bytes()
    code, _, said = suite("compare", path, "set", "static", "--store", store, "--out", path)
    assert code == 2 and ".csv" in said
    assert path.read_bytes() == before


def test_two_studies_in_two_stores_are_first_and_second(suite, done, tmp_path):
    path, store = done
    there = tmp_path / "there.parquet"
    suite("export", path, "--store", store, "--out", there)
    out = tmp_path / "both"
    code, _, _ = suite("report", path, path, "--store", store, "--other-store", there, "--out", out)
    assert code == 0
    assert f"<title>tiny: {store} against {there}</title>" in (out / "index.html").read_text()


def test_compare_decides_the_declared_family_and_the_claims(suite, done, tmp_path):
    path, store = done
    code, shown, _ = suite("compare", path, "--store", store, "--out", tmp_path / "rows.csv")
    assert code == 0
    lines = shown.splitlines()
    assert lines[0] == "Comparisons in test accuracy (last epoch)"
    head = lines.index(next(line for line in lines if line.startswith("Cell ")))
    column, end = (lines[head].index(title) for title in ("Verdict", "Mean"))
    for place, cell in enumerate(("accset", "dynset[metric=loss]", "dynset[metric=val_accuracy]")):
        row, below = lines[head + 2 + 2 * place : head + 4 + 2 * place]
        assert row.split()[0] == cell
        assert row[column:end].split()[0] in ("unattainable", "inconclusive")
        assert below.split()[0] == "set"
    assert "1. SET has more connections.\n   UNATTAINABLE: " in shown
    assert "1. SET has higher connections than AccSET" in shown
    assert "nan" not in shown
    assert max(map(len, map(str.rstrip, lines))) <= 100
    rows = pd.read_csv(tmp_path / "rows.csv")
    assert rows["kind"].tolist() == 3 * ["comparison"] + ["statement"]
    assert list(rows["cell"]) == [
        "accset",
        "dynset[metric=loss]",
        "dynset[metric=val_accuracy]",
        "set",
    ]
    assert rows["claim_verdict"].tolist()[-1] == "unattainable"
    assert rows["estimate"].tolist()[-1] > 0


def test_compare_writes_the_statements_of_a_study_that_declares_claims_alone(suite, done, tmp_path):
    path, store = done
    alone = tmp_path / "alone.yaml"
    alone.write_text(path.read_text().replace("{baseline: {method: set}}", "{}"))
    code, shown, _ = suite("compare", alone, "--store", store, "--out", tmp_path / "rows.csv")
    assert code == 0
    assert shown.startswith("Claims (last epoch)\n")
    (row,) = pd.read_csv(tmp_path / "rows.csv").to_dict("records")
    assert (row["kind"], row["claim"], row["n"]) == ("statement", "SET has more connections.", 2)


def test_compare_shows_savings_in_percent_and_explains_claims_of_several_statements(
    suite, done, tmp_path
):
    path, store = done
    more = tmp_path / "more.yaml"
    more.write_text(
        path.read_text().replace("[set], against: [accset], direction: higher", PARTS)
        + "  - sentence: Nothing is lost.\n    parts: [{cells: [accset], against: [set], "
        "direction: equivalent, margin: 0.5}]\n"
    )
    code, shown, _ = suite("compare", more, "--store", store)
    assert code == 0
    assert re.search(r"saves 36.0\s% ± 2 points.* 2 +\S+\s% +36.0\s%", shown)
    assert "(an intersection-union test)" in " ".join(shown.split())
    assert "2. AccSET differs from SET in test accuracy by" in shown


PARTS = "[accset, accset], against: [set], direction: saves, paper: 0.36"


def test_the_help_of_compare_keeps_its_example(suite):
    code, shown, _ = suite("compare", "--help")
    assert code == 0
    assert "dynset[metric=loss]" in shown


def test_compare_prints_one_json_document(suite, done):
    path, store = done
    code, shown, said = suite(
        "compare", path, "set", "dynset[metric=loss]", "--store", store, "--json"
    )
    assert (code, said) == (0, "")
    (row,) = json.loads(shown)["comparisons"]
    assert (row["n"], row["cell"], row["against"]) == (2, "set", "dynset[metric=loss]")


def test_compare_lists_the_candidates_of_an_ambiguous_name(suite, done):
    path, store = done
    code, _, said = suite("compare", path, "set", "dynset", "--store", store)
    assert code == 2
    assert "dynset[metric=loss]" in said
    assert "dynset[metric=val_accuracy]" in said


def test_compare_wants_two_cells(suite, done):
    path, store = done
    code, _, said = suite("compare", path, "set", "--store", store)
    assert code == 2
    assert "two cells" in said


def test_power_from_runs_and_from_given_figures(suite, done):
    path, store = done
    code, shown, _ = suite("power", path, "--store", store, "--effect", "0.01", "--sd", "0.01")
    assert code == 0
    assert "to detect 0.01 (given) with power 0.8" in shown
    assert "sd 0.01 as given" in shown
    code, shown, _ = suite("power", path, "--store", store, "--effect", "0.01", "--json")
    assert code == 0
    assert {row["runs"] for row in json.loads(shown)} == {2}


def test_methods_lists_what_a_study_can_name(suite):
    code, shown, _ = suite("methods")
    assert code == 0
    for name in ("set", "accset", "lset", "dynset", "static", "dense", "one_neighbour", "Scholte"):
        assert name in shown


def test_datasets_lists_what_is_known_and_where(suite, tmp_path):
    code, shown, _ = suite("datasets", "--data", tmp_path)
    assert code == 0
    assert "Fashion-MNIST" in shown
    assert str(tmp_path) in shown.replace("\n", "")


def test_datasets_show_draws_a_contact_sheet(suite, tmp_path):
    from PIL import Image

    code, _, _ = suite("datasets", "show", "digits", "--out", tmp_path / "sheet.png")
    assert code == 0
    assert Image.open(tmp_path / "sheet.png").size[0] > 500


def test_datasets_show_names_the_nearest_set(suite, tmp_path):
    code, _, said = suite("datasets", "show", "digts", "--out", tmp_path / "sheet.png")
    assert code == 2
    assert 'did you mean "digits"?' in said


@pytest.mark.parametrize("verb", ["compare", "power", "export", "report"])
def test_verbs_that_read_results_exit_with_4_where_no_run_is_done(suite, done, tmp_path, verb):
    path, _ = done
    out = ["--out", tmp_path / "runs.parquet"] if verb == "export" else []
    code, shown, said = suite(verb, path, "--store", tmp_path / "none", *out)
    assert (code, shown) == (4, "")
    assert "No run of tiny is done" in said
    assert f"suite run {path}" in said


def test_power_from_given_figures_needs_no_runs(suite, done, tmp_path):
    none = tmp_path / "none"
    assert suite("power", done[0], "--store", none, "--effect", "0.01", "--sd", "0.01")[0] == 0


@pytest.mark.slow
def test_a_closed_or_full_output_is_a_sentence(done):
    path, store = done
    for end, code in ((">&-", 0), (">/dev/full", 2)):
        words = [*SUITE, "compare", str(path), "--store", str(store)]
        command = f"{shlex.join(words)} {end}"
        result = subprocess.run(command, shell=True, capture_output=True, text=True)
        assert result.returncode == code, result.stderr
        assert "Traceback" not in result.stderr


def test_no_figure_is_cut_on_a_narrow_terminal(suite, done, monkeypatch):
    path, store = done
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(cli.results, "stdout", lambda: Console(width=60))
    _, shown, _ = suite("compare", path, "--store", store)
    _, document, _ = suite("compare", path, "--store", store, "--json")
    for row in json.loads(document)["comparisons"]:
        assert f"Mean: {row['mean_a']:.4f}" in shown
        assert f"Cell: {row['cell']}" in shown


def test_watch_waits_for_the_untuned_runs_of_a_study_that_asks_for_them(monkeypatch, tmp_path):
    lacking = iter([2, 2, 1, 0])
    run, written = SimpleNamespace(key="k", state="done"), []

    def write(results, folder):
        written.append(results.lacking)
        return SimpleNamespace(index=folder, complete=not results.lacking)

    def read(study, store):
        return SimpleNamespace(runs=[run], lacking=next(lacking))

    monkeypatch.setattr("suite.store.table.read", read)
    monkeypatch.setattr("suite.reporting.write", write)
    monkeypatch.setattr(results, "_SECONDS_BETWEEN_LOOKS", 0.01)
    assert results._watch_report(SimpleNamespace(name="tuned"), "store", tmp_path).complete
    assert written == [2, 1, 0]
