"""The page as a reader sees it, in a headless Chromium."""

import pytest
from PIL import Image

from tests.browser import CHROMIUM, visit
from tests.made_results import shared_report

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: the page was not looked at"),
]

PROBE = """
const page = getComputedStyle(document.body).backgroundColor;
const channels = text => text.match(/[0-9.]+/g).slice(0, 3).map(Number);
const luminance = text => {
  const [r, g, b] = channels(text).map(c => {
    c /= 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
};
const visible = e => e.getBoundingClientRect().width > 0;
const scrolls = e => e.closest(".scroll, .wide") !== null;
const wide = [...document.querySelectorAll("body *")]
  .filter(e => visible(e) && !scrolls(e) && e.getBoundingClientRect().right > innerWidth + 1)
  .map(e => e.tagName + "." + e.className);
const faint = [];
let texts = 0;
for (const e of document.querySelectorAll("body *")) {
  if (!visible(e) || ["SCRIPT", "STYLE"].includes(e.tagName)) continue;
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
  const style = getComputedStyle(e);
  const colour = e.namespaceURI.endsWith("svg") ? style.fill : style.color;
  texts += 1;
  if (contrast(colour, page) < 4.5) faint.push([e.tagName, e.textContent.slice(0, 30), colour]);
}
const pictures = [...document.querySelectorAll("figure svg[role=img]")].filter(visible);
const sorted = [];
for (const grid of document.querySelectorAll("table")) {
  [...grid.tHead.rows[0].cells].forEach((head, column) => {
    for (const order of ["ascending", "descending"]) {
      head.querySelector("button").click();
      const down = order === "descending";
      const cells = [...grid.tBodies[0].rows].map(row => row.cells[column]);
      sorted.push({
        column: `${grid.id}, ${head.textContent}`,
        order,
        said: head.getAttribute("aria-sort"),
        numeric: head.classList.contains("num"),
        values: cells.map(cell => cell.dataset.sort),
        lettered: cells.map(cell => cell.dataset.sort).filter(Boolean).every((text, row, all) =>
          row === 0 || (down ? -1 : 1) * all[row - 1].localeCompare(text) <= 0),
        texts: cells.map(cell => cell.querySelector("span").textContent),
      });
    }
  });
}
return {
  width: innerWidth,
  needs: document.documentElement.scrollWidth,
  page, wide, faint, texts, sorted,
  pictures: pictures.length,
  unnamed: pictures.filter(p => !p.querySelector("title")?.textContent).length,
  repeated: [...document.querySelectorAll("[id]")].map(e => e.id)
    .filter((id, index, ids) => ids.indexOf(id) !== index),
};
"""


@pytest.fixture(scope="module")
def page():
    return shared_report()[1] / "index.html"


@pytest.fixture(scope="module", params=[(400, False), (1400, True)], ids=["phone", "wide-dark"])
def seen(page, request):
    width, dark = request.param
    found, console = visit(page, PROBE, width=width, dark=dark)
    assert found["width"] == width
    assert console == []
    assert (found["page"] == "rgb(255, 255, 255)") is not dark
    return found


def test_nothing_runs_out_of_the_page(seen):
    assert seen["wide"] == []
    assert seen["needs"] <= seen["width"]


def test_every_text_stands_out(seen):
    assert seen["texts"] > 300
    assert seen["faint"] == []


def test_every_figure_is_there_and_has_a_name(seen):
    # 2 to 6, differences, two Pareto fronts, pauses, pixels, lifetimes, degrees, tails
    assert seen["pictures"] == 13
    assert seen["unnamed"] == 0
    assert seen["repeated"] == []


def test_every_table_sorts_by_every_column(seen):
    tables = {click["column"].partition(",")[0] for click in seen["sorted"]}
    assert tables >= {"table2-grid", "claims-grid", "statements-grid", "comparisons-grid"}
    assert len(tables) == 14
    for click in seen["sorted"]:
        assert click["said"] == click["order"]
        there = [value for value in click["values"] if value]
        assert click["values"] == there + [""] * (len(click["values"]) - len(there))
        if click["numeric"]:
            numbers = list(map(float, there))
            down = click["order"] == "descending"
            assert numbers == sorted(numbers, reverse=down), click["column"]
        else:
            assert click["lettered"], click["column"]


def test_a_number_that_is_shown_is_sorted_by(seen):
    for click in seen["sorted"]:
        shown = zip(click["values"], click["texts"], strict=True)
        missing = [text for value, text in shown if not value]
        assert set(missing) <= {"–", ""}, click["column"]


def test_pictures_decode(page):
    for file in page.parent.glob("*.png"):
        with Image.open(file) as picture:
            picture.load()
            assert picture.width >= 1000
