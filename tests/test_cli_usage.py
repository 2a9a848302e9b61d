"""A verb that is typed wrongly: one sentence, where the help is, and exit code 2."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from suite import cli
from suite.cli.app import print_json
from suite.errors import RunsFailedError
from tests.command import suite

CASES = {
    "plan": ["suite plan needs STUDY", "suite plan --help"],
    "export a.yaml": ["suite export needs --out", "suite export --help"],
    "plan a.yaml --jsn": ['no option --jsn; did you mean "--json"?', "suite plan --help"],
    "plan a.yaml -store b": ['no option -store; did you mean "--store"?', "suite plan --help"],
    "plan a.yaml -j": ["suite plan has no option -j; known: --store, --json, --yes"],
    "plan a.yaml --colour": ["no option --colour; known: --store, --json, --yes"],
    "pln a.yaml": ['no verb "pln"; did you mean "plan"?', "suite --help"],
    "wash": ['no verb "wash"; known: check, plan, run, tune,'],
    "run a.yaml --max-seeds many": ["--max-seeds must be a whole number"],
    "run a.yaml --max-seeds 0": ["--max-seeds must be 1 or more"],
    "power a.yaml --effect much": ["--effect must be a number"],
    "run a.yaml --keep all": ["--keep must be one of these: nothing, network; not all"],
    "plan a.yaml b.yaml c.yaml": ["suite plan takes fewer arguments; leave out b.yaml c.yaml"],
    "report a.yaml --store": ["--store needs a value", "suite report --help"],
    "plan a.yaml --json=3": ["--json takes no value", "suite plan --help"],
}


@pytest.mark.parametrize("words", CASES)
def test_words_that_are_wrong_get_one_sentence(words):
    done = suite(*words.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    for expected in CASES[words]:
        assert expected in done.err


def test_the_help_lists_the_verbs_as_a_study_goes():
    done = suite("--help")
    assert (done.code, done.err) == (0, "")
    lines = re.findall(r"^\W*(\w+)  ", done.out, re.MULTILINE)
    assert [word for word in lines if word in cli.VERBS] == [*cli.VERBS]
    assert suite().code == 2


def test_runs_that_failed_while_cells_were_tuned_end_with_3(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise RunsFailedError("sample 1 failed.")

    study = tmp_path / "study.yaml"
    study.write_text("name: x\ncells: [{dataset: digits, augment: false}]\n")
    monkeypatch.setattr("suite.execution.drive.tune_cells", fail)
    assert suite("tune", study, "--store", tmp_path / "s") == (3, "", "sample 1 failed.\n")


def test_a_json_document_has_no_numbers_that_json_lacks(capsys):
    print_json({"loss": float("nan"), "sizes": [1.5, float("inf")]})
    assert json.loads(capsys.readouterr().out) == {"loss": None, "sizes": [1.5, None]}


@pytest.mark.slow
def test_a_mistake_ends_with_2_though_standard_error_is_closed():
    code = (
        "import sys; sys.stderr = None; sys.argv[1:] = ['chek']; from suite.cli import main; main()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 2


def test_the_exit_code_of_a_verb_is_that_of_the_process(tmp_path):
    study = tmp_path / "study.yaml"
    study.write_text("name: x\ncells: [{dataset: digits, augment: false}]\n")
    assert suite("--version").code == 0
    assert suite("check", study).code == 0
    assert suite("report", study, "--store", tmp_path).code == 4
