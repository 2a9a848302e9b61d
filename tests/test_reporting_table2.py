"""Table 2 on the page, as CSV, as Markdown and as TeX: entry by entry the same."""

import csv
import html
import io
import re

import pandas as pd
import pytest

from suite import reporting
from suite.reporting.table2 import last_epochs, table2
from suite.reporting.table2_files import as_csv
from tests.made_results import PERFORMANCE, make_results, make_study, only_svg, shared_report

pytestmark = pytest.mark.slow

MEASURES = ("accuracy", "loss", "connections", "alpha", "beta")


def entries_of_csv(text):
    """Return (mean, half, n, paper, difference, mark) of every entry, by title and measure."""
    return {
        row["title"]: [
            (
                *(_number(row[measure + part]) for part in ("", "_half")),
                int(row[f"{measure}_n"]),
                *(_number(row[measure + part]) for part in ("_paper", "_difference")),
                row[f"{measure}_mark"],
            )
            for measure in MEASURES
        ]
        for row in csv.DictReader(io.StringIO(text))
    }


def _number(text):
    """Return the digits of a number as all the files have them, its power of ten apart."""
    return text.partition("e")[0]


def _plain(text):
    return text.replace("−", "-").replace(",", "").replace("+", "").strip()


def _entry(shown, published, mark, n):
    """Return an entry as the CSV has it, given its texts on the page or in a file."""
    mean, _, half = shown.partition("±")
    own = re.fullmatch(r"n = (\d+)", published[0]) if published else None
    paper, difference = [*published[bool(own) :], "", ""][:2]
    numbers = [_plain(text).replace("–", "") for text in (mean, half, paper, difference)]
    return (*numbers[:2], int(own[1]) if own else n, *numbers[2:], mark)


def entries_of_page(page):
    table = re.search(r'<table id="table2-grid".*?</table>', page, re.DOTALL)[0]
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", table.partition("<tbody>")[2], re.DOTALL):
        title = html.unescape(re.search(r"<th.*?<span>(.*?)</span>", row)[1])
        cells = re.findall(r"<td([^>]*)><span>(.*?)</span>(?:<i>.</i>)?(.*?)</td>", row)
        n = int(cells[0][1].split()[0])
        found[title] = []
        for attributes, shown, small in cells[1:]:
            classes = re.search(r'class="([^"]*)"', attributes)[1].split()
            marks = [mark for mark in classes if mark != "num"]
            published = [part for part in re.sub("<.*?>", "", small).split("; ") if part]
            found[title].append(_entry(shown, published, "".join(marks), n))
    return found


SIGNS = {"†": "same", "‡": "untested"}


def entries_of_markdown(text):
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    found = {}
    for title, n, *cells in rows[2:]:
        entries = []
        for cell in cells:
            shown, _, published = cell.strip().partition(" (")
            shown, _, own = shown.partition(", n")
            mark = "best" if "**" in shown else SIGNS.get(shown[-1:], "")
            parts = [f"n{own}"] if own else []
            parts += published.rstrip(")").split("; ") if published else []
            entries.append(_entry(shown.strip("* †‡"), parts, mark, int(n.split()[0])))
        found[title.replace("\\", "").strip()] = entries
    return found


def entries_of_tex(text):
    """Return the same of a tabular with decimal points; its rows of published values join ours."""
    body = re.search(r"\\midrule\n(.*?)\\bottomrule", text, re.DOTALL)[1]
    found = {}
    for line in body.splitlines():
        title, n, *cells = line.replace(r"\addlinespace", "").rstrip(" \\").split(" & ")
        cells = [cell.replace(r"\,", ",").replace("$", "") for cell in cells]
        if not title:
            titled, (runs, ours) = found.popitem()
            published = [re.sub(r"[{}()]|\\footnotesize", "", cell).strip() for cell in cells]
            both = [
                (*own[:1], [*own[1], *filter(None, theirs.split("; "))], own[2])
                for own, theirs in zip(ours, published, strict=True)
            ]
            found[titled] = runs, both
            continue
        ours = []
        for cell in cells:
            mark = "best" if "mathbf" in cell else ""
            for sign, name in ((r"^{\dagger}", "same"), (r"^{\ddagger}", "untested")):
                mark = name if sign in cell else mark
            shown, _, own = cell.partition(", n")
            shown = re.sub(r"\\rlap\{.*?\}\}|\\mathbf|[{}]", "", shown).replace(r"\pm", "±")
            ours.append((shown.replace(r"\textendash", "–"), [f"n{own}"] if own else [], mark))
        name = title.replace(r"\_", "_").replace("{-}", "-")
        found[name] = int(n.split()[0]), ours
    return {
        title: [_entry(shown, parts, mark, n) for shown, parts, mark in entries]
        for title, (n, entries) in found.items()
    }


@pytest.mark.parametrize("spoilt", [False, True], ids=["complete", "not finite"])
def test_page_csv_markdown_and_tex_hold_the_same_numbers(tmp_path, spoilt):
    folder = shared_report()[1]
    if spoilt:
        results = make_results(make_study(tmp_path, PERFORMANCE, epochs=12, seeds=4))
        last = results.frame["epoch"] == 12
        one = (results.frame["cell"] == "accset") & (results.frame["seed"] == 2023)
        results.frame.loc[last & one, "test_loss"] = float("nan")
        with only_svg():
            folder = reporting.write(results, tmp_path / "out").index.parent
    texts = {
        kind: (folder / name).read_text(encoding="utf-8")
        for kind, name in (
            ("csv", "table2.csv"),
            ("page", "index.html"),
            ("markdown", "table2.md"),
            ("tex", "table2.tex"),
        )
    }
    expected = entries_of_csv(texts["csv"])
    assert len(expected) == (6 if spoilt else 10)
    marks = [entry[-1] for row in expected.values() for entry in row]
    assert marks.count("best") == 5
    assert ("untested" if spoilt else "same") in marks
    assert [n for row in expected.values() for _, _, n, *_ in row].count(3) == (2 if spoilt else 0)
    assert sum(entry[3] != "" for row in expected.values() for entry in row) >= 30
    assert entries_of_page(texts["page"]) == expected
    assert entries_of_markdown(texts["markdown"]) == expected
    assert entries_of_tex(texts["tex"]) == expected


def test_a_small_alpha_next_to_a_large_one_keeps_its_digits(tmp_path):
    """A dense network next to a sparse one; and one that is nearly dead, next to all others."""
    cells = "\n  - {method: set}\n  - {method: dense}\n  - {method: lset}\n"
    results = make_results(make_study(tmp_path, cells, seeds=3, epochs=4))
    layers = [name for name in results.frame if name.startswith("connections")]
    for cell, times in (("dense", 59), ("lset", 1e-5)):
        of_cell = results.frame["cell"] == cell
        few = (results.frame.loc[of_cell, layers] * times).clip(lower=1).astype(int)
        results.frame.loc[of_cell, layers] = few
    table = pd.read_csv(io.StringIO(as_csv(table2(results)))).set_index("cell")
    runs = last_epochs(results.frame).groupby("cell")["alpha"]
    assert table["alpha"].to_dict() == pytest.approx(runs.mean().to_dict(), rel=0.006)
    assert table["alpha_half"]["set"] > 0
    assert table["alpha_paper"].dtype == float
