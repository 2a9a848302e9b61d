"""What `import suite` offers; its types are in public_types.py."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import suite
from tests.finished import finished

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    study, _, store = finished(tmp_path_factory.mktemp("public"))
    return study, store.location


def test_every_public_name_is_there_documented_and_listed():
    listed = (DOCS / "python.md").read_text()
    for name in suite.__all__:
        assert getattr(suite, name).__doc__
        assert re.search(rf"`{name}[`(]", listed), name
    assert set(suite.__all__) <= set(dir(suite))


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'reprot'"):
        _ = suite.reprot


def test_a_matrix_of_scores_has_a_verdict_without_any_study():
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "statistics.md").read_text(), re.DOTALL)
    (example,) = (block for block in blocks if "scores = np.array" in block)
    program = f"{example}\nimport sys\nassert 'torch' not in sys.modules"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    verdict, difference, reason = shown.stdout.splitlines()
    assert verdict == "better"
    assert re.match(r"\+0\.0103 \(\+0\.0\d+ to \+0\.0\d+\), Holm p \d", difference)
    assert reason


def test_results_comparisons_and_power_are_frames(made):
    study, store = made
    frame = suite.results(study, store)
    assert len(frame) == 3 * 2 * 3  # cells, seeds, epochs
    (compared,) = suite.compare(study, "set", "dense", store=store).to_dict("records")
    assert compared["kind"] == "comparison"
    assert compared["verdict"] in ("inconclusive", "unattainable")
    assert suite.compare(study, store=store).empty  # it declares none
    assert suite.power(study, store).empty
    assert suite.status(study, store).complete


def test_one_cell_alone_is_a_mistake(made):
    with pytest.raises(suite.UserError, match="two cells"):
        suite.compare(made[0], "set", store=made[1])
