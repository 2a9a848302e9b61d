"""A page's curves answer the mouse and the keyboard, in a headless Chromium."""

import base64
import json
import re
import shutil
import subprocess

import pytest

from suite import reporting
from tests.browser import CHROMIUM, tab
from tests.made_results import make_results, make_study

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: the page was not looked at"),
]

CELLS = "\n  - {method: set}\n  - {method: accset}\n  - {method: lset}\n"
SLIDER = "document.querySelector('#fig4 [role=slider]')"
SVG = "document.querySelector('#fig4 .wide svg')"
BUTTON = "document.querySelectorAll('#fig4 .legend button')"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("curves")
    study = make_study(folder, CELLS, epochs=20, seeds=2)
    results = make_results(study)
    return results, reporting.write(results, folder / "out").index


@pytest.fixture(scope="module")
def opened(report):
    with tab(report[1]) as page:
        yield page


@pytest.fixture
def page(opened):
    """The page as it is when it has just been opened."""
    opened.point(1, 1)
    opened.reload()
    return opened


def values(page):
    return page.run(f"[...{BUTTON}].map(b => b.querySelector('output').textContent)")


def expected(results, epoch):
    means = []
    for cell in ("set", "accset", "lset"):
        runs = results.frame.query(f"cell.str.startswith('{cell}') and epoch == {epoch}")
        means.append(f"{runs['test_accuracy'].mean():.4f}")
    return means


def place(page, epoch, value):
    """Return where a value stands in the window."""
    panel = json.loads(page.run(f"{SVG}.dataset.panels"))[0]
    (left, top, right, bottom), x, y = panel["box"], panel["x"], panel["y"]
    across = left + (epoch - x[0]) / (x[1] - x[0]) * (right - left)
    down = bottom - (value - y[0]) / (y[1] - y[0]) * (bottom - top)
    page.run(f"{SVG}.scrollIntoView()")
    return page.run(
        f"(p => [p.x, p.y])(new DOMPoint({across}, {down}).matrixTransform({SVG}.getScreenCTM()))"
    )


def greyed(page):
    """Return which curves are grey."""
    return page.run(
        f"""[0, 1, 2].filter(n => [...{SVG}.querySelectorAll('.curve-' + n)]
              .every(e => Number(getComputedStyle(e).opacity) < 0.5))"""
    )


def hidden(page):
    return page.run(
        f"""[0, 1, 2].filter(n => [...{SVG}.querySelectorAll('.curve-' + n)]
              .every(e => getComputedStyle(e).display === 'none'))"""
    )


def test_the_last_epoch_stands_there_at_first(page, report):
    assert [text.partition(" ±")[0] for text in values(page)] == expected(report[0], 20)
    assert page.run(f"{SLIDER}.getAttribute('aria-valuenow')") == "20"


def test_arrow_keys_move_the_epoch(page, report):
    page.run(f"{SLIDER}.focus()")
    for _ in range(3):
        page.press("ArrowLeft", 37)
    assert page.run(f"{SLIDER}.textContent") == "Epoch 17"
    assert [text.partition(" ±")[0] for text in values(page)] == expected(report[0], 17)
    page.press("Home", 36)
    page.press("ArrowLeft", 37)  # there is none before
    assert page.run(f"{SLIDER}.getAttribute('aria-valuenow')") == "1"
    assert page.run(f"{SVG}.querySelectorAll('.dot').length") == 3
    said = page.run(f"{SLIDER}.getAttribute('aria-valuetext')")
    assert re.match(r"Epoch 1; SET 0\.\d{4} ± 0\.\d{4}; AccSET ", said)


def test_the_mouse_reads_an_epoch_and_lights_a_curve(page, report):
    value = float(expected(report[0], 8)[0])
    page.point(*place(page, 8, value))
    assert page.run(f"{SLIDER}.textContent") == "Epoch 8"
    assert [text.partition(" ±")[0] for text in values(page)] == expected(report[0], 8)
    assert len(greyed(page)) == 2
    page.point(1, 1)
    assert greyed(page) == []
    assert page.run(f"{SVG}.querySelectorAll('.dot').length") == 0


def test_a_curve_is_switched_off_and_on_by_enter_and_by_click(page):
    page.run(f"{BUTTON}[1].focus()")
    assert greyed(page) == [0, 2]
    page.press("Enter", 13)
    assert hidden(page) == [1]
    assert page.run(f"{BUTTON}[1].getAttribute('aria-pressed')") == "false"
    page.run(f"{BUTTON}[1].click()")
    assert hidden(page) == []


def test_in_print_everything_is_there(page):
    page.run(f"{BUTTON}[1].click()")
    page.run(f"{BUTTON}[2].focus()")
    page.call("Emulation.setEmulatedMedia", media="print")
    assert hidden(page) == []
    assert greyed(page) == []
    live = "getComputedStyle(document.querySelector('#fig4 .live')).display"
    assert page.run(live) == "none"
    page.call("Emulation.setEmulatedMedia", media="")


def test_a_printed_page_has_every_curve_and_no_controls(page):
    page.run(f"{BUTTON}[1].click()")
    pdf = base64.b64decode(page.call("Page.printToPDF", printBackground=False)["data"])
    assert pdf.count(b"/Type /Page\n") >= 3
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext here: the printed words were not read")
    words = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True).stdout.decode()
    assert "Figure 4" in words and "AccSET" in words
    assert "Epoch 20" not in words  # the slider's


@pytest.fixture
def still(opened):
    """The page in a browser that runs no scripts."""
    opened.call("Emulation.setScriptExecutionDisabled", value=True)
    opened.reload()
    yield opened
    opened.call("Emulation.setScriptExecutionDisabled", value=False)


def test_without_scripts_the_pictures_and_tables_stand_alone(still):
    assert still.run("document.querySelector('.live')") is None  # no control that does nothing
    assert hidden(still) == greyed(still) == []
    width, height = still.run(f"(b => [b.width, b.height])({SVG}.getBoundingClientRect())")
    assert width > 500 and height > 200
    shown = still.run(f"[...{SVG}.querySelectorAll('text')].map(t => t.textContent)")
    assert {"SET", "AccSET"} <= set(shown)
    assert still.run("document.querySelectorAll('#table2-grid tbody tr').length") == 3
    assert still.run("document.querySelectorAll('figure svg[role=img]').length") > 3
