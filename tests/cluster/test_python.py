"""The README's Python, run as it stands there."""

from __future__ import annotations

import subprocess
import sys

from tests.cluster.studies import write_study
from tests.documents import block


def test_the_readmes_python_runs_a_study_and_reports_it(tmp_path):
    (tmp_path / "studies").mkdir()
    write_study(tmp_path / "studies", name="quick", seeds=1, epochs=3)
    example = block("README.md", "python", "suite.load_study")
    program = f"{example}\nprint(len(frame), sorted(set(frame['cell'])))"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "6 ['dynset[metric=loss]', 'set']\n"
    assert (tmp_path / "reports" / "quick" / "index.html").is_file()
