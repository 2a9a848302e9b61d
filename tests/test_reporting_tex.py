"""Table 2 in LaTeX: any title comes out as text, and the document compiles on its own."""

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.reporting import tex
from suite.reporting.table2 import table2
from suite.reporting.table2_files import as_csv, as_markdown, as_tabular, as_tex
from tests.made_results import PERFORMANCE, REGROWTH, make_results, make_study

NASTY = "100 % & #1 _x_ $5 {a} \\end{document} ^ ~ <b> \"q\" 'r' `s` -- αΩ é ł 中 🙂 ½ \t |"


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    study = make_study(tmp_path_factory.mktemp("study"), PERFORMANCE + REGROWTH, epochs=12)
    return table2(make_results(study, lost={("accset", 2022)}))


@given(st.text())
def test_escaped_text_has_no_command_but_ours(text):
    escaped = tex.escape(text)
    for letter in "$#%&_":
        assert escaped.count(letter) == escaped.count("\\" + letter)
    assert "\n\n" not in escaped


@pytest.mark.external
@pytest.mark.parametrize("decimal", ["point", "comma"])
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_document_compiles_on_its_own(table, decimal, tmp_path):
    (tmp_path / "table2.tex").write_text(as_tex(table, NASTY, decimal), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table2.tex"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert result.returncode == 0, result.stdout[-2000:]
    assert "Missing character" not in result.stdout
    if shutil.which("pdftotext"):
        subprocess.run(["pdftotext", "-layout", "table2.pdf"], cwd=tmp_path, check=True)
        text = (tmp_path / "table2.txt").read_text()
        assert "0.6682" in text or "0,6682" in text
        assert "\\end{document}" in text
        assert "[U+4E2D]" in text


def test_decimal_comma(table):
    assert "0{,}6682" in as_tabular(table, "comma")
    assert "0.6682" not in as_tabular(table, "comma")


def test_markdown_has_a_cell_for_every_column(table):
    lines = [line for line in as_markdown(table, "a | b").splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_csv_marks_the_best(table):
    assert as_csv(table).count(",best") == 5


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("α Ω λ", r"\ensuremath{\alpha} \ensuremath{\Omega} \ensuremath{\lambda}"),
        ("ϝϛϟϡ Ŀŀ", "[U+03DD][U+03DB][U+03DF][U+03E1] [U+013F][U+0140]"),
        ("{ {}", r"\textbraceleft{} \textbraceleft{}\textbraceright{}"),  # as BibTeX counts
    ],
)
def test_letters_that_latex_has_and_others(text, escaped):
    assert tex.escape(text) == escaped
