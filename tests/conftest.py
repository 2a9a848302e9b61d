"""What several test modules share, and which tests need more than Python and this package."""

import os
import sys
from pathlib import Path

import hypothesis
import pytest

from suite.methods import parts, plugins
from suite.store.store import RunStore

# As in runs. On a busy machine several threads wait for each other, which takes 20 times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

CLUSTER = Path(__file__).parent / "cluster"

hypothesis.settings.register_profile("any machine", deadline=None)  # a busy one is no failure
hypothesis.settings.register_profile("quick", deadline=None, max_examples=20)
hypothesis.settings.load_profile("any machine")
pytest.register_assert_rewrite("tests.cluster.chaos", "tests.cluster.disturbed")


def pytest_collection_modifyitems(items):
    """Mark what lies in tests/cluster: all of it needs Ray."""
    for item in items:
        if item.path.is_relative_to(CLUSTER):
            item.add_marker("ray")


@pytest.fixture
def store(tmp_path):
    """A run store without runs."""
    opened = RunStore(tmp_path / "store")
    opened.stand()
    return opened


@pytest.fixture
def registered(monkeypatch):
    """What a test registers and finds is forgotten after it."""
    monkeypatch.setattr(parts, "_parts", dict(parts._parts))
    monkeypatch.setattr(plugins, "_fingerprints", {})
    monkeypatch.setattr(plugins, "_broken", None)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if "rules" in name or name.startswith("suite_plugin"):
            del sys.modules[name]
