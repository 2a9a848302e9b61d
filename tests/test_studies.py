"""The studies that are shipped: every one of them is accepted as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.study import load_study

STUDIES = sorted((Path(__file__).parent.parent / "studies").rglob("*.yaml"))


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_shipped_study_is_accepted(path):
    study = load_study(path)
    assert study.name == path.stem
    assert study.cells
